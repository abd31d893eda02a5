/** What an attacker would write to get much time for little fuel. */

import { copies, loopModule, repeat } from "./fuel-probe.js";
import type { FuelProbe, LoopParts } from "./fuel-probe.js";

function hostile(name: string, parts: LoopParts, more: Partial<FuelProbe> = {}): FuelProbe {
  return { name, cost: "hostile", text: loopModule(parts), ...more };
}

const few = copies / 4;
/** Renews $k by xorshift: 9 fuel, about 6 cycles. */
const shuffle = `(local.set $k (i32.xor (local.get $k) (i32.shl (local.get $k) (i32.const 13))))
  (local.set $k (i32.xor (local.get $k) (i32.shr_u (local.get $k) (i32.const 17))))
  (local.set $k (i32.xor (local.get $k) (i32.shl (local.get $k) (i32.const 5))))`;
const seeded = "(local.set $k (i32.const 88172645))";
const lineBytes = 64;

/** One cycle through all lines of the memory in an order without pattern: n → (n × 5 + odd) mod 2^bits. */
function chase(mebibytes: number): FuelProbe {
  const lines = (mebibytes << 20) / lineBytes;
  const start = 1 << 16;
  const address = (index: string): string =>
    `(i32.add (i32.const ${start}) (i32.mul ${index} (i32.const ${lineBytes})))`;
  const next = `(i32.and (i32.add (i32.mul (local.get $k) (i32.const 1664525)) (i32.const 1013904223))
    (i32.const ${lines - 1}))`;
  return hostile(`loads that wait for loads, over ${mebibytes} MiB`, {
    pages: mebibytes * 16 + 1,
    before: `(if (i32.eqz (i32.load (i32.const 512))) (then
      (i32.store (i32.const 512) (i32.const 1))
      (local.set $k (i32.const 0))
      (loop $fill
        (i32.store ${address("(local.get $k)")} ${address(next)})
        (local.set $k ${next})
        (br_if $fill (local.get $k)))))
      (local.set $ai (i32.load (i32.const 516)))
      (if (i32.eqz (local.get $ai)) (then (local.set $ai (i32.const ${start}))))`,
    body: `(local.get $ai) ${repeat(copies, () => "i32.load")} (local.set $ai)
      (i32.store (i32.const 516) (local.get $ai))`,
  });
}

/** Operands whose results are smaller than the smallest normal number. */
function denormal(name: string, work: string): FuelProbe {
  return hostile(`${name} of denormal numbers`, {
    before: `(local.set $ad (f64.reinterpret_i64 (i64.const 0x000f123456789abc)))
      (local.set $zd (f64.reinterpret_i64 (i64.const 0x0000000000012345)))
      (local.set $af (f32.reinterpret_i32 (i32.const 0x007f1234)))
      (local.set $zf (f32.reinterpret_i32 (i32.const 0x00000123)))`,
    body: work,
  });
}

function chain(letter: string, work: string): string {
  return `(local.get $a${letter}) ${repeat(copies, () => work)} (local.set $a${letter})`;
}

const numbers: readonly FuelProbe[] = [
  denormal("f64.add", chain("d", "(local.get $zd) f64.add (local.get $zd) f64.sub")),
  denormal("f64.mul", chain("d", "(f64.const 0.9) f64.mul (local.get $zd) f64.add")),
  denormal("f64.div", chain("d", "(f64.const 1.1) f64.div (local.get $zd) f64.add")),
  denormal("f64.sqrt", chain("d", "f64.sqrt (f64.const 1e-310) f64.mul")),
  denormal("f32.mul", chain("f", "(f32.const 0.9) f32.mul (local.get $zf) f32.add")),
  hostile("f64.add of NaN", {
    before: "(local.set $ad (f64.div (f64.const 0) (f64.const 0)))",
    body: chain("d", "(local.get $zd) f64.add"),
  }),
  hostile("f64.min of NaN", {
    before: "(local.set $ad (f64.div (f64.const 0) (f64.const 0)))",
    body: chain("d", "(local.get $zd) f64.min"),
  }),
  hostile("f32x4.add of NaN", {
    before: "(local.set $av (f32x4.div (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0)))",
    body: chain("v", "(local.get $zv) f32x4.add"),
  }),
  hostile("f64.convert_i64_u of large numbers", {
    body: chain("l", "(i64.const 0x8000000000000001) i64.or f64.convert_i64_u i64.reinterpret_f64"),
  }),
  hostile("i64.trunc_sat_f64_u of large numbers", {
    body: chain("d", "i64.trunc_sat_f64_u (i64.const 0x43e8123456789abc) i64.or f64.reinterpret_i64"),
  }),
  hostile("i64.trunc_sat_f64_u of NaN", {
    body: chain("d", "i64.trunc_sat_f64_u (i64.const 0x7ff8123456789abc) i64.or f64.reinterpret_i64"),
  }),
  hostile("i32.trunc_sat_f64_s of NaN", {
    body: chain(
      "d",
      "i32.trunc_sat_f64_s i64.extend_i32_u (i64.const 0x7ff8123456789abc) i64.or f64.reinterpret_i64",
    ),
  }),
];

const predictions: readonly FuelProbe[] = [
  hostile("branches that nobody predicts", {
    before: seeded,
    body: repeat(
      few,
      () => `${shuffle} (if (i32.and (local.get $k) (i32.const 64))
        (then (local.set $ai (i32.add (local.get $ai) (local.get $zi))) (i32.store (i32.const 64) (local.get $ai)))
        (else (local.set $al (i64.add (local.get $al) (local.get $zl))) (i64.store (i32.const 72) (local.get $al))))`,
    ),
  }),
  hostile("br_table with random index", {
    before: seeded,
    body: repeat(few, () => {
      const blocks = "(block ".repeat(16);
      const arms = repeat(
        16,
        (index) => `(i32.store offset=${64 + 4 * index} (i32.const 0) (local.get $k)))`,
      );
      return `${shuffle} ${blocks} (br_table ${repeat(16, String)}
        (i32.and (local.get $k) (i32.const 15))) ${arms}`;
    }),
  }),
  hostile("call_indirect of 256 functions at random", {
    before: seeded,
    fields: `(type $t (func)) (table funcref (elem ${repeat(256, (index) => `$f${index}`)}))
      ${repeat(256, (index) => `(func $f${index} (i32.store offset=${4 * (index % 128)} (i32.const 0) (i32.const ${index})))`)}`,
    body: repeat(few, () => `${shuffle} (call_indirect (type $t) (i32.and (local.get $k) (i32.const 255)))`),
  }),
  hostile("4,000 functions in turn", {
    fields: `(type $t (func (param i32) (result i32))) (table funcref (elem ${repeat(4000, (index) => `$f${index}`)}))
      ${repeat(
        4000,
        (index) => `(func $f${index} (type $t)
          (i32.store offset=64 (i32.const 0) (i32.xor (local.get 0) (i32.const ${index * 7919})))
          (i32.add (local.get 0) (i32.const 1)))`,
      )}`,
    body: `(local.set $m (i32.const 3999)) (loop $all
      (local.set $ai (call_indirect (type $t) (local.get $ai) (local.get $m)))
      (br_if $all (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))`,
  }),
];

/** Cheap instructions, as many as a body holds. */
const cheap: readonly FuelProbe[] = [
  hostile("a body of 200,000 reinterpretations", {
    body: `(local.get $ad) ${"i64.reinterpret_f64 f64.reinterpret_i64 ".repeat(100_000)} (local.set $ad)`,
  }),
];

const memory: readonly FuelProbe[] = [
  chase(1),
  chase(16),
  chase(256),
  hostile("loads across pages and lines", {
    pages: 4,
    body: chain("i", "i32.load offset=8190"),
  }),
  hostile("bytes stored, word loaded", {
    body: chain(
      "i",
      "(local.set $ai) (i32.const 128) (local.get $ai) i32.store8 (i32.const 126) (i32.const 0) i32.store8 (i32.load (i32.const 125))",
    ),
  }),
  hostile("stores to random lines of 16 MiB", {
    pages: 257,
    before: seeded,
    body: repeat(
      few,
      () => `${shuffle} (i32.store (i32.and (local.get $k) (i32.const 0xffffc0)) (local.get $k))`,
    ),
  }),
  hostile(
    "first touch of every 4 KiB",
    {
      pages: 1025,
      body: "(i32.store (local.get $ai) (i32.const 1)) (local.set $ai (i32.add (local.get $ai) (i32.const 4096)))",
    },
    { fresh: true, rounds: 16_384 },
  ),
  hostile(
    "memory.grow by a page",
    { body: "(local.set $ai (memory.grow (i32.const 1)))" },
    { fresh: true, rounds: 1000, pagesMax: 1100 },
  ),
  hostile(
    "memory.grow by a page, and touch",
    {
      body: `(local.set $ai (memory.grow (i32.const 1)))
        (local.set $ai (i32.mul (local.get $ai) (i32.const 65536)))
        ${repeat(16, (index) => `(i32.store offset=${4096 * index} (local.get $ai) (i32.const 1))`)}`,
    },
    { fresh: true, rounds: 1000, pagesMax: 1100 },
  ),
];

export const hostileProbes: readonly FuelProbe[] = [...numbers, ...cheap, ...predictions, ...memory];
