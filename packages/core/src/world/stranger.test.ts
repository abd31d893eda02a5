/**
 * Isolation across tenants: whatever one tenant's agents do, the digests of another tenant's agents that
 * exchanged nothing with them are those of a world in which they did nothing.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { FaultCode, MessageFlag, MessageKind } from "@wasm-engine/abi";
import type { Genesis } from "../model.js";
import { genesis, handle, spec, tenantSpec, ScriptWorld } from "../testing/script-world.js";
import { puppet, type Act } from "../testing/puppet.js";
import { randomScript } from "../testing/random-world.js";

const tenants = [
  tenantSpec("calm", { fuelPerTick: 6000, turnsPerTick: 6, messagesPerTick: 600, agentsMax: 7 }),
  tenantSpec("hostile", { fuelPerTick: 30_000, turnsPerTick: 30, messagesPerTick: 3000, agentsMax: 13 }),
];

const calmIds = ["calm1", "calm2", "calm3"];
const calmKidIds = [0, 1, 2, 3, 4].map((index) => `calm.kid${index}`);
const watched = new Set([...calmIds, ...calmKidIds]);

function setting(): Genesis {
  const calm = calmIds.map((id, index) => spec(id, { tenant: "calm", every: 1 + index, channels: ["calm"] }));
  const hostile = ["h1", "h2", "h3", "h4"].map((id) =>
    spec(id, {
      tenant: "hostile",
      every: 1,
      priority: 9,
      onFault: { max: 1e6 },
      limits: { mailboxMessages: 8 },
    }),
  );
  return genesis([...calm, ...hostile], { tenants, turnsPerTickMax: 40, agentsMax: 20, policy: "priority" });
}

/** The calm ones work among themselves: messages, questions, timers, tasks, topics, long turns. */
const calm: Act = (context, { message, text }) => {
  if (message !== undefined && (message.flags & MessageFlag.ANSWER_WANTED) !== 0)
    context.answer(message, "answer");
  if (message?.kind !== MessageKind.CADENCE) return;
  const next = calmIds[(calmIds.indexOf(context.id) + 1) % calmIds.length] ?? "calm1";
  if (context.tick % 3 === 0)
    context.send(handle(next), { payload: text.slice(0, 5), wanted: true, timeoutTicks: 4 });
  if (context.tick % 7 === 0) context.publish("calm", "news");
  if (context.tick % 5 === 0) context.timer(3);
  if (context.tick % 11 === 0) context.burn(2500);
  if (context.tick % 4 === 0) context.task({ taskId: `${context.id}-${context.tick}`, agentId: next });
  if (context.tick % 17 === 0) context.draw("dice", 4);
  // At most three live at once, beside the three of the genesis; an id comes back when its child has long gone.
  if (context.id === "calm2" && context.tick % 3 === 1)
    context.spawn({ id: `calm.kid${context.tick % 5}`, module: "script", every: 4, priority: 0 });
};

/** Children of the calm ones stay for a while. */
const calmKid: Act = (context, { message }) => {
  if (message?.kind === MessageKind.CADENCE && context.tick % 3 === 0) context.exit();
};

/** What hostile agents do; strangers are never addressed. */
const attacks: Readonly<Record<string, Act>> = {
  "trap in every invocation": (context) => context.fail(FaultCode.TRAP),
  "loop until out of fuel": (context) => context.burn(20_000),
  "flood each other": (context) => {
    for (let count = 0; count < 200; count += 1) context.send(handle("h1"), { topic: "flood", wanted: true });
  },
  "flood with timers and tasks": (context) => {
    for (let count = 0; count < 50; count += 1) {
      context.timer(1 + count);
      context.task({ taskId: `calm1-${context.tick}` });
      context.task({ taskId: `t${context.tick}-${count}`, dependsOn: ["nothing"] });
    }
  },
  "spawn until the world is full": (context) => {
    for (let count = 0; count < 30; count += 1)
      context.spawn({ id: `hostile.kid${context.tick}-${count}`, module: "script", every: 1 });
  },
  "take the ids of the children of strangers": (context) => {
    for (const id of calmKidIds) context.spawn({ id, module: "script", every: 1 });
  },
  "spawn in the name of strangers": (context) => {
    for (const id of calmKidIds) context.spawn({ id, module: "script", tenant: "calm" });
  },
  "spend all their messages": (context) => {
    for (let count = 0; count < 100; count += 1) context.publish("hostile", "noise");
  },
  "send garbage": (context) => {
    context.task("{");
    context.spawn("]");
    context.cancel(1 + (context.tick % 50));
    context.send(99, { wanted: true });
    context.answer({ peer: 5, messageId: 5 }, "unasked");
    context.infer("no such model");
  },
  "exit and be gone": (context) => context.exit(),
  "anything at random": (context, invocation) => randomScript(context, invocation),
};

/** Once per cadence: what is under test is the attack, not its own explosion. */
function paced(attack: Act): Act {
  return (context, invocation) => {
    if (invocation.message?.kind === MessageKind.CADENCE) attack(context, invocation);
  };
}

function digests(unpaced: Act): string[] {
  const attack = paced(unpaced);
  const script = new ScriptWorld(
    setting(),
    puppet({
      calm1: calm,
      calm2: calm,
      calm3: calm,
      ...Object.fromEntries(calmKidIds.map((id) => [id, calmKid])),
      h1: attack,
      h2: attack,
      h3: attack,
      h4: attack,
    }),
  );
  const lines: string[] = [];
  for (let tick = 0; tick < 60; tick += 1) {
    script.step();
    for (const [id, digest] of script.world.agentDigests()) {
      if (watched.has(id)) lines.push(`${tick} ${id} ${Buffer.from(digest).toString("hex")}`);
    }
  }
  return lines;
}

const undisturbed = digests(() => undefined);

for (const [name, attack] of Object.entries(attacks)) {
  test(`[G6] digests of strangers are unchanged when hostile agents ${name}`, () => {
    assert.ok(undisturbed.length > 180, "the calm ones have had children");
    assert.deepEqual(digests(attack), undisturbed);
  });
}

test("[G6] the comparison can fail: a message to a stranger changes its digest", () => {
  assert.notDeepEqual(
    digests((context) => void context.send(handle("calm1"))),
    undisturbed,
  );
});
