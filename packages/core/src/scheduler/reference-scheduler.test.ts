/**
 * Model-based: the world's plans against the reference scheduler, over random tenants, priorities,
 * tasks, pauses and turns of several slices and many messages. `PLANS` sets the number of plans per
 * policy, `SEED` repeats one seed.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { encodeUtf8 } from "@wasm-engine/abi";
import type { InputBody, Policy, TenantSpec } from "../model.js";
import {
  ReferenceScheduler,
  type ReferenceAgent,
  type ReferenceCost,
  type ReferenceEvent,
} from "../testing/reference-scheduler.js";
import type { Script } from "../testing/script-executors.js";
import { ScriptWorld, genesis, handle, lifecycle, message, spec, task } from "../testing/script-world.js";
import { SeededRandom, repeatable } from "../testing/seeded-random.js";

const plansWanted = Number(process.env["PLANS"] ?? 10_000);
const fixedSeed = process.env["SEED"];
const file = "scheduler/reference-scheduler.test.js";

/** Mail and tasks carry the fuel that they cost and how many messages they make an agent send, to nobody. */
const burner: Script = (context, { topic, text }) => {
  if (!topic.startsWith("burn")) return;
  const [fuel = 0, sends = 0] = text.split(" ").map(Number);
  context.burn(fuel);
  for (let count = 0; count < sends; count += 1) {
    if (count % 2 === 0) context.send(99);
    else context.publish("unheard");
  }
};

function costText({ fuel, sends }: ReferenceCost): string {
  return `${fuel} ${sends}`;
}

function randomTenants(random: SeededRandom): TenantSpec[] {
  if (random.oneIn(4)) return [];
  return ["x", "y", "z"].slice(0, 1 + random.below(3)).map((name) => ({
    name,
    fuelPerTick: 1 + random.below(400),
    turnsPerTick: 1 + random.below(4),
    messagesPerTick: 1 + random.below(12),
    agentsMax: 20,
    elastic: random.oneIn(3),
  }));
}

function randomAgents(random: SeededRandom, tenants: readonly TenantSpec[]): ReferenceAgent[] {
  return Array.from({ length: 2 + random.below(9) }, (_, index) => ({
    id: `a${index}`,
    rank: handle(`a${index}`) % 2 ** 32,
    tenant: tenants.length === 0 ? "default" : random.pick(tenants).name,
    priority: random.below(4) - 1,
    slice: 1 + random.below(200),
    messagesMax: random.below(7),
  }));
}

function randomEvents(random: SeededRandom, agents: readonly ReferenceAgent[]): ReferenceEvent[] {
  if (random.oneIn(5)) return [];
  return Array.from({ length: random.below(7) }, () => {
    const agent = random.pick(agents).id;
    const fuel = random.oneIn(4) ? random.below(900) : random.below(60);
    const sends = random.oneIn(2) ? 0 : random.below(8);
    switch (random.below(8)) {
      case 0:
        return { kind: "pause", agent };
      case 1:
      case 2:
        return { kind: "resume", agent };
      case 3:
        return { kind: "task", agent, fuel, sends, priority: random.below(7) - 2 };
      default:
        return { kind: "mail", agent, fuel, sends };
    }
  });
}

function inputOf(event: ReferenceEvent, taskId: string): InputBody {
  switch (event.kind) {
    case "mail":
      return message(event.agent, "burn", costText(event));
    case "task":
      return task(taskId, event.agent, { priority: event.priority, payload: encodeUtf8(costText(event)) });
    default:
      return lifecycle(event.kind, event.agent);
  }
}

/** Plays one random world against the reference; returns how many plans had something to choose from. */
function play(seed: number, policy: Policy): number {
  const random = new SeededRandom(seed);
  const tenants = randomTenants(random);
  const agents = randomAgents(random, tenants);
  const reserved = tenants.reduce((sum, { turnsPerTick }) => sum + turnsPerTick, 0);
  const turnsPerTickMax = Math.max(1, reserved) + random.below(4);
  const stride = random.below(2 ** 32);
  const specs = agents.map(({ id, tenant, priority, slice, messagesMax }) =>
    spec(id, {
      tenant,
      priority,
      limits: {
        fuelPerSlice: slice,
        fuelPerTurnMax: 1e9,
        mailboxMessages: 1e6,
        messagesPerTurnMax: messagesMax,
      },
    }),
  );
  const start = genesis(specs, {
    policy,
    stride,
    turnsPerTickMax,
    tenants,
    stateHashEvery: 1e9,
    retainTicks: 1e6,
  });
  const script = new ScriptWorld(start, burner);
  const reference = new ReferenceScheduler({ policy, stride, turnsPerTickMax, tenants, agents });
  let plans = 0;
  for (let tick = 0; tick < 60; tick += 1) {
    const events = tick % 20 > 12 ? [] : randomEvents(random, agents);
    const expected = reference.tick(tick, events);
    const due = events.length > 0 || script.world.nextDueTick() === tick;
    if (due)
      script.step(
        events.map((event, index) => inputOf(event, `burn ${tick} ${index}`)),
        tick,
      );
    assert.deepEqual(due ? script.order(tick) : [], expected.order, `order of tick ${tick}`);
    const { waiting, credits } = script.world.schedule();
    assert.deepEqual(waiting, expected.waiting, `deferred after tick ${tick}`);
    if (due) assert.deepEqual(credits, expected.credits, `credits after tick ${tick}`);
    if (expected.order.length + expected.waiting.length > 0) plans += 1;
  }
  return plans;
}

for (const policy of ["fifo", "priority", "round-robin"] as const) {
  test(`[G1] ${plansWanted} random plans under ${policy} equal those of the reference scheduler`, () => {
    const first = fixedSeed === undefined ? 1 : Number(fixedSeed);
    let plans = 0;
    let seed = first;
    for (; plans < plansWanted; seed += 1) {
      repeatable(seed, file, () => {
        plans += play(seed, policy);
      });
      if (fixedSeed !== undefined) break;
    }
    process.stdout.write(
      `# ${policy}: ${plans} plans, seeds ${first} to ${seed - 1}; PLANS sets their number\n`,
    );
    assert.ok(fixedSeed !== undefined || plans >= plansWanted);
  });
}
