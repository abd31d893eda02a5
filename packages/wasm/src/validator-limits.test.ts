/** Limits of modules, operand words of functions, and that validation is linear. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { encodeU32 } from "./custom-section.js";
import { AGENT_LIMITS } from "./limits.js";
import { assemble } from "./testing/assemble.js";
import { codeSection, functionModule, moduleOf, section } from "./testing/module-bytes.js";
import { validate } from "./validator.js";

const table = section(4, 1, 0x70, 0, 1);
const emptyFunction = codeSection([0, 0x0b]);
const functionType = section(1, 1, 0x60, 0, 0);

function errorOf(bytes: Uint8Array): EngineError {
  try {
    validate(bytes);
  } catch (error) {
    if (EngineError.is(error)) return error;
    throw error;
  }
  return assert.fail("the module is accepted");
}

/** Limits: a module at the limit passes, one above is refused. */
const vector = (count: number, item: readonly number[]): number[] => [
  ...encodeU32(count),
  ...Array.from({ length: count }, () => item).flat(),
];
const i32s = (count: number): number[] => vector(count, [0x7f]);
const functions = (count: number): Uint8Array =>
  moduleOf(
    functionType,
    section(3, ...vector(count, [0])),
    codeSection(...Array.from({ length: count }, () => [0, 0x0b])),
  );
const nested = (depth: number): Uint8Array =>
  functionModule([
    ...Array.from({ length: depth }, () => [0x02, 0x40]).flat(),
    ...new Array<number>(depth + 1).fill(0x0b),
  ]);
const exported = (count: number): Uint8Array =>
  assemble(
    `(module (memory 1) ${Array.from({ length: count }, (_, index) => `(export "e${index}" (memory 0))`).join("")})`,
  );
const limitRows: readonly (readonly [string, number, (count: number) => Uint8Array])[] = [
  [
    "custom sections",
    AGENT_LIMITS.customSectionsMax,
    (count) => moduleOf(...Array.from({ length: count }, () => section(0, 0))),
  ],
  ["groups of locals", AGENT_LIMITS.localsGroupsMax, groupsOfLocals],
  ["types", AGENT_LIMITS.typesMax, (count) => moduleOf(section(1, ...vector(count, [0x60, 0, 0])))],
  [
    "parameters",
    AGENT_LIMITS.parametersPerFunctionMax,
    (count) => moduleOf(section(1, 1, 0x60, ...i32s(count), 0)),
  ],
  [
    "results",
    AGENT_LIMITS.resultsPerFunctionMax,
    (count) => moduleOf(section(1, 1, 0x60, 0, ...i32s(count))),
  ],
  [
    "parameters and results of all types",
    1_000,
    (count) => moduleOf(section(1, ...vector(count, [0x60, ...i32s(count > 1_000 ? 100 : 99), 0]))),
  ],
  [
    "imports",
    AGENT_LIMITS.importsMax,
    (count) => moduleOf(functionType, section(2, ...vector(count, [0, 0, 0, 0]))),
  ],
  ["functions", AGENT_LIMITS.functionsMax, functions],
  ["tables", AGENT_LIMITS.tablesMax, (count) => moduleOf(section(4, ...vector(count, [0x70, 0, 1])))],
  [
    "table entries",
    AGENT_LIMITS.tableEntriesMax,
    (count) => moduleOf(section(4, 1, 0x70, 0, ...encodeU32(count))),
  ],
  [
    "globals",
    AGENT_LIMITS.globalsMax,
    (count) => moduleOf(section(6, ...vector(count, [0x7f, 0, 0x41, 0, 0x0b]))),
  ],
  ["exports", AGENT_LIMITS.exportsMax, exported],
  [
    "element segments",
    AGENT_LIMITS.elementSegmentsMax,
    (count) => moduleOf(table, section(9, ...vector(count, [1, 0, 0]))),
  ],
  [
    "element entries",
    AGENT_LIMITS.elementEntriesMax,
    (count) =>
      moduleOf(functionType, section(3, 1, 0), section(9, 1, 1, 0, ...vector(count, [0])), emptyFunction),
  ],
  ["data segments", AGENT_LIMITS.dataSegmentsMax, (count) => moduleOf(section(11, ...vector(count, [1, 0])))],
  [
    "locals of a function",
    AGENT_LIMITS.localsPerFunctionMax,
    (count) => moduleOf(functionType, section(3, 1, 0), codeSection([1, ...encodeU32(count), 0x7b, 0x0b])),
  ],
  [
    "bytes of a function body",
    AGENT_LIMITS.bodyBytesMax,
    (count) => functionModule([...new Array<number>(count - 2).fill(0x01), 0x0b]),
  ],
  ["nesting of blocks", AGENT_LIMITS.nestingMax, nested],
  [
    "labels of br_table",
    AGENT_LIMITS.branchTableLabelsMax,
    (count) => functionModule([0x41, 0, 0x0e, ...vector(count, [0]), 0, 0x0b]),
  ],
  ["module bytes", AGENT_LIMITS.moduleBytesMax, padded],
];

/** Functions of up to 1000 groups of one local each. */
function groupsOfLocals(count: number): Uint8Array {
  const bodies: number[][] = [];
  for (let left = count; left > 0; left -= 1_000) {
    bodies.push([...vector(Math.min(left, 1_000), [1, 0x7f]), 0x0b]);
  }
  return moduleOf(functionType, section(3, ...vector(bodies.length, [0])), codeSection(...bodies));
}

/** A module of exactly `count` bytes: one custom section. */
function padded(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  bytes.set(moduleOf(Uint8Array.of(0, ...encodeU32(count - 13))));
  return bytes;
}

for (const [item, limit, make] of limitRows) {
  test(`[G10] limit: ${item}`, () => {
    assert.ok(validate(make(limit)).steps >= 0, "a module at the limit passes");
    const error = errorOf(make(limit + 1));
    assert.equal(error.code, "WE_MODULE_LIMIT", error.message);
    assert.equal(error.details["item"], item);
    assert.equal(error.exitCode, 5);
  });
}

test("locals of several groups are summed without wrapping", () => {
  const groups = [2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f];
  const error = errorOf(moduleOf(functionType, section(3, 1, 0), codeSection([...groups, 0x0b])));
  assert.equal(error.code, "WE_MODULE_LIMIT");
});

/** Text and the operand words of its functions. */
const wordRows: readonly (readonly [string, string, readonly number[]])[] = [
  ["empty", "(func)", [0]],
  ["operands", "(func i32.const 0 i64.const 0 f64.const 0 drop drop drop)", [3]],
  ["vectors count two", "(func v128.const i64x2 0 0 i32.const 0 drop drop)", [3]],
  ["parameters and locals do not count", "(func (param v128 i32) (local i64))", [0]],
  ["call_indirect takes its index", "(table 1 funcref) (func i32.const 0 call_indirect)", [1]],
  [
    "arguments count until the call",
    "(func $f (param i32 i32)) (func i32.const 0 i32.const 0 call $f i32.const 0 drop)",
    [0, 2],
  ],
  ["results count", "(func $f (result i64 i64 i64) unreachable) (func call $f drop drop drop)", [0, 3]],
  ["reset at else", "(func i32.const 0 if i32.const 0 i32.const 0 drop drop else i32.const 0 drop end)", [2]],
  [
    "reset at end after unreachable",
    "(func block i32.const 0 i32.const 0 i32.const 0 unreachable end i32.const 0 drop)",
    [3],
  ],
  ["dead operands are forgotten", "(func unreachable i32.const 0 i32.const 0 drop drop)", [2]],
  ["block parameters stay", "(func i32.const 0 i64.const 0 block (param i64) drop end drop)", [2]],
];

for (const [name, text, words] of wordRows) {
  test(`operand words: ${name}`, () => {
    assert.deepEqual(validate(assemble(`(module ${text})`)).maxOperandWords, words);
  });
}

test("validation work is linear in the bytes", () => {
  const unit = [0x41, 0, 0x04, 0x40, 0x02, 0x40, 0x0b, 0x0b];
  const body = (blocks: number): number[] => [0, ...Array.from({ length: blocks }, () => unit).flat(), 0x0b];
  const module = (bodies: number): Uint8Array =>
    moduleOf(
      functionType,
      section(3, ...vector(bodies, [0])),
      codeSection(...Array.from({ length: bodies }, () => body(12_500))),
    );
  const stepsOf = (bytes: Uint8Array): number => validate(bytes).steps;
  const [one, two, eight] = [module(1), module(2), module(8)];
  assert.equal(stepsOf(two), 2 * stepsOf(one));
  assert.equal(stepsOf(eight), 8 * stepsOf(one), "200 000 blocks");
  assert.ok(stepsOf(eight) <= eight.length * 2);
});

test("a module of 10 MB and one of 512 nested blocks per function validate", () => {
  const body = [0, ...new Array<number>(100_000).fill(0x01), 0x0b];
  const large = moduleOf(
    functionType,
    section(3, ...vector(104, [0])),
    codeSection(...Array.from({ length: 104 }, () => body)),
  );
  assert.ok(large.length > 10 * 1024 * 1024 - 100_000);
  assert.equal(validate(large).maxOperandWords.length, 104);
  assert.equal(validate(nested(512)).maxOperandWords.length, 1);
});
