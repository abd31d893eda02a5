/** A guest that imports every host function with its type and calls each once; it counts the calls at address 0. */

import { HOST_FUNCTIONS } from "@wasm-engine/abi";

const entries = Object.entries(HOST_FUNCTIONS);

const imports = entries.map(
  ([name, { parameters, result }]) =>
    `(import "wasm_engine" "${name}" (func $${name} ${parameters.map((type) => `(param ${type})`).join(" ")}
       (result ${result})))`,
);

const calls = entries.map(
  ([name, { parameters }]) =>
    `(drop (call $${name} ${parameters.map((type) => `(${type}.const 64)`).join(" ")}))
     (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))`,
);

export const HOST_IMPORTED: string = `(module ${imports.join("\n")}
  (memory (export "memory") 1)
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "agent_init") (result i32) ${calls.join("\n")} (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (i32.const 0))
  (func (export "agent_receive") (param i32) (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0)))`;
