import assert from "node:assert/strict";
import { test } from "node:test";
import { Pacer } from "./pacer.js";

test("ticks follow the clock that is handed in", () => {
  let now = 1_000;
  const pacer = new Pacer(100_000_000n, 7, () => now);
  assert.equal(pacer.tickNow(), 7);
  assert.equal(pacer.millisUntil(7), 0);
  assert.equal(pacer.millisUntil(9), 200);
  now = 1_250;
  assert.equal(pacer.tickNow(), 9);
  assert.equal(pacer.millisUntil(9), 0);
  assert.equal(pacer.millisUntil(10), 50);
});
