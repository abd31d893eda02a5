/** What the validator refuses and why: one row per class of error, each refused feature. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { REFUSED_FEATURES } from "./feature.js";
import type { Profile } from "./module-draft.js";
import { assemble } from "./testing/assemble.js";
import { codeSection, functionModule, moduleOf, section } from "./testing/module-bytes.js";
import { validate } from "./validator.js";

function errorOf(bytes: Uint8Array, profile: Profile = "agent"): EngineError {
  try {
    validate(bytes, { profile });
  } catch (error) {
    if (EngineError.is(error)) return error;
    throw error;
  }
  return assert.fail("the module is accepted");
}

const memory = section(5, 1, 0, 1);
const table = section(4, 1, 0x70, 0, 1);
const emptyFunction = codeSection([0, 0x0b]);
const functionType = section(1, 1, 0x60, 0, 0);

/** Name, bytes, code, text in the message, offset. */
type Row = readonly [string, Uint8Array, string, RegExp, number?];

const malformedRows: readonly Row[] = [
  ["empty file", new Uint8Array(0), "WE_MODULE_HEADER", /begins with ""/],
  ["text", new TextEncoder().encode("(module)"), "WE_MODULE_HEADER", /28 6d 6f/],
  ["version 2", Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), "WE_MODULE_HEADER", /02 00 00 00/],
  ["unknown section", moduleOf(section(14)), "WE_MODULE_MALFORMED", /section id 14/, 8],
  ["section out of order", moduleOf(section(3, 0), section(1, 0)), "WE_MODULE_MALFORMED", /out of order/, 11],
  ["duplicate section", moduleOf(section(1, 0), section(1, 0)), "WE_MODULE_MALFORMED", /duplicate/, 11],
  ["section beyond the file", moduleOf(Uint8Array.of(1, 9, 0)), "WE_MODULE_MALFORMED", /out of bounds/, 10],
  ["section too long", moduleOf(section(1, 0, 0)), "WE_MODULE_MALFORMED", /size mismatch/, 11],
  ["section too short", moduleOf(section(1, 1)), "WE_MODULE_MALFORMED", /unexpected end/, 11],
  ["section without size", moduleOf(Uint8Array.of(1)), "WE_MODULE_MALFORMED", /unexpected end/, 9],
  [
    "number too long",
    moduleOf(Uint8Array.of(1, 0x81, 0x80, 0x80, 0x80, 0x80, 0)),
    "WE_MODULE_MALFORMED",
    /too long/,
  ],
  [
    "number too large",
    moduleOf(Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0x1f)),
    "WE_MODULE_MALFORMED",
    /too large/,
  ],
  ["custom name not UTF-8", moduleOf(section(0, 1, 0xff)), "WE_MODULE_MALFORMED", /UTF-8/, 11],
  ["custom name beyond section", moduleOf(section(0, 5, 0x61)), "WE_MODULE_MALFORMED", /unexpected end/],
  [
    "import name not UTF-8",
    moduleOf(functionType, section(2, 1, 1, 0xc0, 0, 0, 0)),
    "WE_MODULE_MALFORMED",
    /UTF-8/,
  ],
  ["type form", moduleOf(section(1, 1, 0x40)), "WE_MODULE_MALFORMED", /type form 0x40/],
  ["value type", moduleOf(section(1, 1, 0x60, 1, 0x40, 0)), "WE_MODULE_MALFORMED", /type 0x40/],
  ["import kind", moduleOf(section(2, 1, 0, 0, 9, 0)), "WE_MODULE_MALFORMED", /kind 9/],
  ["limits flags", moduleOf(section(5, 1, 0x10, 0)), "WE_MODULE_MALFORMED", /limits flags/],
  ["mutability", moduleOf(section(6, 1, 0x7f, 4, 0x41, 0, 0x0b)), "WE_MODULE_MALFORMED", /mutability/],
  ["table of i32", moduleOf(section(4, 1, 0x7f, 0, 1)), "WE_MODULE_MALFORMED", /reference type/],
  ["functions without code", moduleOf(functionType, section(3, 1, 0)), "WE_MODULE_MALFORMED", /inconsistent/],
  ["code without functions", moduleOf(emptyFunction), "WE_MODULE_MALFORMED", /inconsistent/],
  ["data count without data", moduleOf(section(12, 1)), "WE_MODULE_MALFORMED", /inconsistent/],
  [
    "data without its count",
    moduleOf(memory, section(12, 0), section(11, 1, 1, 0)),
    "WE_MODULE_MALFORMED",
    /inconsistent/,
  ],
  ["data kind", moduleOf(memory, section(11, 1, 3)), "WE_MODULE_MALFORMED", /segment kind 3/],
  ["element kind", moduleOf(table, section(9, 1, 8)), "WE_MODULE_MALFORMED", /segment kind 8/],
  [
    "body beyond section",
    moduleOf(functionType, section(3, 1, 0), section(10, 1, 9, 0, 0x0b)),
    "WE_MODULE_MALFORMED",
    /out of bounds/,
  ],
  ["body without end", functionModule([0x01]), "WE_MODULE_MALFORMED", /unexpected end/],
  ["instructions after end", functionModule([0x0b, 0x01]), "WE_MODULE_MALFORMED", /operators remaining/],
  ["unknown opcode", functionModule([0x27, 0x0b]), "WE_MODULE_MALFORMED", /illegal opcode 0x27/, 23],
  ["unknown opcode fc", functionModule([0xfc, 0x12, 0x0b]), "WE_MODULE_MALFORMED", /0x12/],
  ["unknown opcode fd", functionModule([0xfd, 0x9a, 0x01, 0x0b]), "WE_MODULE_MALFORMED", /illegal opcode/],
  [
    "else without if",
    functionModule([0x02, 0x40, 0x05, 0x0b, 0x0b]),
    "WE_MODULE_MALFORMED",
    /else without if/,
  ],
  ["block type", functionModule([0x02, 0x41, 0x0b, 0x0b]), "WE_MODULE_MALFORMED", /type 0x41/],
  [
    "memory.grow flag",
    functionModule([0x41, 0, 0x40, 0x80, 0, 0x1a, 0x0b], memory),
    "WE_MODULE_MALFORMED",
    /zero byte/,
  ],
  [
    "memory.init without data count",
    functionModule([0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 8, 0, 0, 0x0b], memory),
    "WE_MODULE_MALFORMED",
    /data count section required/,
  ],
  [
    "select of two types",
    functionModule([0x00, 0x1c, 2, 0x7f, 0x7f, 0x0b]),
    "WE_MODULE_MALFORMED",
    /arity of select/,
  ],
  [
    "br_table beyond body",
    functionModule([0x00, 0x0e, 0x7f, 0, 0x0b]),
    "WE_MODULE_MALFORMED",
    /unexpected end/,
  ],
  [
    "i64 too large",
    functionModule([0x42, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x1a, 0x0b]),
    "WE_MODULE_MALFORMED",
    /too large/,
  ],
  [
    "i32 too large",
    functionModule([0x41, 0x80, 0x80, 0x80, 0x80, 0x70 - 0x60, 0x1a, 0x0b]),
    "WE_MODULE_MALFORMED",
    /too large/,
  ],
];

const invalidRows: readonly Row[] = [
  [
    "missing operand",
    functionModule([0x6a, 0x1a, 0x0b]),
    "WE_MODULE_TYPE_MISMATCH",
    /i32\.add: expected i32, found nothing/,
  ],
  [
    "wrong operand",
    assemble("(module (func i64.const 0 f32.neg drop))"),
    "WE_MODULE_TYPE_MISMATCH",
    /expected f32, found i64/,
  ],
  ["value left over", assemble("(module (func i32.const 0))"), "WE_MODULE_TYPE_MISMATCH", /1 more operands/],
  ["missing result", assemble("(module (func (result i32)))"), "WE_MODULE_TYPE_MISMATCH", /found nothing/],
  [
    "if without else",
    assemble("(module (func (result i32) i32.const 1 if (result i32) i32.const 1 end))"),
    "WE_MODULE_TYPE_MISMATCH",
    /else/,
  ],
  [
    "labels of two arities",
    assemble("(module (func block (result i32) i32.const 0 br_table 0 1 end drop))"),
    "WE_MODULE_TYPE_MISMATCH",
    /label of/,
  ],
  [
    "select of references",
    assemble("(module (func ref.null func ref.null func i32.const 0 select drop))"),
    "WE_MODULE_TYPE_MISMATCH",
    /number or vector/,
  ],
  [
    "select of two types",
    assemble("(module (func i32.const 0 i64.const 0 i32.const 0 select drop))"),
    "WE_MODULE_TYPE_MISMATCH",
    /select/,
  ],
  [
    "ref.is_null of a number",
    assemble("(module (func i32.const 0 ref.is_null drop))"),
    "WE_MODULE_TYPE_MISMATCH",
    /a reference/,
  ],
  [
    "dead code is typed",
    assemble("(module (func unreachable i64.const 0 i32.eqz drop))"),
    "WE_MODULE_TYPE_MISMATCH",
    /expected i32, found i64/,
  ],
  ["unknown local", assemble("(module (func local.get 0 drop))"), "WE_MODULE_UNKNOWN_INDEX", /local 0/],
  ["unknown global", functionModule([0x23, 0, 0x1a, 0x0b]), "WE_MODULE_UNKNOWN_INDEX", /global 0/],
  ["unknown function", functionModule([0x10, 5, 0x0b]), "WE_MODULE_UNKNOWN_INDEX", /function 5/],
  ["unknown type", moduleOf(section(3, 1, 0), emptyFunction), "WE_MODULE_UNKNOWN_INDEX", /type 0/, 11],
  ["unknown label", functionModule([0x0c, 1, 0x0b]), "WE_MODULE_UNKNOWN_INDEX", /label 1/],
  ["unknown label in dead code", functionModule([0x00, 0x0c, 1, 0x0b]), "WE_MODULE_UNKNOWN_INDEX", /label 1/],
  ["unknown memory", functionModule([0x3f, 0, 0x1a, 0x0b]), "WE_MODULE_UNKNOWN_INDEX", /memory 0/],
  ["unknown table", functionModule([0x41, 0, 0x11, 0, 0, 0x0b]), "WE_MODULE_UNKNOWN_INDEX", /table 0/],
  ["unknown export", moduleOf(section(7, 1, 0, 0, 0)), "WE_MODULE_UNKNOWN_INDEX", /function 0/],
  ["unknown start", moduleOf(section(8, 0)), "WE_MODULE_UNKNOWN_INDEX", /function 0/],
  [
    "element of unknown table",
    moduleOf(section(9, 1, 0, 0x41, 0, 0x0b, 0)),
    "WE_MODULE_UNKNOWN_INDEX",
    /table 0/,
  ],
  [
    "element of unknown function",
    moduleOf(table, section(9, 1, 0, 0x41, 0, 0x0b, 1, 0)),
    "WE_MODULE_UNKNOWN_INDEX",
    /function 0/,
  ],
  [
    "data of unknown memory",
    moduleOf(section(11, 1, 0, 0x41, 0, 0x0b, 0)),
    "WE_MODULE_UNKNOWN_INDEX",
    /memory 0/,
  ],
  ["alignment", functionModule([0x41, 0, 0x28, 3, 0, 0x1a, 0x0b], memory), "WE_MODULE_ALIGNMENT", /2\^3/],
  [
    "lane",
    assemble("(module (func (param v128) local.get 0 i64x2.extract_lane 1 drop))").map((byte, index, all) =>
      index === all.length - 3 ? 2 : byte,
    ),
    "WE_MODULE_LANE",
    /Lane 2/,
  ],
  [
    "initialiser with an instruction",
    moduleOf(section(6, 1, 0x7f, 0, 0x41, 0, 0x45, 0x0b)),
    "WE_MODULE_CONSTANT_EXPRESSION",
    /i32\.eqz/,
  ],
  [
    "initialiser with a block",
    moduleOf(section(6, 1, 0x7f, 0, 0x02, 0x40, 0x0b, 0x0b)),
    "WE_MODULE_CONSTANT_EXPRESSION",
    /block/,
  ],
  [
    "initialiser from a defined global",
    moduleOf(section(6, 2, 0x7f, 0, 0x41, 0, 0x0b, 0x7f, 0, 0x23, 0, 0x0b)),
    "WE_MODULE_FEATURE_REFUSED",
    /extended-const.*global\.get 0/,
  ],
  [
    "initialiser of another type",
    moduleOf(section(6, 1, 0x7e, 0, 0x41, 0, 0x0b)),
    "WE_MODULE_TYPE_MISMATCH",
    /expected i64, found i32/,
  ],
  [
    "initialiser without value",
    moduleOf(section(6, 1, 0x7f, 0, 0x0b)),
    "WE_MODULE_TYPE_MISMATCH",
    /found nothing/,
  ],
  [
    "initialiser with two values",
    moduleOf(section(6, 1, 0x7f, 0, 0x41, 0, 0x41, 0, 0x0b)),
    "WE_MODULE_TYPE_MISMATCH",
    /found 2 values/,
  ],
  [
    "immutable global",
    assemble("(module (global i32 (i32.const 0)) (func i32.const 1 global.set 0))"),
    "WE_MODULE_IMMUTABLE_GLOBAL",
    /Global 0/,
  ],
  [
    "duplicate export",
    moduleOf(memory, section(7, 2, 1, 0x61, 2, 0, 1, 0x61, 2, 0)),
    "WE_MODULE_DUPLICATE_EXPORT",
    /"a"/,
  ],
  [
    "start with a parameter",
    moduleOf(section(1, 1, 0x60, 1, 0x7f, 0), section(3, 1, 0), section(8, 0), emptyFunction),
    "WE_MODULE_START_TYPE",
    /\(i32\) -> \(\)/,
  ],
  [
    "undeclared reference",
    functionModule([0xd2, 0, 0x1a, 0x0b]),
    "WE_MODULE_UNDECLARED_REFERENCE",
    /Function 0/,
  ],
  ["minimum above maximum", moduleOf(section(5, 1, 1, 2, 1)), "WE_MODULE_RANGE", /minimum 2, maximum 1/],
  ["too many pages", moduleOf(section(5, 1, 0, 0x81, 0x80, 0x04)), "WE_MODULE_RANGE", /65537/],
  ["maximum of too many pages", moduleOf(section(5, 1, 1, 0, 0x81, 0x80, 0x04)), "WE_MODULE_RANGE", /65537/],
];

for (const [name, bytes, code, text, offset] of [...malformedRows, ...invalidRows]) {
  test(`[G10] refused: ${name}`, () => {
    const error = errorOf(bytes);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    assert.equal(typeof error.details["offset"], "number");
    if (offset !== undefined) assert.equal(error.details["offset"], offset);
  });
}

/** A module that needs the feature; profiles that refuse it. */
const featureRows: readonly (readonly [keyof typeof REFUSED_FEATURES, Uint8Array, readonly Profile[]])[] = [
  ["threads", assemble("(module (memory 1 1 shared))"), ["agent", "conformance"]],
  [
    "threads",
    assemble("(module (memory 1 1) (func i32.const 0 i32.atomic.load drop))"),
    ["agent", "conformance"],
  ],
  ["relaxed-simd", functionModule([0x00, 0xfd, 0x85, 0x02, 0x1a, 0x0b]), ["agent", "conformance"]],
  ["gc", moduleOf(section(1, 1, 0x5f, 0)), ["agent", "conformance"]],
  ["gc", moduleOf(section(1, 1, 0x4e, 1, 0x60, 0, 0)), ["agent", "conformance"]],
  ["gc", moduleOf(section(1, 1, 0x60, 1, 0x6e, 0)), ["agent", "conformance"]],
  ["gc", functionModule([0x02, 0x6e, 0x0b, 0x1a, 0x0b]), ["agent", "conformance"]],
  ["gc", functionModule([0xd0, 0x6e, 0x1a, 0x0b]), ["agent", "conformance"]],
  ["gc", functionModule([0x00, 0x1c, 1, 0x6e, 0x1a, 0x0b]), ["agent", "conformance"]],
  ["function-references", functionModule([0xd0, 0, 0x1a, 0x0b]), ["agent", "conformance"]],
  ["gc", functionModule([0xfb, 0, 0x0b]), ["agent", "conformance"]],
  ["exceptions", assemble("(module (tag))"), ["agent", "conformance"]],
  ["exceptions", functionModule([0x08, 0, 0x0b]), ["agent", "conformance"]],
  ["exceptions", functionModule([0x1f, 0x40, 0, 0x0b, 0x0b]), ["agent", "conformance"]],
  ["tail-calls", assemble("(module (func return_call 0))"), ["agent", "conformance"]],
  ["tail-calls", functionModule([0x41, 0, 0x13, 0, 0, 0x0b], table), ["agent", "conformance"]],
  ["function-references", functionModule([0x14, 0, 0x0b]), ["agent", "conformance"]],
  ["function-references", moduleOf(section(1, 1, 0x60, 1, 0x64, 0x70, 0)), ["agent", "conformance"]],
  [
    "function-references",
    moduleOf(section(4, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b)),
    ["agent", "conformance"],
  ],
  ["stack-switching", functionModule([0xe0, 0, 0x0b]), ["agent", "conformance"]],
  ["wide-arithmetic", functionModule([0xfc, 19, 0x0b]), ["agent", "conformance"]],
  ["memory64", assemble("(module (memory i64 1))"), ["agent", "conformance"]],
  ["memory64", moduleOf(section(4, 1, 0x70, 4, 1)), ["agent", "conformance"]],
  ["multi-memory", assemble("(module (memory 1) (memory 1))"), ["agent", "conformance"]],
  ["multi-memory", functionModule([0x3f, 1, 0x1a, 0x0b], memory), ["agent", "conformance"]],
  ["multi-memory", functionModule([0x41, 0, 0x28, 0x42, 1, 0, 0x1a, 0x0b], memory), ["agent", "conformance"]],
  ["custom-page-sizes", moduleOf(section(5, 1, 8, 1, 0)), ["agent", "conformance"]],
  [
    "extended-const",
    assemble("(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"),
    ["agent", "conformance"],
  ],
  ["component-model", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), ["agent", "conformance"]],
  [
    "table-mutation",
    assemble("(module (table 1 funcref) (func i32.const 0 ref.null func table.set 0))"),
    ["agent"],
  ],
  [
    "table-mutation",
    assemble("(module (table 1 funcref) (func ref.null func i32.const 0 table.grow 0 drop))"),
    ["agent"],
  ],
  [
    "table-mutation",
    assemble("(module (table 1 funcref) (func i32.const 0 ref.null func i32.const 0 table.fill 0))"),
    ["agent"],
  ],
  [
    "table-mutation",
    assemble("(module (table 1 funcref) (func i32.const 0 i32.const 0 i32.const 0 table.copy))"),
    ["agent"],
  ],
  [
    "table-mutation",
    assemble(
      "(module (table 1 funcref) (elem funcref) (func i32.const 0 i32.const 0 i32.const 0 table.init 0))",
    ),
    ["agent"],
  ],
  ["table-mutation", assemble("(module (elem funcref) (func elem.drop 0))"), ["agent"]],
  ["reference-types", assemble("(module (func (param externref)))"), ["agent"]],
  ["reference-types", assemble("(module (func (local externref)))"), ["agent"]],
  ["reference-types", assemble("(module (func ref.null extern drop))"), ["agent"]],
  ["reference-types", assemble("(module (func block (result externref) unreachable end drop))"), ["agent"]],
  ["reference-types", assemble("(module (table 1 externref))"), ["agent"]],
  ["reference-types", assemble("(module (global externref (ref.null extern)))"), ["agent"]],
  ["reference-types", assemble("(module (global (mut funcref) (ref.null func)))"), ["agent"]],
  ["imported-memory", assemble('(module (import "env" "memory" (memory 1)))'), ["agent"]],
  ["imported-table", assemble('(module (import "env" "table" (table 1 funcref)))'), ["agent"]],
  ["imported-global", assemble('(module (import "env" "g" (global i32)))'), ["agent"]],
];

for (const [position, [feature, bytes, profiles]] of featureRows.entries()) {
  test(`[G10] refused feature: ${feature} (${position})`, () => {
    for (const profile of profiles) {
      const error = errorOf(bytes, profile);
      assert.equal(error.code, "WE_MODULE_FEATURE_REFUSED", error.message);
      assert.equal(error.details["feature"], feature);
      assert.equal(error.hint, REFUSED_FEATURES[feature]);
      assert.equal(typeof error.details["offset"], "number");
    }
    if (!profiles.includes("conformance")) assert.ok(validate(bytes, { profile: "conformance" }).steps >= 0);
  });
}

test("every refused feature has a row", () => {
  const covered = new Set(featureRows.map(([feature]) => feature));
  assert.deepEqual(
    Object.keys(REFUSED_FEATURES).filter((feature) => !covered.has(feature as keyof typeof REFUSED_FEATURES)),
    [],
  );
});

test("the first error by offset is reported, whatever kind it is", () => {
  const bad = [0, 0x6a, 0x1a, 0x0b];
  const unknownData = section(11, 1, 9);
  const both = moduleOf(functionType, section(3, 2, 0, 0), codeSection(bad, [0, 0x27, 0x0b]), unknownData);
  const error = errorOf(both);
  assert.equal(error.code, "WE_MODULE_TYPE_MISMATCH");
  assert.equal(both[Number(error.details["offset"])], 0x6a);
});

test("a decoded module can be validated as well as its bytes", () => {
  const { module, steps } = validate(functionModule([0x01, 0x0b]));
  assert.equal(validate(module).steps, steps);
});
