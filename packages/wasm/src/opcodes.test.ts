/**
 * The instruction table against counts and lists of the specification, and numbers of the binary format against
 * vectors.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { BinaryReader } from "./binary-reader.js";
import { WASM_ERRORS } from "./errors.js";
import { InstructionReader } from "./instruction-reader.js";
import { FC, FD, OPCODES, opOf } from "./opcodes.js";

const all = OPCODES.filter((opcode) => opcode !== undefined);

test("the table holds all instructions of WebAssembly 2.0", () => {
  const known = all.filter(({ refused }) => refused === undefined || refused === "table-mutation");
  const counts = [
    known.filter(({ op }) => op < FC).length,
    known.filter(({ op }) => op >= FC && op < FD).length,
    known.filter(({ op }) => op >= FD).length,
  ];
  assert.deepEqual(counts, [183, 18, 236]);
});

test("NaN producers are exactly those of the specification", () => {
  const shapes = { f32: "f32", f64: "f64", f32x4: "f32x4", f64x2: "f64x2" } as const;
  const expected = Object.keys(shapes).flatMap((shape) =>
    ["add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest"].map(
      (name) => `${shape}.${name}`,
    ),
  );
  expected.push("f32.demote_f64", "f64.promote_f32", "f32x4.demote_f64x2_zero", "f64x2.promote_low_f32x4");
  const producers = all.filter(({ nan }) => nan !== undefined);
  assert.deepEqual(producers.map(({ name }) => name).sort(), expected.sort());
  for (const { name, nan } of producers) assert.ok(name.startsWith(`${nan}.`), name);
});

test("names are found and unique", () => {
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, op } of all) assert.equal(opOf(name), op);
});

test("every code of the package has message, hint and explanation", () => {
  for (const [code, row] of Object.entries(WASM_ERRORS)) {
    assert.match(code, /^WE_[A-Z0-9_]+$/);
    assert.ok(row.message.length > 10 && !row.message.endsWith("."), code);
    assert.ok(row.hint.length > 5, code);
    assert.ok(row.explanation.endsWith("."), code);
  }
});

/** Bytes of a LEB128 number, its kind and its value; `undefined` where it is malformed. */
const numbers: readonly (readonly [string, "u32" | "s32" | "s33" | "s64", number | bigint | undefined])[] = [
  ["00", "u32", 0],
  ["7f", "u32", 127],
  ["8000", "u32", 0],
  ["8080808000", "u32", 0],
  ["ffffffff0f", "u32", 0xffff_ffff],
  ["ffffffff1f", "u32", undefined],
  ["808080808000", "u32", undefined],
  ["80", "u32", undefined],
  ["7f", "s32", -1],
  ["3f", "s32", 63],
  ["40", "s32", -64],
  ["ff7f", "s32", -1],
  ["8080808078", "s32", -0x8000_0000],
  ["ffffffff07", "s32", 0x7fff_ffff],
  ["ffffffff7f", "s32", -1],
  ["ffffffff4f", "s32", undefined],
  ["8080808008", "s32", undefined],
  ["8080808070", "s32", undefined],
  ["40", "s33", -64],
  ["70", "s33", -16],
  ["ffffffff0f", "s33", 0xffff_ffff],
  ["8080808070", "s33", -0x1_0000_0000],
  ["ffffffff1f", "s33", undefined],
  ["7f", "s64", -1n],
  ["80808080808080808000", "s64", 0n],
  ["8080808080808080807f", "s64", -0x8000_0000_0000_0000n],
  ["ffffffffffffffffff00", "s64", 0x7fff_ffff_ffff_ffffn],
  ["ffffffffffffffffff01", "s64", undefined],
  ["ffffffffffffffffff7e", "s64", undefined],
  ["8080808080808080808000", "s64", undefined],
];

for (const [hex, kind, value] of numbers) {
  test(`${kind} ${hex}`, () => {
    const reader = new BinaryReader(new Uint8Array(Buffer.from(hex, "hex")));
    if (value === undefined) {
      assert.throws(
        () => reader[kind](),
        (error) => EngineError.is(error) && error.code === "WE_MODULE_MALFORMED",
      );
      return;
    }
    assert.equal(reader[kind](), value);
    assert.ok(reader.done);
  });
}

test("instructions are read one after the other with their immediates", () => {
  const hex = "41ff00 427f 0240 0e020001 02 280203 fd1a05 11070001 fc080300 0b";
  const reader = new InstructionReader(new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex")));
  const read: unknown[] = [];
  while (!reader.done) {
    reader.next();
    read.push([reader.start, reader.opcode.name]);
    if (reader.op === opOf("i32.const")) assert.equal(reader.i32, 127);
    if (reader.op === opOf("i64.const")) assert.equal(reader.i64(), -1n);
    if (reader.op === opOf("block")) assert.equal(reader.blockType, -64);
    if (reader.op === opOf("i32.load")) assert.deepEqual([reader.align, reader.memoryOffset], [2, 3]);
    if (reader.op === opOf("i16x8.replace_lane")) assert.equal(reader.index, 5);
    if (reader.op === opOf("call_indirect")) assert.deepEqual([reader.index, reader.index2], [7, 0]);
    if (reader.op === opOf("br_table")) {
      assert.deepEqual([...reader.labels.subarray(0, reader.labelsCount), reader.index], [0, 1, 2]);
    }
  }
  assert.equal(read.length, 10);
  assert.deepEqual(read.at(-1), [26, "end"]);
});
