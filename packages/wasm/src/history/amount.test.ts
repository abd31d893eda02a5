/** Historic bugs of amounts: stack, sums, lengths, prices of what is not an instruction. 7 to 10, 15, 17, 20 to 23. */

import assert from "node:assert/strict";
import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { COSTS, OP_COSTS, PARTS } from "../cost-table.js";
import { encodeU32 } from "../custom-section.js";
import { Encoder } from "../encoder.js";
import { instrument } from "../instrument.js";
import { AGENT_LIMITS } from "../limits.js";
import { FC, FD, OPCODES } from "../opcodes.js";
import type { Opcode } from "../opcodes.js";
import { assemble } from "../testing/assemble.js";
import { equalToOracle, guestOf, historic } from "../testing/historic-bug.js";
import { MeteredGuest, PLENTY_OF_FUEL } from "../testing/metered-guest.js";
import { codeSection, moduleOf, section } from "../testing/module-bytes.js";
import { validate } from "../validator.js";

historic(7, () => {
  const calls = "(call $f (i64.const 1) (i64.const 2) (i64.const 3))".repeat(40);
  const text = `(module (func $f (param i64 i64 i64)) (func (export "run") (param i32) (result i32)
    ${calls} (i32.const 1)))`;
  const bytes = assemble(text);
  const { maxOperandWords, module } = validate(bytes);
  assert.deepEqual(maxOperandWords, [0, 3]);
  const body = module.code[1] ?? assert.fail("two bodies");
  const frame = 128 + 17 * (1 + 3) + (body.end - body.contentStart);
  const guest = new MeteredGuest(instrument(bytes).bytes);
  assert.equal(guest.call("run", [0], { depth: frame }).status, InstrumentedStatus.NONE);
  assert.equal(guest.call("run", [0], { depth: frame - 1 }).status, InstrumentedStatus.OUT_OF_DEPTH);
});

historic(8, () => {
  const guest = guestOf(`(module (memory 1)
    (func (export "fill") (param i32) (result i32)
      (memory.fill (i32.const 0) (i32.const 0) (local.get 0)) (i32.const 1))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
  const most = 0xffff_ffffn * BigInt(PARTS.page);
  assert.equal(guest.call("grow", [-1]).value, -1);
  assert.ok(guest.fuelOf("grow", [-1]) > most, "2^32 - 1 pages cost their price");
  assert.equal(guest.call("grow", [-1], { fuel: most }).status, InstrumentedStatus.OUT_OF_FUEL);
  for (const length of [-1, 0x8000_0000 | 0, 0x7fff_ffff]) {
    assert.equal(guest.call("fill", [length], { fuel: 100_000_000n }).status, InstrumentedStatus.OUT_OF_FUEL);
    assert.match(guest.call("fill", [length]).trap ?? "", /out of bounds/);
  }
});

historic(
  8,
  () => {
    const groups = [2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x81, 0x80, 0x80, 0x80, 0x00, 0x7f];
    const bytes = moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), codeSection([...groups, 0x0b]));
    assert.throws(() => validate(bytes), { code: "WE_MODULE_LIMIT" }, "2^32 - 1 and 1 locals are not none");
  },
  "locals",
);

const shift = BigInt(PARTS.bulkBytesShift);
const bulk = `(module (memory 4) (data $d "${"x".repeat(4096)}")
  (func (export "fill") (param i32) (result i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0)) (i32.const 0))
  (func (export "copy") (param i32) (result i32) (memory.copy (i32.const 9) (i32.const 3) (local.get 0)) (i32.const 0))
  (func (export "init") (param i32) (result i32)
    (memory.init $d (i32.const 0) (i32.const 0) (local.get 0)) (i32.const 0)))`;

historic(9, () => {
  const guest = guestOf(bulk);
  for (const name of ["fill", "copy", "init"]) {
    const [none = 0n, some = 0n, many = 0n] = [0, 400, 4_000].map((length) => guest.fuelOf(name, [length]));
    assert.equal(some - none, 400n >> shift, name);
    assert.equal(many - none, 4_000n >> shift, name);
  }
});

historic(
  9,
  () => {
    const text = `(module (table $t (export "t") 4000 5000 funcref) (elem $e func ${"$f ".repeat(1_000)}) (func $f)
      (func (export "fill") (param i32) (table.fill (i32.const 0) (ref.null func) (local.get 0)))
      (func (export "copy") (param i32) (table.copy (i32.const 1) (i32.const 0) (local.get 0)))
      (func (export "init") (param i32) (table.init $e (i32.const 0) (i32.const 0) (local.get 0)))
      (func (export "grow") (param i32) (drop (table.grow (ref.null func) (local.get 0)))))`;
    const { bytes } = instrument(assemble(text), { profile: "conformance" });
    const guest = new MeteredGuest(bytes);
    for (const name of ["fill", "copy", "init", "grow"]) {
      assert.equal(guest.fuelOf(name, [900]) - guest.fuelOf(name, [0]), 900n * BigInt(PARTS.element), name);
    }
  },
  "tables",
);

historic(10, () => {
  const { bytes } = instrument(
    assemble(`(module (memory (export "memory") 8)
      (func (export "move") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2))))`),
  );
  const guest = new MeteredGuest(bytes);
  const expected = guest.memory.map((_, index) => (index * 31 + (index >> 8)) & 255);
  guest.memory.set(expected);
  for (const [target, source, length] of [
    [1, 0, 200_000],
    [0, 1, 200_000],
    [4_096, 0, 70_000],
    [0, 65_535, 131_073],
    [300, 299, 2],
  ] as const) {
    assert.equal(guest.call("move", [target, source, length]).trap, undefined);
    expected.copyWithin(target, source, source + length);
    assert.ok(Buffer.from(guest.memory).equals(Buffer.from(expected)), `${target} ${source} ${length}`);
  }
});

/** Bytes of an instruction without immediates but zeros; `undefined` where types are not plain. */
function encoded({ op, immediates, operands, results, refused }: Opcode): number[] | undefined {
  if (refused !== undefined || operands === undefined || results === undefined || results.length > 1)
    return undefined;
  const code = op < FC ? [op] : op < FD ? [0xfc, op - FC] : [0xfd, ...encodeU32(op - FD)];
  if (immediates === "none") return code;
  if (immediates === "lane") return [...code, 0];
  if (immediates === "memory-access") return [...code, 0, 0];
  if (immediates === "memory-lane") return [...code, 0, 0, 0];
  if (immediates === "shuffle") return [...code, ...new Array<number>(16).fill(0)];
  return undefined;
}

const zeros: Readonly<Record<number, readonly number[]>> = {
  0x7f: [0x41, 1],
  0x7e: [0x42, 1],
  0x7d: [0x43, 0, 0, 0x80, 0x3f],
  0x7c: [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
  0x7b: [0xfd, 12, ...new Array<number>(16).fill(0)],
};

historic(15, () => {
  let seen = 0;
  for (const opcode of OPCODES) {
    const code = opcode === undefined ? undefined : encoded(opcode);
    if (opcode === undefined || code === undefined) continue;
    const operands = (opcode.operands ?? []).flatMap((type) => zeros[type] ?? assert.fail(opcode.name));
    const body = new Encoder()
      .byte(0)
      .op(...operands, ...code, ...(opcode.results ?? []).map(() => 0x1a), 0x0b);
    const output = new Encoder().op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    output.section(1, new Encoder().op(1, 0x60, 0, 0)).section(3, new Encoder().op(1, 0));
    output.section(5, new Encoder().op(1, 0, 1)).section(7, new Encoder().u32(1).ascii("run").op(0, 0));
    const bytes = output.section(10, new Encoder().u32(1).sized(body)).finish();
    const constants = (opcode.operands ?? []).map((type) => COSTS[type === 0x7b ? "vector" : "basic"]);
    const price = constants.reduce((sum, cost) => sum + cost, OP_COSTS[opcode.op] ?? 0);
    const fuel = new MeteredGuest(instrument(bytes).bytes).fuelOf("run");
    assert.equal(fuel, BigInt(PARTS.functionEntry + price), opcode.name);
    seen += 1;
  }
  assert.ok(seen > 300, `${seen} instructions`);
});

historic(17, () => {
  const text = `(module (import "wasm_engine" "random" (func $host (param i32 i32) (result i32)))
    (func (export "run") (result i32)
      (drop (i32.div_u (i32.const 9) (i32.const 2))) (call $host (i32.const 0) (i32.const 0))))`;
  const guest = guestOf(text, {
    random: () => {
      throw new WebAssembly.RuntimeError("the host gives up");
    },
  });
  const { fuelLeft, trap } = guest.call("run");
  assert.equal(trap, "the host gives up");
  const before = PARTS.functionEntry + COSTS["divide"] + 2 + COSTS["call"] + 2 + 2 * PARTS.parameterWord;
  assert.equal(PLENTY_OF_FUEL - fuelLeft, BigInt(before + PARTS.hostCall));
});

historic(20, () => {
  const text = `(module (func $f (param i32) (result i32)
      (if (result i32) (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 4))))
    (func (export "run") (param i32) (result i32) (call $f (local.get 0))))`;
  equalToOracle(text, [[0], [1], [20]]);
  const bytes = assemble(text);
  const [price = 0] = validate(bytes).module.code.map(({ contentStart, end }) => end - contentStart);
  const depth = (calls: number): number => calls * (128 + 17 * 3 + price) + 128 + 17 * 2 + 6;
  const guest = new MeteredGuest(instrument(bytes).bytes);
  assert.equal(guest.call("run", [9], { depth: depth(10) }).value, 4, "frames of the original bodies");
  assert.equal(guest.call("run", [9], { depth: depth(10) - 1 }).status, InstrumentedStatus.OUT_OF_DEPTH);
});

historic(21, () => {
  const withLocals = (count: number): bigint =>
    guestOf(`(module (func (export "run") (local ${"i64 ".repeat(count)})))`).fuelOf("run");
  assert.equal(withLocals(1_000) - withLocals(0), BigInt(1_000 / PARTS.localWordsPerFuel));
});

historic(
  21,
  () => {
    const half = AGENT_LIMITS.tableEntriesMax / 2;
    const tables = (last: number): Uint8Array =>
      assemble(`(module (table ${half} funcref) (table ${last} funcref))`);
    assert.equal(validate(tables(half)).module.tables.length, 2);
    assert.throws(() => validate(tables(half + 1)), { code: "WE_MODULE_LIMIT", message: /table entries/ });
  },
  "entries of all tables together are limited",
);

historic(22, () => {
  const { bytes } = instrument(
    assemble(`(module (func $f (export "run") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else unreachable))))`),
    { profile: "conformance" },
  );
  const guest = new MeteredGuest(bytes);
  const run = guest.exports["run"] as (value: number) => unknown; // exported above
  guest.set(Instrumented.depth, 100_000n);
  for (let count = 0; count < 2_000; count++) {
    assert.throws(() => run(100), /unreachable/);
    assert.equal(guest.global(Instrumented.status), 0n, "a plain trap, every time");
  }
});

historic(23, () => {
  const constant = (length: number): string => `(module (memory 1) (func (export "run") (result i32)
    (memory.fill (i32.const 0) (i32.const 1) (i32.const ${length})) (i32.const 0)))`;
  for (const length of [-1, -65_536, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000]) {
    const guest = guestOf(constant(length));
    const { status, fuelLeft } = guest.call("run", [], { fuel: 1_000_000n });
    assert.equal(status, InstrumentedStatus.OUT_OF_FUEL, `${length}`);
    assert.ok(fuelLeft < 0n, "nothing is credited");
  }
  assert.equal(guestOf(constant(400)).fuelOf("run") - guestOf(constant(0)).fuelOf("run"), 400n >> shift);
});
