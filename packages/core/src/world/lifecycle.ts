/** Beginning and end of agents: start, graceful stop, end at the seal, fresh restart. */

import { MessageKind, assert, decodeMessage, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import { encodeCanonical } from "../codec/cbor.js";
import { agentSpecShape } from "../codec/genesis-codec.js";
import { encodeShape } from "../codec/shape.js";
import { shutdownTicks } from "../limits.js";
import type { AgentSpec } from "../model.js";
import { EMPTY_LEDGER, type AgentOperation, type Hasher } from "../ports.js";
import { createAgent, sortedTasks, touch, type Agent } from "./agent.js";
import { answerError, departError, engineMessage, enqueue, wake } from "./delivery.js";
import { ledgerOf, ledgerValue } from "./ledger-codec.js";
import { closeRequest, requestsTo } from "./request-table.js";
import { endTask, taskMessage } from "./task-table.js";
import { giveUpUpgrade } from "./upgrade.js";
import { deadLetter, type TickScope, type WorldState } from "./world-state.js";

const streamDomain = encodeUtf8("wasm-engine/streams\0");
const specDomain = encodeUtf8("wasm-engine/spec\0");

/** Digest of a spec, so that the state hash of an agent does not encode it again. */
export function specDigestOf(hasher: Hasher, spec: AgentSpec): Uint8Array {
  return hasher.sha256(specDomain, encodeCanonical(encodeShape(agentSpecShape, "spec", spec)));
}

/** Seed of an agent's named random streams: H("wasm-engine/streams\0" ‖ u64 seed ‖ id). */
export function streamSeedOf(hasher: Hasher, seed: number, id: string): Uint8Array {
  const seedBytes = new Uint8Array(8);
  new DataView(seedBytes.buffer).setBigUint64(0, BigInt(seed), true);
  return hasher.sha256(streamDomain, seedBytes, encodeUtf8(id));
}

export interface AgentStart {
  readonly spec: AgentSpec;
  readonly handle: AgentHandle;
  readonly parent: AgentHandle;
  /** First tick at which it may take a turn. */
  readonly firstTick: number;
}

/** Adds an agent that may start: addressable at once. The caller joins its channels and passes on the operation. */
export function startAgent(world: WorldState, start: AgentStart): [Agent, AgentOperation] {
  const { spec, handle, parent, firstTick } = start;
  const tenant = world.tenants.get(spec.tenant);
  assert(tenant !== undefined, "startRefusal has checked the tenant");
  const retired = world.retiredLedgers.get(spec.id);
  const ledger = retired === undefined ? EMPTY_LEDGER : ledgerOf(retired);
  const specDigest = specDigestOf(world.hasher, spec);
  const agent = createAgent({
    handle,
    spec,
    specDigest,
    parent,
    tenant,
    ledger,
    store: world.mail,
    shards: world.genesis.shards,
  });
  world.agents.add(agent);
  wake(world, agent, firstTick);
  const streamSeed = streamSeedOf(world.hasher, world.genesis.seed, spec.id);
  const { id, module, limits } = spec;
  return [agent, { kind: "create", agent: handle, id, module, limits, streamSeed, ledger }];
}

/** Collects the channels of a new or restarted agent for the seal. */
export function joinChannels(scope: TickScope, agent: Agent): void {
  for (const topic of agent.spec.channels) scope.memberships.push({ agent, topic, joins: true });
}

/**
 * Graceful stop: the stop message, then `shutdown`. Lifts a pause, because a paused agent could never stop; an
 * upgrade that waits is given up.
 */
export function stopAgent(world: WorldState, scope: TickScope, agent: Agent): void {
  if (agent.stopTick >= 0 || agent.ending) return;
  giveUpUpgrade(world, scope, agent, "stopping");
  agent.stopTick = scope.tick + shutdownTicks;
  agent.paused = false;
  world.timers.add(agent.stopTick, agent.handle, 0);
  enqueue(world, scope, agent, engineMessage({ kind: MessageKind.STOP, tick: scope.mailTick }));
}

/** Takes ended agents out of the world: nobody is left waiting, and nothing of theirs is lost silently. */
export function removeEnded(world: WorldState, scope: TickScope): void {
  const ending = scope.ending.splice(0);
  for (const agent of ending) {
    giveUpUpgrade(world, scope, agent, "ended");
    cancelTimers(world, scope, agent);
    for (const task of sortedTasks(agent)) {
      deadLetter(scope, agent.id, "TERMINATED", taskMessage(task, scope.tick));
      endTask(world, scope, task, { end: "failed", code: "UNDELIVERABLE", reported: true });
    }
    for (const message of agent.mailbox.toArray()) {
      if (isMail(message)) deadLetter(scope, agent.id, "TERMINATED", message);
    }
    answerWaiting(world, scope, agent);
    world.channels.leaveAll(agent);
    const untilTick = scope.tick + world.genesis.retainTicks;
    world.retiredLedgers.set(agent.id, untilTick, ledgerValue(agent.ledger));
    scope.operations.push({ kind: "drop", agent: agent.handle });
    scope.ended.push(agent.id);
  }
  for (const agent of ending) world.agents.remove(agent);
}

function isMail(message: Uint8Array): boolean {
  const { kind } = decodeMessage(message);
  return kind === MessageKind.MESSAGE || kind === MessageKind.ANSWER;
}

function answerWaiting(world: WorldState, scope: TickScope, agent: Agent): void {
  for (const [requester, requestId] of requestsTo(world, agent.handle)) {
    const waiting = world.agents.byHandle(requester);
    if (waiting === undefined || waiting.ending) continue;
    closeRequest(world, waiting, requestId, scope.tick);
    answerError(world, scope, waiting, { requestId, code: "UNDELIVERABLE", peer: agent.handle });
  }
  for (const inputSeq of [...agent.asked].sort((left, right) => left - right))
    departError(scope, agent.id, inputSeq, "UNDELIVERABLE");
}

/** Every entry that the agent has in the timer queue. */
function cancelTimers(world: WorldState, scope: TickScope, agent: Agent): void {
  for (const requestId of [...agent.requests.keys()]) closeRequest(world, agent, requestId, scope.tick);
  if (agent.cadenceTick > scope.tick) world.timers.remove(agent.cadenceTick);
  if (agent.stopTick > scope.tick) world.timers.remove(agent.stopTick);
  agent.cadenceTick = -1;
  agent.stopTick = -1;
}

/** Restart with new memory: init and start again; ledger, mail and questions stay, timers and subscriptions go. */
export function restartFresh(world: WorldState, scope: TickScope, agent: Agent): void {
  for (const request of [...agent.requests.values()]) {
    if (request.kind === "timer") closeRequest(world, agent, request.requestId, scope.tick);
  }
  setCadence(world, scope, agent, -1);
  for (const topic of agent.channels) scope.memberships.push({ agent, topic, joins: false });
  joinChannels(scope, agent);
  agent.needsInit = true;
  agent.needsStart = true;
  scope.operations.push({ kind: "reset", agent: agent.handle });
  agent.imageDigest = undefined;
  touch(agent);
}

/** Moves the next tick of the cadence; -1 for none. */
export function setCadence(world: WorldState, scope: TickScope, agent: Agent, tick: number): void {
  if (agent.cadenceTick > scope.tick) world.timers.remove(agent.cadenceTick);
  agent.cadenceTick = tick;
  if (tick > scope.tick) world.timers.add(tick, agent.handle, 0);
  touch(agent);
}
