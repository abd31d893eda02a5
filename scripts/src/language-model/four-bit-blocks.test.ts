import assert from "node:assert/strict";
import test from "node:test";
import { blockWeights, fourBitBlocks } from "./four-bit-blocks.js";

/** What the operator makes of packed numbers. */
function unpacked({ packed, scales }: ReturnType<typeof fourBitBlocks>): number[] {
  return Array.from({ length: packed.length * 2 }, (_, place) => {
    const byte = packed[place >> 1] ?? NaN;
    const number = place % 2 === 0 ? byte & 15 : byte >> 4;
    return (number - 8) * (scales[Math.floor(place / blockWeights)] ?? NaN);
  });
}

test("weights come back within half a step of their block, the largest within two", () => {
  const weights = Float32Array.from(
    { length: 4 * blockWeights },
    (_, place) => Math.sin(place * 1.7) * (1 + place),
  );
  const blocks = fourBitBlocks(weights, 2 * blockWeights);
  const back = unpacked(blocks);
  weights.forEach((weight, place) => {
    const step = Math.abs(blocks.scales[Math.floor(place / blockWeights)] ?? NaN);
    const inside = Math.abs(weight) < 7 * step;
    assert.ok(Math.abs(weight - (back[place] ?? NaN)) <= step * (inside ? 0.501 : 2), `weight ${place}`);
  });
});

test("sixteen numbers in equal steps are kept exactly, and so is a block of nothing", () => {
  const steps = Float32Array.from({ length: blockWeights }, (_, place) => ((place % 16) - 8) / 4);
  assert.deepEqual(unpacked(fourBitBlocks(steps, blockWeights)), [...steps]);
  const nothing = unpacked(fourBitBlocks(new Float32Array(blockWeights), blockWeights));
  assert.ok(nothing.every((value) => value === 0));
});
