/**
 * Every plain instruction on edge values and random bits: the interpreter and the instrumented module in the engine
 * agree in every bit of memory, in traps and in fuel. OPERATION_SEED and OPERATION_ROUNDS repeat and extend a run.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { instrument } from "./instrument.js";
import { interpret } from "./testing/interpreter/interpreter.js";
import {
  OPERANDS_AT,
  PROBED,
  RESULT_AT,
  accessesMemory,
  operationModule,
} from "./testing/interpreter/operation-probe.js";
import type { ProbedOperation } from "./testing/interpreter/operation-probe.js";
import { trapKindOf } from "./testing/interpreter/trap-text.js";
import { MeteredGuest, PLENTY_OF_FUEL } from "./testing/metered-guest.js";
import { seededRandom } from "./testing/random.js";
import type { Random } from "./testing/random.js";

const seed = Number(process.env["OPERATION_SEED"] ?? 20_261_122);
const rounds = Number(process.env["OPERATION_ROUNDS"] ?? 48);

const edges32 = [
  ...[
    0, 1, 2, 3, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000,
    0xffff_ffff,
  ],
  // f32: zeros, ones, halves, around 2^23, 2^31, 2^32, 2^63, 2^64, subnormals, infinities, NaN of all kinds.
  ...[0x3f80_0000, 0xbf80_0000, 0x3f00_0000, 0xbf00_0000, 0x3fc0_0000, 0x4020_0000, 0x4b00_0001, 0x4b7f_ffff],
  ...[0x4eff_ffff, 0x4f00_0000, 0xcf00_0000, 0x4f80_0000, 0x4f7f_ffff, 0x5f00_0000, 0xdf00_0000, 0x5f80_0000],
  ...[0x0080_0000, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_0000, 0x7fa0_0001, 0xff80_0001],
];
const edges64 = [
  ...[
    0n,
    1n,
    63n,
    64n,
    65n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x7fff_ffff_ffff_ffffn,
    1n << 63n,
    (1n << 64n) - 1n,
  ],
  ...[0x0020_0000_0000_0001n, 0x8000_0080_0000_0001n, 0x7fff_ff40_0000_0001n, 0x00ff_ffff_7fff_ffffn],
  // f64: the same places, and those where rounding to f32 or to integers turns.
  ...[0x3ff0_0000_0000_0000n, 0xbff0_0000_0000_0000n, 0x3fe0_0000_0000_0000n, 0xbfe0_0000_0000_0000n],
  ...[0x3ff8_0000_0000_0000n, 0x4004_0000_0000_0000n, 0x3fdf_ffff_ffff_ffffn, 0x4330_0000_0000_0001n],
  ...[0x41df_ffff_ffff_ffffn, 0x41e0_0000_0000_0000n, 0xc1e0_0000_0010_0000n, 0xc1e0_0000_0020_0000n],
  ...[0x41ef_ffff_ffff_ffffn, 0x43e0_0000_0000_0000n, 0xc3e0_0000_0000_0000n, 0x43ef_ffff_ffff_ffffn],
  ...[0x36a0_0000_0000_0000n, 0x3690_0000_0000_0001n, 0x47ef_ffff_f000_0000n, 0x47ef_ffff_efff_ffffn],
  ...[0x3ff0_0000_1000_0000n, 0x3ff0_0000_3000_0000n, 0x7ff0_0000_0000_0000n, 0xfff8_0000_0000_0000n],
  ...[0x7ff4_0000_0000_0001n, 0xfff0_0000_0000_0001n, 1n, 0x000f_ffff_ffff_ffffn],
];

function word32(random: Random): number {
  if (random.below(3) === 0) return (random.below(0x1_0000) * 0x1_0000 + random.below(0x1_0000)) >>> 0;
  return edges32[random.below(edges32.length)] ?? 0;
}

/** Sixteen bytes of which every type finds something of interest. */
function operand(random: Random): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let half = 0; half < 2; half++) {
    if (random.below(2) === 0) view.setBigUint64(8 * half, edges64[random.below(edges64.length)] ?? 0n, true);
    else {
      view.setUint32(8 * half, word32(random), true);
      view.setUint32(8 * half + 4, word32(random), true);
    }
  }
  return bytes;
}

/** Addresses near the operands, at the end of memory, and beyond. */
function address(random: Random): number {
  const places = [
    OPERANDS_AT + 16 + random.below(40),
    65_536 - 24 + random.below(30),
    0xffff_ffff - random.below(4),
  ];
  return places[random.below(places.length)] ?? 0;
}

function fill(memory: Uint8Array, { operation }: ProbedOperation, random: Random): void {
  memory.fill(0xa5, RESULT_AT, RESULT_AT + 16);
  for (let index = 0; index < operation.operands.length; index++) {
    memory.set(operand(random), OPERANDS_AT + 16 * index);
  }
  memory.set(operand(random), 65_536 - 16);
  if (accessesMemory(operation.code)) {
    new DataView(memory.buffer).setUint32(OPERANDS_AT, address(random), true);
  }
}

test("[G2] every plain instruction: interpreted and instrumented give the same bits", (context) => {
  const random = seededRandom(seed);
  const bytes = operationModule(Array.from({ length: 16 }, () => random.below(32)));
  const instance = interpret(bytes);
  const guest = new MeteredGuest(instrument(bytes).bytes);
  const memory: Uint8Array = instance.memory ?? new Uint8Array(0);
  let trapped = 0;
  for (const probed of PROBED) {
    for (let round = 0; round < rounds; round++) {
      fill(memory, probed, random);
      guest.memory.set(memory);
      const operands = Buffer.from(memory.slice(OPERANDS_AT, OPERANDS_AT + 48)).toString("hex");
      const repeat = `${probed.entry}, operands ${operands}; OPERATION_SEED=${seed} OPERATION_ROUNDS=${rounds}`;
      const expected = instance.call(probed.entry);
      const actual = guest.call(probed.entry);
      const trap = expected.kind === "trapped" ? expected.trap : undefined;
      assert.equal(actual.trap === undefined ? undefined : trapKindOf(actual.trap), trap, repeat);
      if (trap === undefined) assert.equal(PLENTY_OF_FUEL - actual.fuelLeft, expected.fuel, repeat);
      else trapped += 1;
      if (Buffer.compare(guest.memory, memory) !== 0) {
        const [a, b] = [guest.memory, memory].map((all) =>
          Buffer.from(all.slice(RESULT_AT, RESULT_AT + 16)).toString("hex"),
        );
        assert.fail(`${repeat}: instrumented ${a}, interpreted ${b}`);
      }
    }
  }
  context.diagnostic(`${PROBED.length} functions, ${rounds} rounds, ${trapped} traps, seed ${seed}`);
  assert.ok(trapped > 10 * rounds);
});
