/** What no world can start from, one table entry each, and what may start although it looks odd. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Genesis } from "../model.js";
import { genesis, spec, tenantSpec } from "../testing/script-world.js";
import { checkGenesis } from "./genesis-check.js";

const own = [spec("a", { tenant: "t" }), spec("b", { tenant: "t" })];

const refused: Readonly<Record<string, readonly [Genesis, RegExp]>> = {
  "no turns at all": [genesis([], { turnsPerTickMax: 0 }), /"turnsPerTickMax" is "0"/],
  "more agents than places": [genesis([spec("a"), spec("b")], { agentsMax: 1 }), /"2" agents/],
  "an id twice": [genesis([spec("a"), spec("a")]), /"a" is given twice/],
  "an unknown tenant": [genesis([spec("a", { tenant: "t" })]), /unknown tenant "t"/],
  "a limit of 0": [genesis([spec("a", { limits: { memoryBytes: 0 } })]), /"memoryBytes" of agent "a" is "0"/],
  "a turn shorter than a slice": [
    genesis([spec("a", { limits: { fuelPerSlice: 9, fuelPerTurnMax: 8 } })]),
    /"fuelPerTurnMax" of agent "a"/,
  ],
  "a tenant twice": [genesis([], { tenants: [tenantSpec("t"), tenantSpec("t")] }), /"t" is given twice/],
  "a dot in the name of a tenant": [genesis([], { tenants: [tenantSpec("t.x")] }), /tenant name "t\.x"/],
  "a name that leaves no room": [genesis([], { tenants: [tenantSpec("t".repeat(32))] }), /1 to 31 letters/],
  "more turns than there are": [
    genesis([], { tenants: [tenantSpec("t", { turnsPerTick: 6 })], turnsPerTickMax: 5 }),
    /reserve "6" turns per tick, "turnsPerTickMax" is "5"/,
  ],
  "more places than there are": [
    genesis([], { tenants: [tenantSpec("t"), tenantSpec("u")], agentsMax: 39 }),
    /reserve "40" agents, "agentsMax" of the world is "39"/,
  ],
  "more agents than the tenant's places": [
    genesis(own, { tenants: [tenantSpec("t", { agentsMax: 1 })] }),
    /"t" has "2" agents, its "agentsMax" is "1"/,
  ],
  "no share of messages": [
    genesis([], { tenants: [tenantSpec("t", { messagesPerTick: 0 })] }),
    /"t" has no share and is not elastic/,
  ],
};

for (const [name, [start, message]] of Object.entries(refused)) {
  test(`[G10] a genesis with ${name} is refused`, () => {
    assert.throws(
      () => {
        checkGenesis(start);
      },
      { code: "WE_WORLD_GENESIS", message },
    );
  });
}

test("an agent may be mute, an elastic tenant may have nothing of its own and more agents than places", () => {
  const mute = spec("m", { tenant: "t", limits: { messagesPerTurnMax: 0 } });
  const share = { fuelPerTick: 0, turnsPerTick: 0, messagesPerTick: 0, agentsMax: 0, elastic: true };
  assert.doesNotThrow(() => {
    checkGenesis(genesis([...own, mute], { tenants: [tenantSpec("t", share)] }));
  });
});
