/** The independent interpreter against instrumented modules in the engine: results, traps, fuel, depth, bits, host. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { assemble } from "./testing/assemble.js";
import { InstrumentedTwin } from "./testing/interpreter/instrumented-twin.js";
import {
  LinkFailure,
  NULL_REFERENCE,
  Trap,
  hostFunction,
  interpret,
} from "./testing/interpreter/interpreter.js";
import type { Outcome, Value, ValueType } from "./testing/interpreter/interpreter.js";
import { MeteredGuest } from "./testing/metered-guest.js";
import { METERING_PROGRAMS } from "./testing/metering-programs.js";
import { seededRandom } from "./testing/random.js";

function i32(number: number): Value {
  return { type: "i32", bits: BigInt.asUintN(32, BigInt(number)) };
}

for (const { name, text, arguments: calls } of METERING_PROGRAMS) {
  test(`[G7] interpreted and instrumented agree: ${name}`, () => {
    const bytes = assemble(text);
    for (const parameters of calls) {
      const values = parameters.map(i32);
      const { expected, actual } = new InstrumentedTwin(bytes).call("run", values);
      assert.deepEqual(actual, expected, `run(${parameters.join(", ")})`);
      budgets(bytes, values, expected.fuel);
      depths(bytes, values);
    }
  });
}

/** Around the total, at the ends, and a few in between. */
function budgets(bytes: Uint8Array, values: readonly Value[], total: bigint): void {
  const random = seededRandom(Number(total) + 1);
  const between = [1, 2, 3].map(() => BigInt(random.below(Number(total))));
  for (const fuel of [0n, total - 1n, total, total + 1n, ...between]) {
    const { expected, actual } = new InstrumentedTwin(bytes).call("run", values, { fuel });
    assert.equal(expected.kind, fuel < total ? "out-of-fuel" : "returned", `budget ${fuel} of ${total}`);
    assert.equal(actual.kind, expected.kind, `budget ${fuel} of ${total}, instrumented`);
  }
}

/** The least depth that suffices, found in the interpreter; there and one byte below in both, and a few others. */
function depths(bytes: Uint8Array, values: readonly Value[]): void {
  let [low, high] = [-1, 1 << 20];
  while (high - low > 1) {
    const depth = Math.floor((low + high) / 2);
    if (interpret(bytes).call("run", values, { depth }).kind === "returned") high = depth;
    else low = depth;
  }
  for (const depth of [0, Math.floor(high / 2), high - 1, high, high + 1].filter(
    (bytesLeft) => bytesLeft >= 0,
  )) {
    const { expected, actual } = new InstrumentedTwin(bytes).call("run", values, { depth });
    assert.equal(expected.kind, depth < high ? "out-of-depth" : "returned");
    assert.equal(actual.kind, expected.kind, `depth ${depth} of ${high}, instrumented`);
  }
}

test("[G6] endless recursion goes as deep interpreted as instrumented, at every budget of depth", () => {
  const count = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))";
  const bytes = assemble(`(module (memory (export "memory") 1)
    (table funcref (elem $a $b $c))
    (type $t (func (param i32)))
    (func $a (export "run") (type $t) (local v128 f64) ${count} (call $b (local.get 0) (i64.const 1)))
    (func $b (param i32 i64) ${count}
      (block (result i32 i64 v128) (i32.const 1) (i64.const 2) (v128.const i64x2 3 4)) (drop) (drop) (drop)
      (block (br 0) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (call $a (i32.const 1)) (drop)
        (drop) (drop) (drop) (drop))
      (if (local.get 0) (then (call_indirect (type $t) (local.get 0) (i32.const 2)))))
    (func $c (type $t) ${count} (call $leaf) (call $a (local.get 0)))
    (func $leaf (local i64 i64 i64 i64)))`);
  const interpreted = interpret(bytes);
  const guest = new MeteredGuest(instrument(bytes).bytes);
  for (let depth = 0; depth < 6_000; depth += 7) {
    interpreted.memory?.fill(0);
    guest.memory.fill(0);
    assert.equal(interpreted.call("run", [i32(1)], { depth }).kind, "out-of-depth");
    assert.equal(guest.call("run", [1], { depth }).status, InstrumentedStatus.OUT_OF_DEPTH);
    assert.deepEqual(guest.memory.slice(0, 4), interpreted.memory?.slice(0, 4), `depth ${depth}`);
  }
});

/** Bits that JavaScript numbers would not carry. */
const bitPatterns: readonly (readonly [ValueType, bigint])[] = [
  ["f32", 0x7fa0_1234n],
  ["f32", 0xffc0_0001n],
  ["f64", 0x7ff4_0000_1234_5678n],
  ["f64", 0xfff8_0000_0000_0001n],
  ["v128", 0x7fa0_1234_ffc0_0001_7ff4_0000_1234_5678n],
];

test("[G2] moves keep the bits of a NaN: locals, globals, select, memory, calls, branches, tables of functions", () => {
  for (const [type, bits] of bitPatterns) {
    const load = type === "v128" ? "v128.load" : `${type}.load`;
    const store = type === "v128" ? "v128.store" : `${type}.store`;
    const zero = type === "v128" ? "(v128.const i64x2 0 0)" : `(${type}.const 0)`;
    const bytes = assemble(`(module (memory (export "memory") 1) (global $g (mut ${type}) ${zero})
      (type $same (func (param ${type}) (result ${type}))) (table funcref (elem $same))
      (func $same (type $same) (local ${type}) (local.set 1 (local.get 0)) (return (local.tee 0 (local.get 1))))
      (func (export "run") (param ${type}) (result ${type} ${type})
        (global.set $g (call $same (local.get 0)))
        (${store} offset=3 (i32.const 5) (global.get $g))
        (block (result ${type}) (br_if 0 (select (${load} offset=3 (i32.const 5)) ${zero} (i32.const 1)) (i32.const 1)))
        (loop (param ${type}) (result ${type}) (call_indirect (type $same) (i32.const 0)))
        (global.get $g)))`);
    const instance = interpret(bytes);
    const outcome = instance.call("run", [{ type, bits }]);
    assert.equal(outcome.kind, "returned");
    if (outcome.kind !== "returned") return;
    assert.deepEqual(outcome.values, [
      { type, bits },
      { type, bits },
    ]);
    assert.deepEqual(instance.globals(), [{ type, bits }]);
  }
});

const hosted = assemble(`(module
  (import "wasm_engine" "tick" (func $tick (param i32) (result i64)))
  (import "wasm_engine" "exit" (func $exit (param i32) (result i32)))
  (memory (export "memory") 1 6)
  (table funcref (elem $exit))
  (type $unary (func (param i32) (result i32)))
  (export "again" (func $exit))
  (data $d "abcdef")
  (func (export "run") (param i32) (result i64)
    (drop (call $exit (memory.grow (local.get 0))))
    (drop (call_indirect (type $unary) (local.get 0) (i32.const 0)))
    (memory.init $d (i32.const 0) (i32.const 1) (i32.const 4)) (data.drop $d)
    (memory.init $d (i32.const 9) (i32.const 0) (i32.const 0))
    (call $tick (memory.size)))
  (func (export "late") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))))`);

test("[G7] host functions, their charges, growth by quota, dropped segments", () => {
  for (const [pages, quota] of [
    [0, 9],
    [2, 9],
    [2, 2],
    [9, 9],
    [5, 9],
  ] as const) {
    const seen: bigint[] = [];
    const instance = interpret(hosted, {
      pagesMax: quota,
      imports: {
        wasm_engine: {
          exit: hostFunction(["i32"], ["i32"], ([value], host) => {
            seen.push(value?.bits ?? -1n);
            host.charge(7);
            return [i32(1)];
          }),
          tick: hostFunction(["i32"], ["i64"], ([value]) => [
            { type: "i64", bits: 1000n + (value?.bits ?? 0n) },
          ]),
        },
      },
    });
    const actual: number[] = [];
    const guest: MeteredGuest = new MeteredGuest(instrument(hosted).bytes, {
      functions: {
        exit: (value: number) => {
          actual.push(value);
          guest.set(Instrumented.charge, 7n);
          return 1;
        },
        tick: (value: number) => 1000n + BigInt(value),
      },
    });
    const outcome = instance.call("run", [i32(pages)]);
    const result = guest.call("run", [pages], { pages: quota });
    assert.equal(outcome.kind, "returned");
    assert.equal(outcome.fuel, (1n << 60n) - result.fuelLeft);
    assert.deepEqual(outcome.kind === "returned" && outcome.values.map(({ bits }) => bits), [result.value]);
    assert.deepEqual(
      seen,
      actual.map((value) => BigInt.asUintN(32, BigInt(value))),
    );
    assert.deepEqual(Buffer.compare(instance.memory ?? Buffer.alloc(0), guest.memory), 0);
    assert.deepEqual(instance.call("again", [i32(3)]), { kind: "returned", values: [i32(1)], fuel: 47n });
    assert.equal(guest.fuelOf("again", [3]), 47n);
    const late = instance.call("late");
    assert.deepEqual(late.kind === "trapped" && late.trap, "memory access out of bounds");
    assert.match(guest.call("late").trap ?? "", /out of bounds/);
  }
});

test("traps, steps, fuel beyond 2^53, start functions, links and references are outcomes of their own", () => {
  const instance = interpret(
    assemble(`(module (memory 1) (elem declare func $f)
      (func $f (export "endless") (loop (br 0)))
      (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const -0x80000000) (local.get 0)))
      (func (export "reference") (result funcref funcref) (ref.func $f) (ref.null func))
      (func (export "grow") (param i32) (result i32) (local i32)
        (loop (local.set 1 (memory.grow (i32.const -1)))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))`),
  );
  const trap = (outcome: Outcome): string => (outcome.kind === "trapped" ? outcome.trap : outcome.kind);
  assert.equal(instance.call("endless", [], { steps: 1_000 }).kind, "out-of-steps");
  assert.equal(instance.call("endless", [], { fuel: 1_000n }).kind, "out-of-fuel");
  assert.equal(trap(instance.call("divide", [i32(-1)])), "integer overflow");
  assert.equal(trap(instance.call("divide", [i32(0)])), "integer divide by zero");
  assert.deepEqual(instance.call("reference"), {
    kind: "returned",
    values: [
      { type: "funcref", bits: 0n },
      { type: "funcref", bits: NULL_REFERENCE },
    ],
    fuel: 6n + 2n,
  });
  // Each round asks for 2^32 - 1 pages.
  const rounds = 1_000n;
  const grown = instance.call("grow", [i32(Number(rounds))]);
  const round = 2n + 1n + 1000n + 4000n * 0xffff_ffffn + 1n + (1n + 1n + 1n) + 1n + 2n;
  assert.deepEqual(grown, { kind: "returned", values: [i32(-1)], fuel: 7n + rounds * round + 1n });
  const starting = assemble(`(module (global (mut i32) (i32.const 0)) (start $s)
    (func $s (global.set 0 (i32.const 3))))`);
  assert.deepEqual(interpret(starting).globals(), [i32(3)]);
  const waiting = interpret(starting, { runStart: false });
  assert.deepEqual(waiting.globals(), [i32(0)]);
  assert.deepEqual(waiting.start(), { kind: "returned", values: [], fuel: 6n + 1n + 3n });
  assert.throws(() => interpret(hosted), LinkFailure);
  assert.throws(() => interpret(assemble(`(module (memory 1) (data (i32.const 65536) "x"))`)), Trap);
});
