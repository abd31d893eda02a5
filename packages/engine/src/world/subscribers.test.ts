import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import type { WorldEvent, WorldMessage } from "./control.js";
import { Subscribers } from "./subscribers.js";

function message(topic: string): WorldMessage {
  const agentId = "a" as AgentId; // brand: test data
  return { tick: 1, agentId, topic, encoding: 1, payload: new Uint8Array(0), flags: 0, timestamp: "" };
}

test("[G9] a subscription ends where its credit is used up, and goes on where it was renewed", () => {
  const events: WorldEvent[] = [];
  const subscribers = new Subscribers((event) => void events.push(event));
  subscribers.add({ subscription: 1, topic: "x", credit: 2 });
  subscribers.add({ subscription: 2, topic: "*" });
  for (const topic of ["x", "y", "x"]) subscribers.publish(message(topic));
  subscribers.renew({ subscription: 1, messages: 1 });
  for (let count = 0; count < 3; count += 1) subscribers.publish(message("x"));
  const seen = events.map((event) => `${event.kind} ${"subscription" in event ? event.subscription : ""}`);
  assert.deepEqual(
    seen.filter((line) => line.endsWith("1")),
    ["message 1", "message 1", "message 1", "overrun 1"],
  );
  assert.equal(seen.filter((line) => line === "message 2").length, 6, "who has no limit gets everything");
  subscribers.remove(2);
  subscribers.publish(message("x"));
  assert.equal(events.length, 10);
});
