/**
 * Runs every instruction that can make a NaN, and every way that its bits can be seen, over operands with payloads,
 * signs and signalling bits. Run under different compilers of the engine its output must not change.
 */

import { createHash } from "node:crypto";
import { OPCODES } from "../opcodes.js";
import type { Opcode } from "../opcodes.js";
import { ValueType } from "../value-type.js";
import { assemble } from "./assemble.js";
import { MeteredGuest } from "./metered-guest.js";
import type { Instrument } from "./mutant-build.js";

export interface NanReport {
  /** Digest of all result bits. */
  readonly digest: string;
  /** Results of producers: any NaN among them, and those that are not positive canonical. */
  readonly nans: number;
  readonly foreign: number;
  /** Names of the functions with a NaN that is not canonical. */
  readonly foreignNames: readonly string[];
  /** Moves that changed bits, by name. */
  readonly damaged: readonly string[];
  /** Running hash of a loop that is long enough for the engine to change compilers in its middle. */
  readonly loop: string;
}

const singles = [
  0x7fc00000, 0xffc00000, 0x7fc12345, 0xffc54321, 0x7fa00001, 0xff812345, 0x7f800000, 0xff800000, 0,
  0x80000000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0x00000001,
];
const doubles = [
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff8000012345678n,
  0xfffc0000deadbeefn,
  0x7ff4000000000001n,
  0xfff0000000012345n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x7fefffffffffffffn,
  1n,
];
const OPERAND_BYTES = 16;
const RESULTS_AT = 8192;

/** One probe: how an expression over `(local.get $a)` and `(local.get $b)` is typed, read and judged. */
interface Probe {
  readonly name: string;
  readonly operand: Shape;
  readonly result: Shape;
  readonly expression: string;
  /** `canonical`: any NaN in the result is positive canonical. `any`: only equal everywhere. */
  readonly judge: "canonical" | "any";
}

type Shape = "f32" | "f64" | "f32x4" | "f64x2" | "i32" | "i64";

function wasmType(shape: Shape): string {
  return shape === "f32x4" || shape === "f64x2" ? "v128" : shape;
}

const a = "(local.get $a)";
const b = "(local.get $b)";

function shapeOfOperand(opcode: Opcode): Shape {
  if (opcode.operands?.[0] === ValueType.F32) return "f32";
  if (opcode.operands?.[0] === ValueType.F64) return "f64";
  if (opcode.name === "f32x4.demote_f64x2_zero") return "f64x2";
  if (opcode.name === "f64x2.promote_low_f32x4") return "f32x4";
  return opcode.nan === "f32x4" ? "f32x4" : "f64x2";
}

function producers(): Probe[] {
  return OPCODES.flatMap((opcode) => {
    if (opcode?.nan === undefined) return [];
    const expression = `(${opcode.name} ${opcode.operands?.length === 2 ? `${a} ${b}` : a})`;
    const operand = shapeOfOperand(opcode);
    return [{ name: opcode.name, operand, result: opcode.nan, expression, judge: "canonical" as const }];
  });
}

/** Ways by which the NaN of a producer can become visible, and chains in which it must not. */
const chains: readonly Probe[] = (
  [
    // An optimising compiler folds or moves constants, and with them another payload wins.
    ["f64", "f64", "constant first, add", `(f64.add (f64.const nan:0x8000000000333) ${a})`],
    ["f64", "f64", "constant first, mul", `(f64.mul (f64.const -nan:0x8000000000444) ${b})`],
    ["f64", "f64", "constant second, mul", `(f64.mul ${a} (f64.const nan:0x8000000000555))`],
    ["f64", "f64", "constant second, sub", `(f64.sub ${a} (f64.const nan:0x8000000000666))`],
    ["f64", "f64", "constant second, div", `(f64.div ${a} (f64.const nan:0x8000000000777))`],
    ["f32", "f32", "constant first, single", `(f32.add (f32.const nan:0x400333) ${a})`],
    ["f64", "f64", "chain", `(f64.add (f64.mul ${a} ${b}) (f64.div ${a} ${b}))`],
    ["f32", "f64", "promoted", `(f64.promote_f32 (f32.add ${a} ${b}))`],
    ["f64", "f32", "demoted", `(f32.demote_f64 (f64.sub ${a} ${b}))`],
    ["f64", "f64", "through a local", `(local.set $a (f64.add ${a} ${b})) (local.get $a)`],
    ["f64", "f64", "through tee", `(drop (f64.add (local.tee $a (f64.add ${a} ${b})) ${b})) (local.get $a)`],
    ["f64", "f64", "through select", `(select (f64.add ${a} ${b}) (f64.mul ${b} ${a}) (f64.lt ${a} ${b}))`],
    ["f64", "f64", "out of a block", `(block (result f64) (f64.add ${a} ${b}))`],
    ["f64", "f64", "by a branch", `(block (result f64) (br_if 0 (f64.add ${a} ${b}) (f64.lt ${b} ${a})))`],
    [
      "f64",
      "f64",
      "out of both arms",
      `(if (result f64) (f64.lt ${a} ${b}) (then (f64.add ${a} ${b})) (else (f64.sub ${a} ${b})))`,
    ],
    ["f64", "f64", "around a block", `(f64.add ${a} ${b}) (block (nop)) (f64.sqrt)`],
    ["f64", "f64", "sum in a local", `(local.set $x (f64.add ${a} ${b})) (local.get $x)`],
    [
      "f64",
      "f64",
      "sum over a loop",
      `(loop $l (local.set $x (f64.add (local.get $x) (f64.mul ${a} ${b})))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3)))) (local.get $x)`,
    ],
    [
      "f64",
      "f64",
      "copied from local to local",
      `(local.set $x (f64.mul ${a} ${b})) (local.set $y (local.get $x))
       (local.set $x (f64.sub (local.get $y) ${b})) (select (local.get $x) (local.get $y) (f64.lt ${a} ${b}))`,
    ],
    [
      "f32x4",
      "f32x4",
      "vector in a local",
      `(local.set $x (f32x4.sub ${a} ${b})) (local.set $y (f32x4.div (local.get $x) ${a})) (local.get $y)`,
    ],
    ["f64", "f64", "by a call", `(call $pass64 (f64.add ${a} ${b}))`],
    ["f64", "f64", "by a global", `(global.set $g (f64.add ${a} ${b})) (global.get $g)`],
    [
      "f64",
      "f64",
      "by memory",
      `(f64.store (i32.const 4096) (f64.add ${a} ${b})) (f64.load (i32.const 4096))`,
    ],
    [
      "f64",
      "f64",
      "stored with another",
      `(f64.store (i32.const 4096) (f64.mul ${a} ${b})) (f64.store (i32.const 4104) (f64.sub ${a} ${b}))
       (f64.load (i32.const 4096)) (f64.load (i32.const 4104)) (f64.store (i32.const 4112) (f64.add ${a} ${b}))
       (select (f64.eq ${b} ${a}))`,
    ],
    [
      "f32",
      "f32",
      "stored with two others",
      `(f32.store (i32.const 4096) (f32.sub ${a} ${b})) (f32.store (i32.const 4100) (f32.mul ${a} ${b}))
       (f32.store (i32.const 4104) (f32.div ${a} ${b})) (f32.load (i32.const 4096)) (f32.load (i32.const 4100))
       (select (f32.lt ${b} ${a})) (f32.load (i32.const 4104)) (select (f32.gt ${b} ${a}))`,
    ],
    ["f64", "f64", "loop parameter", `(f64.add ${a} ${b}) (loop (param f64) (result f64))`],
    ["f64", "f64", "block parameter", `(f64.add ${a} ${b}) (block (param f64) (result f64) (f64.sqrt))`],
    [
      "f64",
      "f64",
      "through lanes",
      `(f64x2.extract_lane 0 (f64x2.replace_lane 0 (v128.const i64x2 0 0) (f64.add ${a} ${b})))`,
    ],
    ["f32x4", "f32x4", "vector chain", `(f32x4.mul (f32x4.add ${a} ${b}) (f32x4.sqrt ${b}))`],
    ["f32x4", "f32x4", "vector minimum", `(f32x4.pmin (f32x4.add ${a} ${b}) (f32x4.sub ${a} ${b}))`],
  ] as const
).map(([operand, result, name, expression]) => ({ name, operand, result, expression, judge: "canonical" }));

const observers: readonly Probe[] = (
  [
    ["f64", "i64", "reinterpret", `(i64.reinterpret_f64 (f64.add ${a} ${b}))`],
    ["f64", "f64", "sign of a NaN", `(f64.copysign (f64.const 1) (f64.div ${a} ${b}))`],
    ["f64", "f64", "negated", `(f64.neg (f64.add ${a} ${b}))`],
    ["f32", "f32", "absolute", `(f32.abs (f32.neg (f32.mul ${a} ${b})))`],
    ["f32x4", "f64x2", "shapes mixed", `(f64x2.add (f32x4.add ${a} ${b}) (f32x4.mul ${a} ${b}))`],
    ["f64x2", "f32x4", "shapes mixed back", `(f32x4.add (f64x2.add ${a} ${b}) (f64x2.mul ${a} ${b}))`],
    ["f32x4", "f32x4", "vector bits", `(i32x4.add (f32x4.add ${a} ${b}) (f32x4.neg (f32x4.div ${a} ${b})))`],
    [
      "f64",
      "f64",
      "a local of sums and moves",
      `(if (f64.lt ${a} ${b}) (then (local.set $x (f64.add ${a} ${b}))) (else (local.set $x ${a}))) (local.get $x)`,
    ],
    [
      "f64",
      "f64",
      "a local of sums and constants",
      `(local.set $x (f64.add ${a} ${b}))
       (if (f64.gt ${a} ${b}) (then (local.set $x (f64.const -nan:0x4000000000123)))) (local.get $x)`,
    ],
    ["f64", "f64", "a parameter of moves that gets a sum", `(call $pass64 (call $sum64 ${a} ${b}))`],
    [
      "f64",
      "f64",
      "a move copied through a local of sums",
      `(local.set $x (f64.mul ${b} ${b})) (if (f64.ge ${a} ${b}) (then (local.set $x ${a})))
       (local.set $y (local.get $x)) (local.get $y)`,
    ],
    ["f64", "f64", "a move or a sum by select", `(select ${a} (f64.add ${a} ${b}) (f64.ne ${a} ${a}))`],
    [
      "f32x4",
      "f32x4",
      "a local of two shapes",
      `(local.set $x (f32x4.add ${a} ${b}))
       (if (i32x4.all_true ${a}) (then (local.set $x (f64x2.add ${a} ${b})))) (local.get $x)`,
    ],
    [
      "f64",
      "f64",
      "a local that holds a move, then a sum",
      `(local.set $x ${a}) (f64.add (local.get $x) ${b}) (local.set $x (f64.sub (local.get $x) ${b}))
       (f64.add (local.get $x)) (local.set $y) (f64.copysign (local.get $x) (local.get $y))`,
    ],
    [
      "f64",
      "f64",
      "a local that holds a sum, then a move",
      `(local.set $x (f64.add ${a} ${b})) (local.get $x) (local.set $x ${a})
       (f64.copysign (local.get $x))`,
    ],
    [
      "f64",
      "f64",
      "a local of a sum or a move, used again",
      `(local.set $x (f64.add ${a} ${b})) (if (f64.lt ${a} ${b}) (then (local.set $x ${a})))
       (local.get $x) (local.set $x (f64.const 0))`,
    ],
    ["f64", "f64", "a parameter that gets a sum and a move in turn", `(call $turn64 ${a} ${b})`],
    [
      "f64",
      "f64",
      "stored over others",
      `(f64.store (i32.const 4096) (f64.mul ${a} ${b})) (f64.store (i32.const 4100) (f64.sub ${a} ${b}))
       (f64.store (i32.const 4104) (f64.add ${a} ${b})) (f32.store (i32.const 4108) (f32.demote_f64 ${a}))
       (f64.copysign (f64.load (i32.const 4096)) (f64.load (i32.const 4100)))`,
    ],
    [
      "f64",
      "f64",
      "loaded between stores",
      `(f64.store (i32.const 4096) (f64.mul ${a} ${b})) (f64.load offset=1 (i32.const 4096))
       (f64.store (i32.const 4096) (f64.sub ${a} ${b})) (if (f64.lt ${a} ${b})
         (then (f64.store (i32.const 4096) (f64.add ${a} ${b})))) (f64.store (i32.const 4104) (f64.add ${b} ${a}))
       (f64.copysign (f64.load (i32.const 4096)))`,
    ],
    ["f64", "i32", "compared", `(f64.ne (f64.add ${a} ${b}) (f64.mul ${a} ${b}))`],
    ["f64", "i32", "truncated", `(i32.trunc_sat_f64_s (f64.sub ${a} ${b}))`],
    ["f64", "i32", "mask of a NaN", `(i64x2.bitmask (f64x2.add (f64x2.splat ${a}) (f64x2.splat ${b})))`],
  ] as const
).map(([operand, result, name, expression]) => ({ name, operand, result, expression, judge: "any" }));

/** Moves keep every bit: name, shape, expression, and what it does to the bits of $a (and the sign of $b). */
const moves: readonly (readonly [
  string,
  "f32" | "f64",
  string,
  "same" | "negated" | "absolute" | "signed",
])[] = (["f32", "f64"] as const).flatMap((type) => {
  const integer = type === "f32" ? "i32" : "i64";
  const vector = type === "f32" ? "f32x4" : "f64x2";
  return [
    [`${type} load and store`, type, a, "same"],
    [`${type}.neg`, type, `(${type}.neg ${a})`, "negated"],
    [`${type}.abs`, type, `(${type}.abs ${a})`, "absolute"],
    [`${type}.copysign`, type, `(${type}.copysign ${a} ${b})`, "signed"],
    [`${type} select`, type, `(select ${a} ${b} (i32.const 1))`, "same"],
    [
      `${type} reinterpret`,
      type,
      `(${type}.reinterpret_${integer} (${integer}.reinterpret_${type} ${a}))`,
      "same",
    ],
    [
      `${type} local, block, call`,
      type,
      `(call $pass${type.slice(1)} (block (result ${type}) (local.tee $b ${a})))`,
      "same",
    ],
    [`${vector} lanes`, type, `(${vector}.extract_lane 1 (${vector}.splat ${a}))`, "same"],
    [`${vector}.neg`, type, `(${vector}.extract_lane 0 (${vector}.neg (${vector}.splat ${a})))`, "negated"],
    [
      `${vector}.pmin`,
      type,
      `(${vector}.extract_lane 0 (${vector}.pmin (${vector}.splat ${a}) (${vector}.splat (${type}.const nan))))`,
      "same",
    ],
  ] as const;
});

function probeFunction(index: number, operand: Shape, result: Shape, expression: string): string {
  const [from, to] = [wasmType(operand), wasmType(result)];
  return `(func (export "p${index}") (param $pa i32) (param $pb i32) (param $out i32)
    (local $a ${from}) (local $b ${from}) (local $r ${to}) (local $x ${from}) (local $y ${from}) (local $i i32)
    (local.set $a (${from}.load (local.get $pa))) (local.set $b (${from}.load (local.get $pb)))
    ${expression} (local.set $r) (${to}.store (local.get $out) (local.get $r)))`;
}

const loopText = `(func (export "loop") (param $n i32) (result i64) (local $h i64) (local $i i32) (local $x f64)
  (loop $again
    (local.set $x (f64.mul (f64.load (i32.const 16416)) (f64.const nan:0x8000000000333)))
    (local.set $h (i64.add (i64.rotl (local.get $h) (i64.const 5)) (i64.reinterpret_f64 (local.get $x))))
    (local.set $x (f64.neg (f64.mul (f64.load (i32.const 16416)) (f64.load (i32.const 16400)))))
    (local.set $h (i64.xor (local.get $h) (i64.reinterpret_f64 (local.get $x))))
    (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
  (local.get $h))`;

function load({ instrument, canonicalizeNan }: NanSettings, functions: readonly string[]): MeteredGuest {
  const text = `(module (memory (export "memory") 1) (global $g (mut f64) (f64.const 0))
    (func $pass32 (param f32) (result f32) (local.get 0)) (func $pass64 (param f64) (result f64) (local.get 0))
    (func $sum64 (param f64 f64) (result f64)
      (if (f64.lt (local.get 0) (local.get 1)) (then (local.set 0 (f64.add (local.get 0) (local.get 1)))))
      (local.get 0))
    (func $turn64 (param f64 f64) (result f64) (local i64)
      (local.set 2 (i64.reinterpret_f64 (local.get 0))) (local.set 0 (f64.mul (local.get 0) (local.get 1)))
      (local.set 2 (i64.xor (local.get 2) (i64.reinterpret_f64 (local.get 0)))) (local.set 0 (local.get 1))
      (f64.reinterpret_i64 (i64.xor (local.get 2) (i64.reinterpret_f64 (local.get 0)))))
    ${functions.join("\n")} ${loopText})`;
  return new MeteredGuest(instrument(assemble(text), { canonicalizeNan }).bytes);
}

/** Operand `index` of a shape: in vectors lanes come from neighbouring values. */
function writeOperand(view: DataView, at: number, shape: Shape, index: number): void {
  if (shape === "f32" || shape === "f32x4") {
    for (let lane = 0; lane < 4; lane++) {
      view.setUint32(at + lane * 4, singles[(index + lane * 3) % singles.length] ?? 0, true);
    }
  } else {
    for (let lane = 0; lane < 2; lane++) {
      view.setBigUint64(at + lane * 8, doubles[(index + lane * 5) % doubles.length] ?? 0n, true);
    }
  }
}

function lanesOf(view: DataView, at: number, shape: Shape): bigint[] {
  const wide = shape === "f64" || shape === "f64x2" || shape === "i64";
  const count = shape === "f32x4" ? 4 : shape === "f64x2" ? 2 : 1;
  return Array.from({ length: count }, (_, lane) =>
    wide ? view.getBigUint64(at + lane * 8, true) : BigInt(view.getUint32(at + lane * 4, true)),
  );
}

function isNan(bits: bigint, shape: Shape): boolean {
  if (shape === "f32" || shape === "f32x4") return (bits & 0x7fffffffn) > 0x7f800000n;
  return (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n;
}

function canonicalOf(shape: Shape): bigint {
  return shape === "f32" || shape === "f32x4" ? 0x7fc00000n : 0x7ff8000000000000n;
}

export interface NanSettings {
  readonly instrument: Instrument;
  readonly canonicalizeNan: boolean;
  /** How often every function is called, so that tiers change. */
  readonly rounds: number;
  /** Of the pairs of operands every how manieth is tried: 1 for all. */
  readonly stride: number;
  /** Iterations of the loop. */
  readonly loopCount: number;
}

/** Runs everything. */
export function probeNans(settings: NanSettings): NanReport {
  const probes = [...producers(), ...chains, ...observers];
  const moved = moves.map(([, type, expression], index) =>
    probeFunction(probes.length + index, type, type, expression),
  );
  const functions = probes.map(({ operand, result, expression }, index) =>
    probeFunction(index, operand, result, expression),
  );
  const guest = load(settings, [...functions, ...moved]);
  const view = new DataView(guest.memory.buffer);
  const hash = createHash("sha256");
  const foreign: string[] = [];
  let nans = 0;
  for (let round = 0; round < settings.rounds; round++) {
    for (const [index, probe] of probes.entries()) {
      for (const at of runPairs(guest, view, { index, shape: probe.operand, stride: settings.stride })) {
        const lanes = lanesOf(view, at, probe.result);
        hash.update(lanes.join(","));
        if (probe.judge !== "canonical") continue;
        const found = lanes.filter((bits) => isNan(bits, probe.result));
        nans += found.length;
        if (found.some((bits) => bits !== canonicalOf(probe.result))) foreign.push(probe.name);
      }
    }
  }
  const damaged = damagedMoves(guest, view, { offset: probes.length, stride: settings.stride });
  view.setBigUint64(16400, 0x7ff8000000000111n, true);
  view.setBigUint64(16416, 0xfff8000000000222n, true);
  const loop = String(guest.call("loop", [settings.loopCount]).value);
  const foreignNames = [...new Set(foreign)];
  return { digest: hash.digest("hex"), nans, foreign: foreign.length, foreignNames, damaged, loop };
}

/** Which probe to run over pairs of operands. */
interface PairsOf {
  readonly index: number;
  readonly shape: Shape;
  readonly stride: number;
}

/** Calls a probe for pairs of operands; yields where each result lies. */
function* runPairs(guest: MeteredGuest, view: DataView, probe: PairsOf): Generator<number> {
  const { index, shape, stride } = probe;
  for (let first = 0; first < doubles.length; first++) {
    // Every operand comes first and second also where not all pairs are tried.
    for (let second = first % stride; second < doubles.length; second += stride) {
      writeOperand(view, 0, shape, first);
      writeOperand(view, OPERAND_BYTES, shape, second);
      const { trap } = guest.call(`p${index}`, [0, OPERAND_BYTES, RESULTS_AT]);
      if (trap !== undefined) throw new Error(`probe ${index} trapped: ${trap}`);
      yield RESULTS_AT;
    }
  }
}

function damagedMoves(
  guest: MeteredGuest,
  view: DataView,
  { offset, stride }: { offset: number; stride: number },
): string[] {
  const damaged = new Set<string>();
  for (const [index, [name, type, , effect]] of moves.entries()) {
    const sign = type === "f32" ? 0x80000000n : 0x8000000000000000n;
    for (const at of runPairs(guest, view, { index: offset + index, shape: type, stride })) {
      const [from = 0n] = lanesOf(view, 0, type);
      const [other = 0n] = lanesOf(view, OPERAND_BYTES, type);
      const [bits] = lanesOf(view, at, type);
      const magnitude = from & (sign - 1n);
      const want = {
        same: from,
        negated: from ^ sign,
        absolute: magnitude,
        signed: magnitude | (other & sign),
      }[effect];
      // A minimum returns its first operand unless the second is smaller: never, where that one is a NaN.
      if (bits !== want) damaged.add(name);
    }
  }
  return [...damaged];
}
