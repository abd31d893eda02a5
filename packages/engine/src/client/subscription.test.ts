import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding, EngineError } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import { fail } from "../world/errors.js";
import { subscriptionMessagesMax } from "../world/limits.js";
import type { ReceivedMessage } from "./received-message.js";
import { Subscription } from "./subscription.js";

function message(tick: number): ReceivedMessage {
  const agentId = "a" as AgentId; // brand: test data
  return { tick, agentId, topic: "t", payload: tick, encoding: Encoding.JSON, timestamp: "" };
}

test("messages are read in order, also those that came before the reader", async () => {
  const subscription = new Subscription(() => undefined);
  subscription.push(message(1));
  const ticks: number[] = [];
  const reading = (async () => {
    for await (const { tick } of subscription) ticks.push(tick);
  })();
  await Promise.resolve();
  subscription.push(message(2));
  subscription.end(undefined);
  await reading;
  assert.deepEqual(ticks, [1, 2]);
});

test("a world that fails ends the stream with its error", async () => {
  const subscription = new Subscription(() => undefined);
  const next = subscription.next();
  subscription.end(fail("WE_WORLD_DIED", { cause: "test", dir: "x" }));
  await assert.rejects(next, (error) => EngineError.is(error) && error.code === "WE_WORLD_DIED");
});

test("[G9] a reader that does not read loses the oldest messages and nothing grows without bound", async () => {
  const subscription = new Subscription(() => undefined);
  for (let tick = 0; tick <= subscriptionMessagesMax; tick += 1) subscription.push(message(tick));
  assert.equal(subscription.dropped, 1);
  const { value } = await subscription.next();
  assert.equal(value?.tick, 1);
});

test("leaving the loop tells the world once", async () => {
  let closed = 0;
  const subscription = new Subscription(() => (closed += 1));
  subscription.push(message(1));
  for await (const { tick } of subscription) {
    assert.equal(tick, 1);
    break;
  }
  await subscription.return();
  assert.equal(closed, 1);
});
