import assert from "node:assert/strict";
import test from "node:test";
import type { TenantSpec } from "../model.js";
import { puppet, type Act } from "../testing/puppet.js";
import { ScriptWorld, genesis, spec } from "../testing/script-world.js";

function tenant(name: string, agentsMax: number, elastic = false): TenantSpec {
  return { name, fuelPerTick: 1_000_000, turnsPerTick: 10, messagesPerTick: 100_000, agentsMax, elastic };
}

/** Spawns five children whenever its cadence is due. */
const spawning: Act = (context, { message }) => {
  if (message?.kind !== 9) return;
  for (let count = 0; count < 5; count += 1)
    context.spawn({ id: `${context.id}.${context.tick}-${count}`, module: "script" });
};

/** Live agents per tenant after ten ticks in a world of twelve places. */
function populations(tenants: readonly TenantSpec[]): Record<string, number> {
  const agents = [
    spec("calm.parent", { tenant: "calm", every: 9 }),
    spec("bomb.parent", { tenant: "bomb", every: 1 }),
  ];
  const world = new ScriptWorld(
    genesis(agents, { tenants, agentsMax: 12, turnsPerTickMax: 50 }),
    puppet({ "calm.parent": spawning, "bomb.parent": spawning }),
  );
  for (let tick = 0; tick <= 9; tick += 1) world.step();
  const counts: Record<string, number> = {};
  for (const agent of world.world.agents()) {
    const { tenant: name } = agent.spec;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test("[G6] [G7] a tenant that spawns without end leaves the others their places", () => {
  assert.deepEqual(populations([tenant("calm", 6), tenant("bomb", 6)]), { bomb: 6, calm: 6 });
});

test("[G6] an elastic tenant uses places that nobody has reserved, and no more", () => {
  assert.deepEqual(populations([tenant("calm", 6), tenant("bomb", 1, true)]), { bomb: 6, calm: 6 });
  assert.deepEqual(populations([tenant("calm", 4), tenant("bomb", 1, true), tenant("rest", 3)]), {
    bomb: 5,
    calm: 4,
  });
});
