/** The table, the golden numbers, the size limit, linear work. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  COSTS,
  COST_TABLE_VERSION,
  LINEAR_COSTS,
  OP_COSTS,
  branchTableCost,
  entryCost,
} from "./cost-table.js";
import { Encoder } from "./encoder.js";
import { FunctionPlanner } from "./function-planner.js";
import { Mark } from "./function-plan.js";
import { InstructionReader } from "./instruction-reader.js";
import { instrument } from "./instrument.js";
import { readModule } from "./module-reader.js";
import { OPCODES } from "./opcodes.js";
import { assemble } from "./testing/assemble.js";
import { MeteredGuest } from "./testing/metered-guest.js";
import { METERING_PROGRAMS } from "./testing/metering-programs.js";

test("[G7] every instruction that is let through has a price", () => {
  // They become no code: a body full of them runs in no time.
  const free = new Set("unreachable nop block else end drop".split(" "));
  for (const opcode of OPCODES) {
    if (opcode === undefined) continue;
    assert.ok(opcode.cost in COSTS, opcode.name);
    assert.equal(OP_COSTS[opcode.op] === 0, free.has(opcode.name), opcode.name);
  }
  const bulk = OPCODES.filter((opcode) => LINEAR_COSTS[opcode?.op ?? -1] !== undefined).map(
    (opcode) => opcode?.name,
  );
  assert.deepEqual(
    bulk.join(" "),
    "memory.grow memory.init memory.copy memory.fill table.init table.copy table.grow table.fill",
  );
});

test("[G7] fuel table version 2 is frozen", () => {
  assert.equal(COST_TABLE_VERSION, 2);
  assert.deepEqual(
    Object.values(COSTS),
    [0, 1, 5, 3, 2, 3, 3, 3, 3, 4, 14, 2, 4, 8, 14, 4, 8, 7, 12, 4, 14, 22, 3, 4, 10, 6, 24, 30, 30, 1000],
  );
  assert.deepEqual([0, 1, 2, 3, 8].map(entryCost), [6, 7, 7, 8, 10]);
  assert.deepEqual([1, 15, 16, 33].map(branchTableCost), [4, 4, 5, 6]);
});

/** Fuel of every call of every program. A change here changes chains: it needs a new table version. */
const golden: Readonly<Record<string, readonly number[]>> = {
  "if and else of different cost": [11, 26, 26],
  "if without else in a loop": [24, 24, 138, 768],
  "nested ifs, inner without else": [13, 18, 27, 25],
  "both arms leave the if by its label": [28, 28],
  "else after a then that ends dead": [32, 13],
  "dead code with nested blocks": [12],
  "br_table with default, out of the function too": [15, 32, 15, 15, 32, 32, 32],
  "br_table that leaves the function by its default": [59, 55, 55],
  "br_if out of a function with two results": [32, 30],
  "early return from a loop": [21, 53, 325, 328],
  "loops that nothing branches to, nested": [21, 25],
  "if that only its then arm leaves at the end": [13, 28],
  "branches out of loops and out of the function from within": [204, 204, 57, 150],
  "early branch out of a function with a loop": [127, 175, 198],
  "br_table with many targets": [17, 15, 17],
  "block, loop and if with parameters and several results": [28, 30, 82],
  "recursion with two calls": [12, 12, 2604],
  "mutual recursion": [13, 167, 453],
  "calls in a row, in conditions, before branches": [511, 507, 487],
  "calls in one arm only, then charges behind the join": [71, 54],
  "loops left and continued before an expensive part that calls": [15, 31, 63, 421, 2089],
  "call_indirect with parameters": [34, 50],
  "function that ends in unreachable or an endless loop that returns": [53, 51],
  "many locals, vectors among them": [43],
  "memory.fill, copy and init by length": [112, 112, 115, 612, 30112],
  "bulk operation between calls": [89, 126],
  "memory.grow and memory.size": [2016, 38016],
};

test("[G7] golden fuel numbers", () => {
  const actual = Object.fromEntries(
    METERING_PROGRAMS.map(({ name, text, arguments: calls }) => {
      const guest = new MeteredGuest(instrument(assemble(text)).bytes);
      return [name, calls.map((parameters) => Number(guest.fuelOf("run", parameters)))];
    }),
  );
  assert.deepEqual(actual, golden);
});

test("a module of nothing but NaN whose bits are looked at is refused for its size, with a code", () => {
  const looks = "(drop (i64.reinterpret_f64 (f64.sqrt (local.get 0))))".repeat(4_000);
  assert.throws(() => instrument(assemble(`(module (func (param f64) ${looks}))`)), {
    code: "WE_MODULE_INSTRUMENTED_SIZE",
    exitCode: 5,
  });
});

test("loops that nothing branches to add nothing but one charge", () => {
  const bytes = assemble(`(module (func ${"(loop) ".repeat(3_000)}))`);
  const { length } = instrument(bytes).bytes;
  assert.ok(length < bytes.length + 1000);
});

/** Module with one function `[i32] -> []` of these instructions. Bytes, because the assembler nests on its stack. */
function moduleOf(code: readonly number[]): Uint8Array {
  const output = new Encoder().op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  output.section(1, new Encoder().op(1, 0x60, 1, 0x7f, 0)).section(3, new Encoder().op(1, 0));
  const body = new Encoder().byte(0);
  for (const byte of code) body.byte(byte);
  return output.section(10, new Encoder().u32(1).sized(body.byte(0x0b))).finish();
}

function repeated(count: number, ...bytes: readonly number[]): number[] {
  return Array.from({ length: count }, () => bytes).flat();
}

/** Instructions planned and bytes written per byte of input must not grow with the input. */
test("[G6] work and output are linear in the input", () => {
  const shapes: readonly ((count: number) => readonly number[])[] = [
    (count) => repeated(count, 0x20, 0, 0x04, 0x40, 0x41, 1, 0x21, 0, 0x0b),
    (count) => [...repeated(count, 0x02, 0x40), ...repeated(count, 0x0b)],
    (count) => [
      ...repeated(count, 0x03, 0x40, 0x20, 0, 0x0d, 0, 0x20, 0, 0x20, 0, 0x6a, 0x20, 0, 0x6a, 0x21, 0),
      ...repeated(count, 0x0b),
    ],
    (count) => [0x20, 0, 0x0e, ...[(count & 0x7f) | 0x80, count >> 7], ...repeated(count + 1, 0)],
    (count) => repeated(count, 0x43, 0, 0, 0, 0, 0x43, 0, 0, 0, 0, 0x92, 0x8c, 0x1a),
  ];
  for (const [index, shape] of shapes.entries()) {
    const [small = 0, large = 0] = [250, 2000].map((count) => {
      const bytes = moduleOf(shape(count));
      const [plan] = new FunctionPlanner(readModule(bytes)).planAll();
      assert.ok(plan !== undefined);
      assert.ok(plan.marks.length <= bytes.length);
      return instrument(bytes, { profile: "conformance" }).bytes.length / bytes.length;
    });
    assert.ok(large < small * 1.2 + 0.1, `shape ${index}: ${small} to ${large}`);
  }
});

test("peephole: a NaN that only producers, comparisons and truncations see stays as it is", () => {
  const marked = (expression: string, result: string): number => {
    const bytes = assemble(`(module (func (param f64 f64) (result ${result}) ${expression}))`);
    const [plan] = new FunctionPlanner(readModule(bytes)).planAll();
    assert.ok(plan !== undefined);
    return plan.marks.filter((mark) => (mark & Mark.CANONICAL) !== 0).length;
  };
  const sum = "(f64.add (local.get 0) (local.get 1))";
  assert.equal(marked(`(f64.mul ${sum} ${sum})`, "f64"), 1);
  assert.equal(marked(`(f64.lt ${sum} ${sum})`, "i32"), 0);
  assert.equal(marked(`(i32.trunc_f64_s ${sum})`, "i32"), 0);
  assert.equal(marked(`(f64.neg ${sum})`, "f64"), 1);
  assert.equal(marked(`(f64.copysign ${sum} ${sum})`, "f64"), 2);
  assert.equal(marked(`(i64.reinterpret_f64 ${sum})`, "i64"), 1);
  assert.equal(marked(`(select ${sum} ${sum} (i32.const 1))`, "f64"), 1, "the choice");
  assert.equal(marked(`(select ${sum} (local.get 0) (i32.const 1))`, "f64"), 1, "one of them");
  assert.equal(marked(`(block (result f64) ${sum})`, "f64"), 1);
  assert.equal(marked(`(drop ${sum}) (f64.const 0)`, "f64"), 0);
  const zero = "(v128.const i64x2 0 0)";
  const lanes = (inner: string, outer: string): string =>
    `(i32x4.extract_lane 0 (${outer}.eq (${outer}.add (${inner}.mul ${zero} ${zero}) ${zero}) ${zero}))`;
  assert.equal(marked(lanes("f64x2", "f64x2"), "i32"), 0);
  assert.equal(marked(lanes("f32x4", "f64x2"), "i32"), 1, "another shape reads the bits");
});

/** Names of the instructions whose NaN is made canonical. */
function canonicalNames(code: string): string {
  const bytes =
    assemble(`(module (memory 1) (global (mut f64) (f64.const 0)) (func (param $p f64) (param $n i32) (result f64)
      (local $x f64) (local $y f64) (local $v v128) ${code}))`);
  const module = readModule(bytes);
  const [{ marks } = { marks: [] }] = new FunctionPlanner(module).planAll();
  const reader = new InstructionReader(bytes, module.code[0]?.codeStart ?? 0, module.code[0]?.end ?? 0);
  const names: string[] = [];
  for (const mark of marks) {
    reader.next();
    if ((mark & Mark.CANONICAL) !== 0) names.push(reader.opcode.name);
  }
  return names.join(" ");
}

test("locals that only producers and numbers are written to are settled where their bits are seen", () => {
  const marked = canonicalNames;
  const sum = "(f64.add (local.get $x) (local.get $p))";
  const loop = (code: string): string => `(loop $l ${code} (br_if $l (local.get $n)))`;
  assert.equal(marked(`${loop(`(local.set $x ${sum})`)} (local.get $x)`), "local.get", "not in the loop");
  assert.equal(
    marked(`(local.set $x ${sum}) ${loop("(global.set 0 (local.get $x))")} (f64.const 0)`),
    "f64.add",
  );
  assert.equal(
    marked(`(local.set $x ${sum}) (f64.lt (local.get $x) (local.get $x)) (drop) (f64.const 0)`),
    "",
  );
  const perhaps = (code: string): string => `(if (local.get $n) (then ${code}))`;
  const final = (code: string): string => `${perhaps(code)} (local.get $x)`;
  assert.equal(marked(`(local.set $x ${sum}) ${final("(local.set $x (local.get $p))")}`), "f64.add");
  assert.equal(
    marked(`(local.set $x ${sum}) ${final("(local.set $x (f64.const nan:0x8000000000001))")}`),
    "f64.add",
  );
  assert.equal(marked(`(local.set $x ${sum}) ${final("(local.set $x (f64.const nan))")}`), "local.get");
  assert.equal(marked(`(local.set $p ${sum}) (local.get $p)`), "f64.add", "a parameter holds final bits");
  assert.equal(marked(`(local.set $x ${sum}) (local.set $y (local.get $x)) (local.get $y)`), "local.get");
  const copied = `(local.set $y (local.get $x)) ${perhaps("(local.set $x (f64.load (i32.const 0)))")}
    (local.set $y (local.get $x))`;
  assert.equal(marked(`(local.set $x ${sum}) ${copied} (local.get $y)`), "f64.add", "copies are followed");
  const lanes = "(f64x2.extract_lane 0 (local.get $v))";
  const single = "(local.set $v (f32x4.sqrt (local.get $v)))";
  assert.equal(marked(`${single} ${lanes}`), "local.get");
  assert.equal(
    marked(`${single} ${perhaps("(local.set $v (f64x2.sqrt (local.get $v)))")} ${lanes}`),
    "f32x4.sqrt f64x2.sqrt",
  );
});

test("what a local holds in one line of code is settled by itself", () => {
  const sum = "(f64.add (local.get $x) (local.get $p))";
  const over = (value: string): string => `(local.set $x ${sum}) (local.set $x ${value}) (local.get $x)`;
  assert.equal(canonicalNames(over("(local.get $p)")), "", "nobody sees the sum");
  assert.equal(canonicalNames(over("(f64.const nan)")), "");
  const load = "(f64.load (i32.const 0))";
  const product = "(local.set $x (f64.mul (local.get $x) (local.get $p))) (f64.neg (local.get $x))";
  assert.equal(canonicalNames(`(local.set $x ${load}) ${product}`), "local.get", "a load and a product");
  const next = `(local.set $x ${load}) (local.set $y (local.get $x))`;
  assert.equal(
    canonicalNames(`(local.set $x ${load}) ${product} (block) (drop) ${next} (local.get $y)`),
    "local.get",
  );
  const skipped = `(br_if 0 (local.get $x) (local.get $n)) (drop)`;
  assert.equal(
    canonicalNames(`(local.set $x ${sum}) ${skipped} ${over(load)}`),
    "f64.add",
    "a branch sees it",
  );
  const lanes = "(f64x2.extract_lane 0 (local.get $v))";
  const shapes =
    "(local.set $v (f32x4.sqrt (f64x2.splat (local.get $p)))) (local.set $v (f64x2.sqrt (local.get $v)))";
  assert.equal(canonicalNames(`${shapes} ${lanes}`), "local.get local.get", "each in its shape");
});

test("stores of results wait for each other over code that nobody can look into", () => {
  const marked = (code: string): string => {
    const bytes = assemble(
      `(module (memory 1) (global $g (mut i32) (i32.const 0)) (func (param f64 i32) ${code}))`,
    );
    const [{ marks } = { marks: [] }] = new FunctionPlanner(readModule(bytes)).planAll();
    const letters = [...marks].map((mark) =>
      (mark & Mark.WAITS) !== 0
        ? "w"
        : (mark & Mark.STORES) !== 0
          ? "S"
          : (mark & Mark.CANONICAL) !== 0
            ? "c"
            : "",
    );
    return letters.join("");
  };
  const store = (at: number): string => `(f64.store (i32.const ${at}) (f64.sqrt (local.get 0)))`;
  const single = "(f32.store (i32.const 0) (f32.demote_f64 (local.get 0)))";
  assert.equal(marked(store(0)), "c");
  assert.equal(marked(`${store(0)} ${store(8)} ${store(4)}`), "wwS");
  assert.equal(marked([0, 8, 16, 24, 32].map(store).join("")), "wwwSc", "at most four");
  assert.equal(marked(`${single} ${single} ${store(0)}`), "wSc", "of one width");
  assert.equal(marked(`${store(0)} (local.set 1 (i32.mul (local.get 1) (global.get $g))) ${store(8)}`), "wS");
  for (const code of [
    "(drop (i32.load (i32.const 0)))",
    "(i32.store8 (i32.const 0) (local.get 1))",
    "(f64.store (i32.const 0) (local.get 0))",
    "(global.set $g (local.get 1))",
    "(drop (i32.div_s (local.get 1) (local.get 1)))",
    "(drop (i32.trunc_f64_s (local.get 0)))",
    "(drop (memory.grow (local.get 1)))",
    "(memory.fill (local.get 1) (local.get 1) (local.get 1))",
    "(v128.store (local.get 1) (v128.const i64x2 0 0))",
    "(br_if 0 (local.get 1))",
    "(loop)",
  ])
    assert.equal(marked(`${store(0)} ${code} ${store(8)}`), "cc", code);
});

test("a store that traps leaves those before it done, with canonical bits", () => {
  const text = `(module (memory (export "memory") 1) (func (export "run") (param f64 f64)
    (f64.store (i32.const 8) (f64.mul (local.get 0) (local.get 1)))
    (f64.store (i32.const 65532) (f64.add (local.get 0) (local.get 1)))
    (f64.store (i32.const 16) (f64.sub (local.get 0) (local.get 1)))))`;
  const guest = new MeteredGuest(instrument(assemble(text), { profile: "conformance" }).bytes);
  const { trap } = guest.call("run", [-Infinity, 0]);
  assert.notEqual(trap, undefined);
  const view = new DataView(guest.memory.buffer);
  assert.equal(view.getBigUint64(8, true), 0x7ff8000000000000n);
  assert.equal(view.getBigUint64(16, true), 0n);
});
