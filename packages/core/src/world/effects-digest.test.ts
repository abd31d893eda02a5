/** The effects digest against its definition, for any order of turns and any number of shards. */

import assert from "node:assert/strict";
import test from "node:test";
import { compareIds, encodeUtf8, writeU64 } from "@wasm-engine/abi";
import { KeptList } from "../kept-list.js";
import { EMPTY_LEDGER } from "../ports.js";
import { TenantCredit } from "../scheduler/tenant-credit.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { concatBytes } from "../testing/bytes.js";
import { SeededRandom, repeatable, seeds } from "../testing/seeded-random.js";
import { ScriptWorld, genesis, handle, spec } from "../testing/script-world.js";
import { createAgent, type Agent } from "./agent.js";
import { EffectsDigest } from "./effects-digest.js";
import { MailStore } from "./mail-store.js";
import { specDigestOf } from "./lifecycle.js";
import { restoreEffects } from "./turn-record.js";

const tenant = new TenantCredit(
  { name: "default", fuelPerTick: 1, turnsPerTick: 1, messagesPerTick: 1, elastic: false },
  true,
);
const store = new MailStore(new ScriptWorld(genesis([]), () => undefined).executors);

function agentOf(id: string, idRank: number, shards: number): Agent {
  const own = spec(id);
  const agent = createAgent({
    handle: handle(id),
    spec: own,
    specDigest: specDigestOf(nodeHasher, own),
    parent: handle("parent"),
    tenant,
    ledger: EMPTY_LEDGER,
    store,
    shards,
  });
  agent.idRank = idRank;
  return agent;
}

/** Gives the agent a turn of random figures and effects; returns what the digest covers of it. */
function takeTurn(agent: Agent, random: SeededRandom): Uint8Array {
  const { record } = agent;
  const effects = Uint8Array.from({ length: 8 * random.below(60) }, () => random.below(256));
  record.completed = random.below(3);
  record.fuel = random.below(2) * 2 ** 40 + random.below(1000);
  record.faultCode = random.oneIn(3) ? 5 : 0;
  record.guestCode = 0 - random.below(3);
  restoreEffects(record, agent.handle, effects);
  const head = new Uint8Array(32);
  const view = new DataView(head.buffer);
  writeU64(view, 0, agent.handle);
  view.setUint32(8, record.completed, true);
  writeU64(view, 12, record.fuel);
  view.setUint32(20, record.faultCode, true);
  view.setInt32(24, record.guestCode, true);
  view.setUint32(28, effects.length, true);
  return concatBytes(head, effects);
}

/** The definition, word for word. */
function expectedDigest(turns: ReadonlyMap<Agent, Uint8Array>): Uint8Array {
  const sorted = [...turns].sort(([left], [right]) => compareIds(left.id, right.id));
  const shards = new Map<number, Uint8Array[]>();
  for (const [agent, bytes] of sorted) shards.set(agent.shard, [...(shards.get(agent.shard) ?? []), bytes]);
  const parts = [encodeUtf8("wasm-engine/shards\0")];
  for (const [shard, turnsOfShard] of [...shards].sort(([left], [right]) => left - right)) {
    const index = new Uint8Array(4);
    new DataView(index.buffer).setUint32(0, shard, true);
    parts.push(index, nodeHasher.sha256(encodeUtf8("wasm-engine/effects\0"), ...turnsOfShard));
  }
  return nodeHasher.sha256(...parts);
}

for (const shardCount of [1, 3, 16, 5000, 2 ** 40]) {
  test(`${shardCount} shards: the digest is that of the definition in every tick`, () => {
    for (const seed of seeds(`shards ${shardCount}`, 3)) {
      repeatable(seed, "world/effects-digest.test.js", () => {
        const random = new SeededRandom(seed);
        const digest = new EffectsDigest(nodeHasher);
        const ids = Array.from({ length: 40 }, (_, index) => `a${index}`).sort(compareIds);
        const agents = ids.map((id, rank) => agentOf(id, rank, shardCount));
        for (let tick = 0; tick < 30; tick += 1) {
          const chosen = agents.filter(() => random.oneIn(1 + (tick % 4)));
          if (tick % 3 === 0) chosen.sort(() => random.below(3) - 1);
          const landed = new KeptList<Agent>();
          const turns = new Map<Agent, Uint8Array>();
          for (const agent of chosen) {
            turns.set(agent, takeTurn(agent, random));
            landed.push(agent);
            digest.add(agent);
          }
          assert.deepEqual(digest.finish(landed), expectedDigest(turns), `tick ${tick}`);
        }
      });
    }
  });
}
