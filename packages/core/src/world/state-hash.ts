/**
 * Digests of the world's state.
 *   agent digest   H("wasm-engine/agent-state\0" ‖ image digest ‖ canonical state)
 *   state hash     H("wasm-engine/state\0" ‖ H of all (u64 handle, agent digest) in id order
 *                  ‖ canonical tables)
 * An agent's digest holds nothing that strangers decide. Only agents that changed since the
 * last hash are hashed again.
 */

import { assert, compareIds, encodeUtf8, writeU64, type AgentId } from "@wasm-engine/abi";
import { encodeCanonical } from "../codec/cbor.js";
import type { Agent } from "./agent.js";
import { agentValue } from "./agent-codec.js";
import { LateHash, agentDigest } from "./late-hash.js";
import type { Hasher } from "../ports.js";
import type { WorldState } from "./world-state.js";

const agentsDomain = encodeUtf8("wasm-engine/agents\0");
const stateDomain = encodeUtf8("wasm-engine/state\0");

const AGENT_ENTRY_BYTES = 40;
/** Encoded values are kept for a snapshot of the same tick up to this size: full mailboxes are not kept twice. */
const keptValueBytesMax = 4096;

/** A hash that was begun. */
interface LateState {
  readonly hash: LateHash;
  /** Encoded, as they were. */
  readonly tables: Uint8Array;
}

export class StateHash {
  #late: LateState | undefined;
  /** Agents that `#entries` is about, in id order. */
  #agents: readonly Agent[] = [];
  /** The domain, then u64 handle and digest of every agent. */
  #entries: Uint8Array = agentsDomain;

  of(world: WorldState): Uint8Array {
    this.#refresh(world);
    return this.#root(world.hasher, encodeCanonical(tablesValue(world)));
  }

  /** Notes what the hash of this moment covers; `finish` gives it. False where the executors offer no such. */
  begin(world: WorldState): boolean {
    assert(this.#late === undefined, "one hash after the other");
    const { late } = world.executors;
    if (late === undefined) return false;
    const agents = world.agents.sorted();
    if (agents !== this.#agents) this.#arrange(agents);
    this.#late = {
      hash: new LateHash(world.hasher, late, agents),
      tables: encodeCanonical(tablesValue(world)),
    };
    return true;
  }

  /** Does about `count` agents' worth of what was begun; false where this thread has nothing left to do. */
  advance(count: number): boolean {
    return this.#late?.hash.advance(count) ?? false;
  }

  /** Agents' worth that this thread has left of it. */
  get left(): number {
    return this.#late?.hash.left ?? 0;
  }

  /** What was begun can be finished without waiting. */
  get isReady(): boolean {
    return this.#late?.hash.isReady ?? true;
  }

  /** The hash of the moment of `begin`. */
  finish({ hasher }: WorldState): Uint8Array {
    const late = this.#late;
    assert(late !== undefined, "a hash is begun before it is finished");
    for (const { noted, imageDigest, encoded, digest } of late.hash.finish()) {
      const { agent, index } = noted;
      this.#entries.set(digest, entryStart(index) + 8);
      // Where something has happened to the agent since, its next digest is another one.
      if (agent.noted !== noted) continue;
      agent.noted = undefined;
      agent.imageDigest = imageDigest;
      keepDigest(agent, digest, encoded);
    }
    this.#late = undefined;
    return this.#root(hasher, late.tables);
  }

  #root(hasher: Hasher, tables: Uint8Array): Uint8Array {
    return hasher.sha256(stateDomain, hasher.sha256(this.#entries), tables);
  }

  /** Digest per live agent, in id order. */
  agentDigests(world: WorldState): (readonly [AgentId, Uint8Array])[] {
    this.#refresh(world);
    return this.#agents.map((agent, index) => {
      const start = entryStart(index) + 8;
      return [agent.id, this.#entries.slice(start, start + AGENT_ENTRY_BYTES - 8)] as const;
    });
  }

  /** Brings the digests of all agents up to date. */
  #refresh(world: WorldState): void {
    assert(this.#late === undefined, "a hash that was begun is finished before the next");
    const agents = world.agents.sorted();
    if (agents !== this.#agents) this.#arrange(agents);
    this.#refreshImages(world, agents);
    agents.forEach((agent, index) => {
      if (agent.digest !== undefined) return;
      const { imageDigest } = agent;
      assert(imageDigest !== undefined, "the executors hold an image of every live agent");
      const value = encodeCanonical(agentValue(agent));
      const digest = agentDigest(world.hasher, imageDigest, value);
      keepDigest(agent, digest, value);
      this.#entries.set(digest, entryStart(index) + 8);
    });
  }

  /** Begins the entries anew: somebody came or went. */
  #arrange(agents: readonly Agent[]): void {
    this.#entries = new Uint8Array(entryStart(agents.length));
    this.#entries.set(agentsDomain);
    const view = new DataView(this.#entries.buffer);
    agents.forEach((agent, index) => {
      writeU64(view, entryStart(index), agent.handle);
      if (agent.digest !== undefined) this.#entries.set(agent.digest, entryStart(index) + 8);
    });
    this.#agents = agents;
  }

  /** Asks the executors for the digests of images that have changed. */
  #refreshImages(world: WorldState, agents: readonly Agent[]): void {
    const imaged = agents.filter((agent) => agent.digest === undefined && agent.imageDigest === undefined);
    if (imaged.length === 0) return;
    const digests = world.executors.imageDigests(imaged.map(({ handle }) => handle));
    imaged.forEach((agent, index) => {
      agent.imageDigest = digests[index];
    });
  }
}

function keepDigest(agent: Agent, digest: Uint8Array, value: Uint8Array): void {
  agent.digest = digest;
  agent.encoded = value.length > keptValueBytesMax ? undefined : { value, digest };
}

function entryStart(index: number): number {
  return agentsDomain.length + index * AGENT_ENTRY_BYTES;
}

/** What belongs to no agent: credits, retained ids and keys, the order of turns that have not landed, cuts if any. */
function tablesValue(world: WorldState): Parameters<typeof encodeCanonical>[0] {
  const busy = [...world.busy].sort((left, right) => compareIds(left.id, right.id));
  return [
    creditsValue(world),
    world.retiredLedgers.summary(),
    world.endedTasks.summary(),
    world.idempotencyKeys.summary(),
    busy.map((agent) => [agent.handle, agent.turn?.planIndex ?? 0, agent.turn?.ownMessages ?? 0]),
    ...(world.cuts.isEmpty ? [] : [world.cuts.value()]),
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
