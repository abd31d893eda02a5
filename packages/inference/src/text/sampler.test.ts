import assert from "node:assert/strict";
import { test } from "node:test";
import { exponential } from "./exponential.js";
import { draw, seedOf } from "./random-draws.js";
import { chooseToken } from "./sampler.js";
import { samplingRule } from "./sampling.js";
import type { Sampling } from "./sampling.js";

/** Weights 8, 4, 2, 1, 1 at temperature 1; the whole is 16. */
const five = [Math.log(8), Math.log(4), Math.log(2), 0, 0];

function choose(
  scores: readonly number[],
  sampling: Sampling,
  place = 0,
  seen: readonly number[] = [],
): number {
  const rule = samplingRule(sampling, scores.length);
  return chooseToken(Float64Array.from(scores), { rule, seen, draw: () => place });
}

test("without a temperature the best token is chosen, of equal ones the lowest id", () => {
  assert.equal(choose([1, 3, 2], {}), 1);
  assert.equal(choose([-2, -1, -1], {}), 1);
  assert.equal(choose([5, 5, 5], { topP: 0.1, topK: 2 }), 0);
  assert.equal(choose([-Infinity, -7], {}), 1);
  assert.equal(choose([1, 3, 2], { temperature: 2, topK: 1 }, 0.99), 1);
});

test("a draw walks the shares in the order of ids", () => {
  const ids = (sampling: Sampling): string =>
    Array.from({ length: 16 }, (_, part) =>
      choose(five, { temperature: 1, ...sampling }, (part + 0.5) / 16),
    ).join("");
  assert.equal(ids({}), "0000000011112234");
  // 8 of 12, 4 of 12: the first ten and two thirds of sixteen parts.
  assert.equal(ids({ topK: 2 }), "0000000000011111");
  // Of the two with weight 1 the lower id stays: 8, 4, 2, 1 of 15.
  assert.equal(ids({ topK: 4 }), "0000000001111223");
  // 8 + 4 = 12 are three quarters of the whole, and the third is not needed.
  assert.equal(ids({ topP: 0.75 }), "0000000000011111");
  assert.equal(ids({ topP: 0.5 }), "0000000000000000");
  assert.equal(ids({ topP: 0.9 }), "0000000001111223");
  // At least a quarter of the best: 8, 4, 2 of 14.
  assert.equal(ids({ minP: 0.2 }), "0000000001111122");
  // Twice as hot: roots of the weights, 2.83, 2, 1.41, 1, 1 of 8.24.
  assert.equal(ids({ temperature: 2 }), "0000011112223344");
  assert.equal(choose(five, { temperature: 1e-300 }, 0.999999), 0);
  assert.equal(choose(five, { temperature: 1 }, 1 - 2 ** -53), 4);
});

test("penalty and bias change scores before anything is cut off", () => {
  assert.equal(choose([3, 2, 1], { repetitionPenalty: 2 }, 0, [0]), 1, "3 / 2 is less than 2");
  assert.equal(
    choose([3, 2.5, 1], { repetitionPenalty: 2 }, 0, [0, 0, 0]),
    1,
    "once, however often it stands",
  );
  assert.equal(choose([-1, -1.5, -9], { repetitionPenalty: 2 }, 0, [0]), 1, "-1 · 2 is less than -1.5");
  assert.equal(choose([3, 2, 1], { logitBias: { 2: 2.5 } }), 2);
  assert.equal(choose([3, 2, 1], { logitBias: { 0: -100 } }), 1);
  assert.equal(choose([3, 2, 1], { logitBias: { 0: -100 }, temperature: 100, topK: 2 }, 0), 1);
  // The penalty comes first: 4 / 2 + 1.5 against 3.
  assert.equal(choose([4, 3], { repetitionPenalty: 2, logitBias: { 0: 1.5 } }, 0, [0]), 0);
});

test("[G10] scores that are no distribution and parameters outside of their limits are coded errors", () => {
  for (const [scores, found] of [
    [[1, NaN], /NaN for token 1/],
    [[Infinity, 1], /Infinity for token 0/],
    [[-Infinity, -Infinity], /no score above -Infinity/],
  ] as const)
    assert.throws(() => choose(scores, {}), { code: "WE_TEXT_LOGITS", message: found });
  const refused: readonly (readonly [Sampling, RegExp])[] = [
    [{ temperature: -1 }, /temperature is -1; it must be a number from 0 to 100/],
    [{ temperature: NaN }, /temperature is NaN/],
    [{ topK: 1.5 }, /topK is 1\.5/],
    [{ topP: 0 }, /topP is 0/],
    [{ minP: 2 }, /minP is 2/],
    [{ repetitionPenalty: 0 }, /repetitionPenalty is 0/],
    [{ logitBias: { 7: 1 } }, /logitBias is 7; it must be by token ids from 0 to 2/],
    [{ logitBias: { 1: Infinity } }, /logitBias\[1\] is Infinity/],
  ];
  for (const [sampling, message] of refused)
    assert.throws(() => choose([1, 2, 3], sampling), { code: "WE_TEXT_PARAMETER", message });
});

test("a large vocabulary: what is cut off is what sorting all of it would cut off", () => {
  const scores = Float64Array.from({ length: 3000 }, (_, id) => ((id * 7919) % 1013) / 100);
  const sorted = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const chosen = (sampling: Sampling): Set<number> =>
    new Set(
      Array.from({ length: 50 }, (_, part) =>
        choose([...scores], { temperature: 1, ...sampling }, (part + 0.5) / 50),
      ),
    );
  for (const topK of [1, 2, 37]) {
    const kept = new Set(sorted.slice(0, topK));
    assert.deepEqual(
      [...chosen({ topK })].filter((id) => !kept.has(id)),
      [],
      `top ${topK}`,
    );
  }
  const weights = sorted.map((id) => Math.exp((scores[id] ?? 0) - (scores[sorted[0] ?? 0] ?? 0)));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const count = weights.findIndex((weight) => (sum += weight) >= 0.3 * whole) + 1;
  const kept = new Set(sorted.slice(0, count));
  assert.deepEqual(
    [...chosen({ topP: 0.3 })].filter((id) => !kept.has(id)),
    [],
  );
});

test("e to the power of x: as exact as that of the language, and the same everywhere", () => {
  assert.equal(exponential(0), 1);
  assert.equal(exponential(710), Infinity);
  assert.equal(exponential(-746), 0);
  assert.equal(exponential(-Infinity), 0);
  assert.ok(Number.isNaN(exponential(NaN)));
  assert.equal(exponential(-745), 5e-324);
  for (let x = -700; x < 700; x += 0.3701) {
    const [own, other] = [exponential(x), Math.exp(x)];
    assert.ok(Math.abs(own / other - 1) <= 4 * Number.EPSILON, `e^${x}`);
  }
});

test("draw n of a seed is a function of both: vectors of SHA-256", () => {
  const seed = new Uint8Array(32);
  // First 53 bits of SHA-256(32 zero bytes, u64 0), over 2^53: the digest is that of 40 zero bytes.
  assert.equal(draw(seed, 0), Number(0x2c34ce1df23b838cn >> 11n) / 2 ** 53);
  assert.notEqual(draw(seed, 1), draw(seed, 0));
  assert.equal(Buffer.from(seedOf(7)).toString("hex").length, 64);
  assert.notDeepEqual(seedOf(7), seedOf(-7));
  let sum = 0;
  for (let index = 0; index < 1000; index += 1) sum += draw(seedOf(1), index);
  assert.ok(sum > 450 && sum < 550, "they are spread evenly");
});
