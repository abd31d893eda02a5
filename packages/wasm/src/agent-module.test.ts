/** What makes a module an agent: imports, exports, memory, reserved names. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError, HOST_FUNCTIONS } from "@wasm-engine/abi";
import { checkAgentModule } from "./agent-module.js";
import type { AgentModuleInfo } from "./agent-module.js";
import { assemble } from "./testing/assemble.js";
import { validate } from "./validator.js";

const memory = '(memory (export "memory") 2 16)';
const entries = `
  (func (export "agent_init") (result i32) i32.const 0)
  (func (export "agent_step") (param i32) (result i32) i32.const 0)
  (func (export "agent_receive") (param i32) (result i32) i32.const 0)
  (func (export "agent_shutdown") (result i32) i32.const 0)
  (func (export "agent_alloc") (param i32) (result i32) i32.const 0)`;

function check(text: string): AgentModuleInfo {
  return checkAgentModule(validate(assemble(`(module ${text})`)));
}

test("a complete agent is described", () => {
  const info = check(`
    (import "wasm_engine" "infer" (func (param i32 i32) (result i32)))
    (import "wasm_engine" "send" (func (param i32 i32) (result i32)))
    (import "wasm_engine" "tick" (func (result i64)))
    (import "wasm_engine" "send" (func (param i32 i32) (result i32)))
    ${memory} ${entries}
    (func (export "_initialize"))
    (func (export "agent_describe") (result i32) i32.const 0)
    (func $start) (start $start)`);
  assert.deepEqual(info.imports, ["infer", "send", "tick"]);
  assert.deepEqual(info.capabilities, ["models"]);
  assert.deepEqual(info.optional, ["_initialize", "agent_describe"]);
  assert.equal(info.hasStart, true);
  assert.equal(info.memoryPages, 2);
  assert.equal(info.memoryPagesMax, 16);
  assert.equal(info.exports.length, 8);
});

test("every host function of the table links with its type", () => {
  for (const [name, { parameters, result }] of Object.entries(HOST_FUNCTIONS)) {
    const list = parameters.map((type) => ` ${type}`).join("");
    const type = `(func (param${list}) (result ${result}))`;
    const info = check(`(import "wasm_engine" "${name}" ${type}) ${memory} ${entries}`);
    assert.deepEqual(info.imports, [name]);
  }
});

const rows: readonly (readonly [string, string, string, RegExp])[] = [
  [
    "unknown module",
    '(import "wasi_snapshot_preview1" "fd_write" (func))',
    "WE_MODULE_IMPORT_UNKNOWN",
    /"wasi_snapshot_preview1"\."fd_write"/,
  ],
  ["unknown function", '(import "wasm_engine" "fetch" (func))', "WE_MODULE_IMPORT_UNKNOWN", /"fetch"/],
  [
    "name of a prototype",
    '(import "wasm_engine" "toString" (func))',
    "WE_MODULE_IMPORT_UNKNOWN",
    /"toString"/,
  ],
  [
    "import type",
    '(import "wasm_engine" "tick" (func (result i32)))',
    "WE_MODULE_IMPORT_TYPE",
    /\(\) -> \(i64\), found \(\) -> \(i32\)/,
  ],
  [
    "import parameters",
    '(import "wasm_engine" "log" (func (param i32 i32 i64) (result i32)))',
    "WE_MODULE_IMPORT_TYPE",
    /i64/,
  ],
  [
    "reserved import",
    '(import "wasm_engine" "__we_slice" (func (result i32)))',
    "WE_MODULE_NAME_RESERVED",
    /__we_slice/,
  ],
  ["reserved module", '(import "__we_x" "a" (func))', "WE_MODULE_NAME_RESERVED", /__we_x/],
  ["reserved export", '(func (export "__we_fuel"))', "WE_MODULE_NAME_RESERVED", /__we_fuel/],
];

function fails(text: string, code: string, message: RegExp): void {
  assert.throws(
    () => check(text),
    (error) => {
      assert.ok(EngineError.is(error), String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    },
  );
}

for (const [name, text, code, message] of rows) {
  test(`[G5] refused: ${name}`, () => fails(`${text} ${memory} ${entries}`, code, message));
}

test("[G10] each required export is asked for by name and type", () => {
  for (const line of entries.trim().split("\n")) {
    const name = /"(\w+)"/.exec(line)?.[1] ?? "";
    fails(
      `${memory} ${entries.replace(line.trim(), "")}`,
      "WE_MODULE_EXPORT_MISSING",
      new RegExp(`"${name}"`),
    );
    const wrong = `(func (export "${name}") (param i64) (result i32) i32.const 0)`;
    fails(
      `${memory} ${entries.replace(line.trim(), wrong)}`,
      "WE_MODULE_EXPORT_TYPE",
      new RegExp(`"${name}"`),
    );
    const noFunction = `(global (export "${name}") i32 (i32.const 0))`;
    fails(`${memory} ${entries.replace(line.trim(), noFunction)}`, "WE_MODULE_EXPORT_TYPE", /found a global/);
  }
});

test("[G10] optional exports have their type where present", () => {
  const text = `${memory} ${entries} (func (export "agent_describe"))`;
  fails(text, "WE_MODULE_EXPORT_TYPE", /"agent_describe".*expected \(\) -> \(i32\), found \(\) -> \(\)/);
});

test("[G10] the memory is exported, is a memory and has a page", () => {
  fails(`(memory 1) ${entries}`, "WE_MODULE_EXPORT_MISSING", /"memory"/);
  fails(`(memory (export "memory") 0) ${entries}`, "WE_MODULE_MEMORY_EMPTY", /0 pages/);
  fails(`(memory 1) (func (export "memory")) ${entries}`, "WE_MODULE_EXPORT_TYPE", /found a function/);
});

test("modules validated for the test suite are not checked", () => {
  const validated = validate(assemble("(module)"), { profile: "conformance" });
  assert.throws(
    () => checkAgentModule(validated),
    (error) => EngineError.is(error) && error.code === "WE_INTERNAL_ASSERTION",
  );
});
