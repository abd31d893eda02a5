/**
 * Recursions that try to make the native stack overflow before the logical one. Runs in a thread with the stack
 * that agents run on; a native overflow would be an error of another class and is never caught.
 */

import { Instrumented, limits } from "@wasm-engine/abi";
import { instrument } from "../instrument.js";
import { assemble } from "./assemble.js";
import { MeteredGuest } from "./metered-guest.js";

/** Threads that execute agents get this much native stack. */
export const NATIVE_STACK_MEBIBYTES = 256;

export interface DepthReport {
  readonly name: string;
  readonly trap: string | undefined;
  readonly status: number;
  /** How often the recursive function was entered. */
  readonly entries: number;
}

function repeat(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join("\n");
}

/** Every program counts its entries in memory word 0 and recurses without end from `run`. */
const count = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))";

/** Values computed before the call and used after it: an optimiser keeps them all in the frame. */
function sharedSubexpressions(values: number, head: string, call: string): string {
  const address = (index: number): string =>
    `(i32.and (i32.mul (local.get 0) (i32.const ${index * 2 + 3})) (i32.const 0xffff))`;
  return `(func ${head} (param i32) (result i32)
    ${repeat(values, (index) => `(i32.store8 offset=8 ${address(index)} (i32.const ${index & 63}))`)}
    ${call}
    ${repeat(values, (index) => `(i32.store8 offset=9 ${address(index)} (i32.const ${index & 63}))`)}
    (i32.const 1))`;
}

/** The recursive one. */
function sharingRecursion(values: number): string {
  const call = `${count} (drop (call $f (i32.add (local.get 0) (i32.const 1))))`;
  return sharedSubexpressions(values, '$f (export "run")', call);
}

function manyLocals(type: string, locals: number): string {
  const fill = type === "v128" ? "(i32x4.splat (local.get 0))" : "(i64.extend_i32_u (local.get 0))";
  const before = (index: number): string => (index === 0 ? fill : `(local.get ${index})`);
  const next = (index: number): string => `(local.get ${index + 1}) (local.get ${index + 2})`;
  const add = type === "v128" ? "i32x4.add" : "i64.add";
  return `(func $f (export "run") (param i32) (result i32) (local ${`${type} `.repeat(locals)}) ${count}
    ${repeat(locals, (index) => `(local.set ${index + 1} (${add} ${fill} ${before(index)}))`)}
    (drop (call $f (i32.add (local.get 0) (i32.const 1))))
    ${repeat(locals - 1, (index) => `(local.set ${index + 1} (${add} ${next(index)}))`)}
    ${type === "v128" ? "(i32x4.extract_lane 0 (local.get 1))" : "(i32.wrap_i64 (local.get 1))"})`;
}

const programs: readonly (readonly [string, string])[] = [
  ["smallest", `(func $f (export "run") (param i32) (result i32) ${count} (call $f (local.get 0)))`],
  [
    "mutual",
    `(func $f (export "run") (param i32) (result i32) ${count} (call $g (local.get 0)))
     (func $g (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))`,
  ],
  [
    "indirect",
    `(type $t (func (param i32) (result i32))) (table funcref (elem $f))
     (func $f (export "run") (type $t) ${count} (call_indirect (type $t) (local.get 0) (i32.const 0)))`,
  ],
  ["shared subexpressions, 10", sharingRecursion(10)],
  ["shared subexpressions, 300", sharingRecursion(300)],
  ["shared subexpressions, 4000", sharingRecursion(4000)],
  ["locals i64", manyLocals("i64", 900)],
  ["locals v128", manyLocals("v128", 900)],
  [
    "parameters",
    `(func $f (export "run") (param i32) (result i32) ${count}
      (call $g ${repeat(100, () => "(i64.extend_i32_u (local.get 0))")}))
     (func $g (param ${"i64 ".repeat(100)}) (result i32) (drop (call $f (i32.wrap_i64 (local.get 99))))
       (i32.wrap_i64 (i64.add ${"(i64.add ".repeat(98)} (local.get 0)
         ${repeat(98, (index) => `(local.get ${index + 1}))`)} (local.get 99))))`,
  ],
  [
    "operands under the call",
    `(func $f (export "run") (param i32) (result i32) ${count}
      ${repeat(500, (index) => `(i32.mul (local.get 0) (i32.const ${index + 3}))`)}
      (call $f (local.get 0)) ${repeat(500, () => "(i32.add)")})`,
  ],
  [
    "large leaf below",
    `(func $f (export "run") (param i32) (result i32) ${count}
       (drop (call $leaf (local.get 0))) (call $f (local.get 0)))
     ${sharedSubexpressions(2000, "$leaf", "")}`,
  ],
];

export function probeDepth(): DepthReport[] {
  return programs.map(([name, text]) => {
    const bytes = assemble(`(module (memory (export "memory") 2) ${text})`);
    const guest = new MeteredGuest(instrument(bytes).bytes);
    const result = guest.call("run", [1], { depth: limits.depthBytes });
    const entries = new DataView(guest.memory.buffer).getUint32(0, true);
    // Once more: a fault needs no clean-up, the next entry starts with all of its depth.
    new DataView(guest.memory.buffer).setUint32(0, 0, true);
    guest.call("run", [1], { depth: limits.depthBytes });
    if (entries !== new DataView(guest.memory.buffer).getUint32(0, true))
      throw new Error(`${name}: not repeatable`);
    if (guest.global(Instrumented.status) === 0n) throw new Error(`${name}: no status`);
    return { name, trap: result.trap, status: result.status, entries };
  });
}
