/** `why` on a planted fault: the message that mattered is found among those that did not. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { projectFolder } from "../testing/project.js";
import type { WhyReport, WhyTarget } from "./contract.js";
import { Follower } from "./follower.js";
import { why } from "./why.js";

const relay = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  state: { factor: 1, heard: 0, last: 0 },
  onMessage(message, ctx) {
    if (message.topic === "factor") ctx.state.factor = message.body.factor;
    if (message.topic === "chat") ctx.state.heard += 1;
    if (message.topic !== "price") return;
    ctx.state.last = message.body.price * ctx.state.factor;
    ctx.send("till", { price: ctx.state.last }, { topic: "sale" });
  },
});
`;

const till = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  onMessage(message) { if (message.body.price < 0) throw new Error("a price below nothing"); },
});
`;

/** Sends what it is told at the ticks that it is told. */
const speaker = `import { defineAgent } from "wasm-engine/agent";
export const agent = defineAgent({
  onMessage(message, ctx) { ctx.send("relay", message.body, { topic: message.topic }); },
});
`;

const inputs = [
  { tick: 0, to: "joker", topic: "factor", factor: 2 },
  { tick: 2, to: "shop", topic: "price", price: 10 },
  { tick: 4, to: "joker", topic: "factor", factor: -2 },
  ...[5, 6, 7].map((tick) => ({ tick, to: "crowd", topic: "chat" })),
  { tick: 8, to: "shop", topic: "price", price: 30 },
];

const configuration = `version: 1
name: planted
stop: { when: idle }
modules: { relay: ./relay.js, till: ./till.js, speaker: ./speaker.js }
agents:
  - { id: relay, module: relay, capabilities: { send: [till] } }
  - { id: till, module: till, onFault: { strategy: restart, from: good, max: 9, withinTicks: 9 } }
  - { id: joker, module: speaker, capabilities: { send: [relay] } }
  - { id: crowd, module: speaker, capabilities: { send: [relay] } }
  - { id: shop, module: speaker, capabilities: { send: [relay] } }
inputs: [{ file: ./inputs.jsonl, at: tick, to: "{to}", topic: "{topic}" }]
`;

test("[G4] what made an agent corrupt a message is proved by leaving it out", async (context) => {
  const folder = projectFolder(context, {
    "relay.js": relay,
    "till.js": till,
    "speaker.js": speaker,
    "inputs.jsonl": inputs.map((input) => JSON.stringify(input)).join("\n"),
    "engine.yaml": configuration,
  });
  const dir = join(folder, "run");
  {
    await using world = await Engine.open(join(folder, "engine.yaml"), { isolation: "inline", dir });
    await world.run();
  }
  const follower = new Follower(dir);
  context.after(() => follower.close());
  while (follower.advance(1000));
  const asked = (target: WhyTarget): WhyReport => why(follower.run, follower.index, { target });
  const words = ({ chain }: Pick<WhyReport, "chain">): readonly string[] =>
    chain.map(({ kind, agentId, topic }) => `${kind} ${agentId} ${topic}`.trim());

  const fault = asked({ kind: "fault", number: 1 });
  assert.deepEqual(words(fault), [
    "fault till",
    "received till sale",
    "sent relay sale",
    "received relay price",
    "sent shop price",
    "received shop price",
    "input shop price",
  ]);
  // The crowd was louder and later, but only the joker mattered: without it the till would have been told 60.
  const [planted, ...more] = fault.behind;
  assert.ok(planted !== undefined);
  assert.deepEqual(words(planted), [
    "received relay factor",
    "sent joker factor",
    "received joker factor",
    "input joker factor",
  ]);
  assert.deepEqual(planted.influence, { without: "different", instead: 'sale {"price":60}', tried: 3 });
  assert.equal(planted.chain.at(-1)?.payload, '{"tick":4,"to":"joker","topic":"factor","factor":-2}');
  assert.deepEqual(more, []);

  const field = asked({ kind: "field", agent: "relay", path: "state.last" });
  assert.deepEqual([field.field?.before, field.field?.after], [20, -60]);
  assert.equal(field.chain.at(-1)?.id, "input:7");
  assert.deepEqual(field.behind[0]?.influence, { without: "different", instead: "60", tried: 3 });

  const sale = asked({ kind: "event", id: "relay:2" });
  assert.equal(sale.chain[0]?.payload, '{"price":-60}');
});
