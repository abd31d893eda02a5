/** The bounded memories of a world process: keys of inputs, dead letters. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadLetter } from "@wasm-engine/core";
import { DeadLetterLog } from "./dead-letter-log.js";
import { InputKeys } from "./input-keys.js";
import { deadLetterBytesMax, deadLettersKeptMax, inputKeysMax } from "./limits.js";

test("a key is known for as long as the world remembers it, and no longer", () => {
  const keys = new InputKeys(10);
  assert.equal(keys.firstOf("k", { tick: 5, seq: 1 }), undefined);
  assert.deepEqual(keys.firstOf("k", { tick: 14, seq: 2 }), { tick: 5, seq: 1 });
  assert.equal(keys.firstOf("k", { tick: 15, seq: 3 }), undefined, "the world takes it again");
  assert.deepEqual(keys.firstOf("k", { tick: 16, seq: 4 }), { tick: 15, seq: 3 });
  for (let index = 0; index < inputKeysMax; index += 1) keys.firstOf(`n${index}`, { tick: 16, seq: index });
  assert.equal(keys.firstOf("k", { tick: 17, seq: 5 }), undefined, "the oldest is forgotten first");
});

function letter(tick: number, bytes = 0): DeadLetter {
  return { tick, agentId: "", reason: "UNDELIVERABLE", message: new Uint8Array(bytes) };
}

test("dead letters are kept up to a number and to their bytes, and what is not kept is counted", () => {
  const log = new DeadLetterLog();
  const total = 5 * deadLettersKeptMax;
  for (let tick = 0; tick < total; tick += 1) log.note([letter(tick)]);
  const kept = log.between(0, total);
  assert.ok(kept.length >= deadLettersKeptMax && kept.length <= 2 * deadLettersKeptMax);
  assert.equal(kept.at(-1)?.tick, total - 1);
  assert.equal(log.dropped + kept.length, total);
  log.note(Array.from({ length: 3 * deadLettersKeptMax }, () => letter(total)));
  assert.equal(log.between(total, total).length, deadLettersKeptMax, "of one tick, the last");
  const large = deadLetterBytesMax / 8;
  for (let tick = 1; tick <= 20; tick += 1) log.note([letter(total + tick, large)]);
  const bytes = log.between(0, total + 20).reduce((sum, { message }) => sum + message.length, 0);
  assert.ok(bytes <= deadLetterBytesMax && bytes >= deadLetterBytesMax / 2, String(bytes));
  assert.equal(log.between(total + 20, total + 20).length, 1);
});
