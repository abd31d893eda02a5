/**
 * Canonical bytes of a world without its images: what a snapshot stores beside them. Derived tables
 * (channels, timer queue, indexes) are not stored; restoring builds them from the agents, so nothing in them
 * may depend on history.
 */

import type { AgentId } from "@wasm-engine/abi";
import { decodeCanonical, encodeCanonical, encodedList, type CborValue } from "../codec/cbor.js";
import { coreError } from "../errors.js";
import { noteAgentState, readAgent, type RestoredAgent } from "./agent-codec.js";
import type { RetainedState } from "./retained-table.js";
import { indexRequest } from "./request-table.js";
import { addTask } from "./task-table.js";
import { creditsValue } from "./state-hash.js";
import { indexUpgrade } from "./upgrade.js";
import type { WorldState } from "./world-state.js";

/** Version of this format; a restored world must have been written by the same one. */
const STATE_VERSION = 1;

type StateFields = [
  number,
  number,
  Uint8Array,
  readonly CborValue[],
  readonly (readonly [string, number, number])[],
  RetainedState,
  RetainedState,
  RetainedState,
  // What is cut off; absent where nothing is.
  (readonly [readonly AgentId[], readonly string[]])?,
];

/** Notes the world as it is. The result encodes it, given the chain head after its tick. */
export function noteState(world: WorldState): (chainHead: Uint8Array) => Uint8Array {
  const { tick } = world;
  const agents = world.agents.sorted().map(noteAgentState);
  const tables = [
    encodeCanonical(creditsValue(world)),
    encodeCanonical(world.retiredLedgers.export()),
    encodeCanonical(world.endedTasks.export()),
    encodeCanonical(world.idempotencyKeys.export()),
  ];
  if (!world.cuts.isEmpty) tables.push(encodeCanonical(world.cuts.value()));
  return (chainHead) => {
    const head = [STATE_VERSION, tick, chainHead].map((value) => encodeCanonical(value));
    const encoded = agents.map((encode) => encode());
    const fields = [...head, encodedList(encoded.length, encoded), ...tables];
    return encodedList(fields.length, fields);
  };
}

/** Fills an empty world. @throws {WE_WORLD_STATE} @throws {WE_CBOR_MALFORMED} */
export function restoreState(world: WorldState, bytes: Uint8Array): void {
  const value = decodeCanonical(bytes);
  if (!Array.isArray(value) || value[0] !== STATE_VERSION)
    throw coreError("WE_WORLD_STATE", { reason: `it is not version ${STATE_VERSION} of the state format` });
  const fields = value as StateFields; // version checked above
  const [, tick, chainHead, agents, credits, retired, ended, keys, cuts] = fields;
  world.tick = tick;
  world.chainHead = chainHead;
  const restored = agents.map((entry) => {
    const agent = readAgent(world, entry);
    if (agent === undefined) throw coreError("WE_WORLD_STATE", { reason: "an agent has an unknown tenant" });
    return agent;
  });
  for (const [name, fuel, messages] of credits) {
    const tenant = world.tenants.get(name);
    tenant?.fuel.restore(fuel);
    tenant?.messages.restore(messages);
  }
  world.retiredLedgers.restore(retired);
  world.endedTasks.restore(ended);
  world.idempotencyKeys.restore(keys);
  if (cuts !== undefined) world.cuts.restore(cuts);
  for (const { agent } of restored) world.agents.add(agent);
  for (const entry of restored) indexAgent(world, entry);
}

function indexAgent(world: WorldState, restored: RestoredAgent): void {
  const { agent, requests, tasks, channels } = restored;
  for (const topic of channels) world.channels.join(agent, topic);
  for (const request of requests) {
    agent.requests.set(request.requestId, request);
    indexRequest(world, agent, request);
  }
  for (const task of tasks) addTask(world, agent, task, world.tick);
  if (agent.cadenceTick > world.tick) world.timers.add(agent.cadenceTick, agent.handle, 0);
  if (agent.stopTick > world.tick) world.timers.add(agent.stopTick, agent.handle, 0);
  indexUpgrade(world, agent);
  if (agent.runnableSince >= 0) world.runnable.add(agent);
  if (agent.turn !== undefined) world.busy.add(agent);
}
