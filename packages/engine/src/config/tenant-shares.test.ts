/** Shares of tenants: where a bad one is reported, and what stands in the genesis for one that was left out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { TenantSpec } from "@wasm-engine/core";
import { EngineError } from "@wasm-engine/abi";
import { assemble, projectFolder, smallAgentText } from "../testing/project.js";
import { loadConfig } from "./load-config.js";

const head = "version: 1\nname: w\nmodules: { m: ./m.wasm }\n";
const one = `${head}agents: [{ id: a, module: m, tenant: t }]\n`;
const two = `${head}agents: [{ id: a, module: m, tenant: t }, { id: b, module: m, tenant: t }]\n`;

/** Configuration, place, and what the message must say. */
const refused: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
  "more turns than a tick has": [
    `${one}turnsPerTickMax: 5\ntenants: { t: { fuelPerTick: 1, turnsPerTick: 6 } }\n`,
    "6:10",
    ["turnsPerTickMax, 5", "got 6"],
  ],
  "more places than the world has": [
    `${one}agentsMax: 5\ntenants: { t: { fuelPerTick: 1, turnsPerTick: 1, agentsMax: 6 } }\n`,
    "6:10",
    ["agentsMax of the world, 5", "got 6"],
  ],
  "fewer places than agents": [
    `${two}tenants: { t: { fuelPerTick: 1, turnsPerTick: 1, agentsMax: 1 } }\n`,
    "5:61",
    ["tenants.t.agentsMax", "at least 2, the number of its agents", "got 1"],
  ],
  "no messages": [
    `${one}tenants: { t: { fuelPerTick: 1, turnsPerTick: 1, messagesPerTick: 0 } }\n`,
    "5:67",
    ["tenants.t.messagesPerTick", "from 1 to 2^53 - 1"],
  ],
  "a name with a dot": [
    `${one}tenants: { t: { fuelPerTick: 1, turnsPerTick: 1 }, a.b: { fuelPerTick: 1, turnsPerTick: 1 } }\n`,
    "5:52",
    ["1 to 31 letters, digits, underscores, hyphens"],
  ],
};

for (const [name, [text, at, says]] of Object.entries(refused)) {
  test(`[G10] a share with ${name} is reported at its place`, async (context) => {
    await assert.rejects(tenantsOf(context, text), (error) => {
      assert.ok(EngineError.is(error), String(error));
      assert.equal(error.code, "WE_CONFIG_VALUE");
      assert.equal(`${String(error.details.line)}:${String(error.details.column)}`, at, error.message);
      for (const part of says) assert.ok(error.message.includes(part), error.message);
      return true;
    });
  });
}

async function tenantsOf(context: TestContext, text: string): Promise<readonly TenantSpec[]> {
  const directory = projectFolder(context, {
    "engine.yaml": text,
    "m.wasm": await assemble(smallAgentText()),
  });
  const { world } = await loadConfig(directory, { allowUnsigned: true });
  return world.genesis.tenants;
}

test("[G7] shares left out: places of own agents and a part of the rest, messages of all turns", async (context) => {
  const text = `${head}agentsMax: 20
limits: { messagesPerTurnMax: 10 }
agents:
  - { id: a, module: m, tenant: t }
  - { id: b, module: m, tenant: t, limits: { messagesPerTurnMax: 30 } }
  - { id: c, module: m, tenant: u, limits: { messagesPerTurnMax: 0 } }
  - { id: d, module: m, tenant: v }
tenants:
  t: { fuelPerTick: 1, turnsPerTick: 2 }
  u: { fuelPerTick: 1, turnsPerTick: 2 }
  v: { fuelPerTick: 1, turnsPerTick: 2, agentsMax: 6, messagesPerTick: 7 }
  w: { fuelPerTick: 1, turnsPerTick: 2 }
`;
  const tenants = await tenantsOf(context, text);
  assert.deepEqual(
    tenants.map(({ name, agentsMax, messagesPerTick }) => [name, agentsMax, messagesPerTick]),
    [
      // 20 places without 6 reserved ones and 3 agents: 11, a third of which is 3.
      ["t", 2 + 3, 2 * 30],
      ["u", 1 + 3, 1],
      ["v", 6, 7],
      ["w", 0 + 3, 2 * 10],
    ],
  );
});

test("an elastic tenant may have more agents than places of its own, where the world has room", async (context) => {
  const tenants = await tenantsOf(
    context,
    `${two}tenants: { t: { fuelPerTick: 1, turnsPerTick: 1, agentsMax: 1, share: elastic } }\n`,
  );
  assert.deepEqual([tenants[0]?.agentsMax, tenants[0]?.elastic], [1, true]);
});
