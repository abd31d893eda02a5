/**
 * Digests of a tick and of the world.
 *   shard digest   H("wasm-engine/effects\0" ‖ per landed turn in id order: u64 handle, u32 completed,
 *                  u64 fuel, u32 fault code, i32 guest code, u32 effect bytes, effects);
 *                  a shard is handle mod shards
 *   effects digest H("wasm-engine/shards\0" ‖ per non-empty shard: u32 index, digest)
 *   agent digest   H("wasm-engine/agent-state\0" ‖ image digest ‖ canonical state)
 *   state hash     H("wasm-engine/state\0" ‖ H of all (u64 handle, agent digest) in id order
 *                  ‖ canonical tables)
 * An agent's digest holds nothing that strangers decide. Only agents that changed since the
 * last hash are hashed again.
 */

import { assert, compareIds, encodeUtf8, writeU64, type AgentId } from "@wasm-engine/abi";
import { encodeCanonical } from "../codec/cbor.js";
import type { TurnOutcome } from "../ports.js";
import type { Agent } from "./agent.js";
import { agentValue } from "./agent-codec.js";
import type { TickScope, WorldState } from "./world-state.js";

const effectsDomain = encodeUtf8("wasm-engine/effects\0");
const shardsDomain = encodeUtf8("wasm-engine/shards\0");
const agentDomain = encodeUtf8("wasm-engine/agent-state\0");
const agentsDomain = encodeUtf8("wasm-engine/agents\0");
const stateDomain = encodeUtf8("wasm-engine/state\0");

const TURN_HEADER_BYTES = 32;
const AGENT_ENTRY_BYTES = 40;

/** Digest over what landed turns did. */
export function effectsDigestOf(world: WorldState, scope: TickScope): Uint8Array {
  const { shards } = world.genesis;
  const turnsByShard = new Map<number, ShardTurn[]>();
  for (const { agent, record } of scope.landed) {
    const shard = agent.handle % shards;
    const turns = turnsByShard.get(shard);
    if (turns === undefined) turnsByShard.set(shard, [{ agent, outcome: record.outcome }]);
    else turns.push({ agent, outcome: record.outcome });
  }
  const parts: Uint8Array[] = [shardsDomain];
  for (const shard of [...turnsByShard.keys()].sort((left, right) => left - right)) {
    const turns = turnsByShard.get(shard) ?? [];
    turns.sort((left, right) => compareIds(left.agent.id, right.agent.id));
    const index = new Uint8Array(4);
    new DataView(index.buffer).setUint32(0, shard, true);
    parts.push(index, world.hasher.sha256(effectsDomain, shardBytes(turns)));
  }
  return world.hasher.sha256(concatenate(parts));
}

interface ShardTurn {
  readonly agent: Agent;
  readonly outcome: TurnOutcome;
}

function shardBytes(turns: readonly ShardTurn[]): Uint8Array {
  let total = 0;
  for (const { outcome } of turns) total += TURN_HEADER_BYTES + outcome.effects.length;
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const { agent, outcome } of turns) {
    writeU64(view, offset, agent.handle);
    view.setUint32(offset + 8, outcome.completed, true);
    writeU64(view, offset + 12, outcome.fuel);
    view.setUint32(offset + 20, outcome.fault?.code ?? 0, true);
    view.setInt32(offset + 24, outcome.fault?.guestCode ?? 0, true);
    view.setUint32(offset + 28, outcome.effects.length, true);
    bytes.set(outcome.effects, offset + TURN_HEADER_BYTES);
    offset += TURN_HEADER_BYTES + outcome.effects.length;
  }
  return bytes;
}

/** One buffer, because a tick may have more parts than a call may have arguments. */
function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const part of parts) total += part.length;
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Brings the digests of all agents up to date. */
function refreshDigests(world: WorldState): void {
  const stale = world.agents.sorted().filter((agent) => agent.digest === undefined);
  const imaged = stale.filter((agent) => agent.imageDigest === undefined);
  const images = imaged.length === 0 ? [] : world.executors.imageDigests(imaged.map(({ handle }) => handle));
  imaged.forEach((agent, index) => {
    agent.imageDigest = images[index];
  });
  for (const agent of stale) {
    const { imageDigest } = agent;
    assert(imageDigest !== undefined, "the executors hold an image of every live agent");
    agent.digest = world.hasher.sha256(agentDomain, imageDigest, encodeCanonical(agentValue(agent)));
  }
}

/** Digest per live agent, in id order. */
export function agentDigestsOf(world: WorldState): (readonly [AgentId, Uint8Array])[] {
  refreshDigests(world);
  return world.agents.sorted().map((agent) => {
    assert(agent.digest !== undefined, "digests are up to date");
    return [agent.id, agent.digest] as const;
  });
}

export function stateHashOf(world: WorldState): Uint8Array {
  refreshDigests(world);
  const agents = world.agents.sorted();
  const entries = new Uint8Array(agents.length * AGENT_ENTRY_BYTES);
  const view = new DataView(entries.buffer);
  agents.forEach((agent, index) => {
    assert(agent.digest !== undefined, "digests are up to date");
    writeU64(view, index * AGENT_ENTRY_BYTES, agent.handle);
    entries.set(agent.digest, index * AGENT_ENTRY_BYTES + 8);
  });
  const root = world.hasher.sha256(agentsDomain, entries);
  return world.hasher.sha256(stateDomain, root, encodeCanonical(tablesValue(world)));
}

/** What belongs to no agent: credits, retained ids and keys, the order of turns that have not landed. */
function tablesValue(world: WorldState): Parameters<typeof encodeCanonical>[0] {
  const busy = [...world.busy].sort((left, right) => compareIds(left.id, right.id));
  return [
    creditsValue(world),
    world.retiredLedgers.summary(),
    world.endedTasks.summary(),
    world.idempotencyKeys.summary(),
    busy.map((agent) => [agent.handle, agent.turn?.planIndex ?? 0, agent.turn?.ownMessages ?? 0]),
  ];
}

/** Per tenant: name, fuel, messages. */
export function creditsValue(world: WorldState): readonly (readonly [string, number, number])[] {
  return [...world.tenants.values()].map(({ name, fuel, messages }) => [
    name,
    fuel.balance,
    messages.balance,
  ]);
}
