/**
 * Canonical form of one agent. `agentValue` is what its digest covers beside the image: nothing in it depends
 * on what strangers do. Snapshots add the spec, and of its turn the place in the plan and what the tenant has
 * paid for it. Lists are positional; the version of the whole is in state-codec.ts.
 */

import type { AgentHandle, Encoding, FaultCode, ModuleDigest } from "@wasm-engine/abi";
import { encodeCanonical, encodedList, type CborValue } from "../codec/cbor.js";
import { agentSpecShape } from "../codec/genesis-codec.js";
import { decodeShape, encodeShape } from "../codec/shape.js";
import type { AgentSpec } from "../model.js";
import type { Agent } from "./agent.js";
import { createAgent, sortedTasks } from "./agent.js";
import { ledgerOf, ledgerValue } from "./ledger-codec.js";
import type { PendingRequest } from "./request.js";
import type { Task } from "./task.js";
import { effectsOf, restoreEffects, type TurnRecord } from "./turn-record.js";
import type { WorldState } from "./world-state.js";

/** Of most agents most lists are empty, and a tick notes a thousand agents. */
const NOTHING: readonly CborValue[] = [];

/** What the digest of an agent covers beside its image; nothing of it changes when the agent does. */
export function agentValue(agent: Agent): readonly CborValue[] {
  return [
    agent.handle,
    agent.id,
    agent.specDigest,
    agent.parent,
    [agent.needsInit, agent.needsStart, agent.paused],
    [agent.stopTick, agent.cadenceTick, agent.runnableSince, agent.upgradedTick],
    [agent.faults, agent.faultTicks.length === 0 ? NOTHING : [...agent.faultTicks], agent.fuel],
    ledgerValue(agent.ledger),
    agent.channels.size === 0 ? NOTHING : [...agent.channels].sort(),
    agent.asked.size === 0 ? NOTHING : [...agent.asked].sort((left, right) => left - right),
    agent.mailbox.length === 0 ? NOTHING : agent.mailbox.toArray(),
    agent.requests.size === 0 ? NOTHING : [...agent.requests.values()].map(requestValue),
    agent.tasks.size === 0 ? NOTHING : sortedTasks(agent).map(taskValue),
    agent.turn === undefined ? null : turnValue(agent, agent.turn),
    upgradeValue(agent),
  ];
}

/** Fields of `agentValue`. */
const valueFields = 15;
/** What encodes the head of a list of so few items. */
const valueHeadBytes = 1;
/** Specs as they are stored: those of a world are few, and none changes. */
const encodedSpecs = new WeakMap<AgentSpec, Uint8Array>();

/**
 * Everything that a snapshot needs of an agent beside its image, encoded: its spec, its plan and the fields of
 * `agentValue`. What the state hash of this tick has encoded, or noted, is used: a snapshot holds up the loop.
 * The agent is noted now; the result encodes it as it was.
 */
export function noteAgentState(agent: Agent): () => Uint8Array {
  const { planIndex = 0, ownMessages = 0 } = agent.turn ?? {};
  const sinceTicks = [...agent.requests.values()].map(({ sinceTick }) => sinceTick);
  const { encoded, digest, noted, spec } = agent;
  const isKnown = encoded !== undefined && encoded.digest === digest;
  const known = isKnown ? encoded.value : undefined;
  const value = known === undefined && noted === undefined ? agentValue(agent) : undefined;
  return () => {
    const bytes = known ?? noted?.encoded ?? encodeCanonical(value ?? noted?.value ?? []);
    const plan = encodeCanonical([planIndex, ownMessages, ...sinceTicks]);
    return encodedList(valueFields + 2, [encodedSpec(spec), plan, bytes.subarray(valueHeadBytes)]);
  };
}

function encodedSpec(spec: AgentSpec): Uint8Array {
  const known = encodedSpecs.get(spec);
  if (known !== undefined) return known;
  const encoded = encodeCanonical(encodeShape(agentSpecShape, "spec", spec));
  encodedSpecs.set(spec, encoded);
  return encoded;
}

type Waiting = readonly [module: ModuleDigest, sinceTick: number, deadlineTick: number, heldCount: number];

/** What a draining agent waits for; a module alone where the upgrade of a busy agent waits for its turn only. */
function upgradeValue({ upgrade, heldCount }: Agent): CborValue {
  if (upgrade === undefined) return null;
  const { module, sinceTick, deadlineTick } = upgrade;
  if (sinceTick === deadlineTick) return module;
  return [module, sinceTick, deadlineTick, heldCount];
}

function readUpgrade(agent: Agent, value: CborValue): void {
  if (value === null) return;
  if (typeof value === "string") {
    agent.upgrade = { module: value as ModuleDigest, sinceTick: 0, deadlineTick: 0 }; // by upgradeValue
    return;
  }
  const [module, sinceTick, deadlineTick, heldCount] = value as Waiting; // by upgradeValue
  agent.upgrade = { module, sinceTick, deadlineTick };
  agent.heldCount = heldCount;
}

function requestValue(request: PendingRequest): CborValue {
  const { kind, requestId, deadlineTick } = request;
  switch (kind) {
    case "send":
      return [kind, requestId, deadlineTick, request.messageId, request.target];
    case "timer":
      return [kind, requestId, deadlineTick, request.topic, request.encoding, request.payload];
    case "task":
      return [kind, requestId, deadlineTick, request.taskKey];
    case "inference":
    case "tool":
      return [kind, requestId, deadlineTick, request.name];
  }
}

function taskValue(task: Task): CborValue {
  return [
    task.key,
    task.taskId,
    task.owner,
    task.requestId,
    task.priority,
    task.encoding,
    task.payload,
    task.onDependencyFailure,
    task.notBefore,
    task.timed,
    [...task.waitingFor].sort(),
    task.running,
  ];
}

function turnValue(agent: Agent, turn: TurnRecord): CborValue {
  const { work, mailCount, fuel, completed, requests, messages, spawns, faultCode } = turn;
  const { streams = agent.ledger.streams } = turn;
  return [
    turn.plannedTick,
    turn.visibleTick,
    [work.init, work.start, mailCount, work.taskKeys, work.cadence, work.shutdown],
    [fuel, completed, effectsOf(turn), ledgerValue({ requests, messages, spawns, streams })],
    faultCode === 0 ? null : [completed, faultCode, turn.guestCode],
  ];
}

type Fields = readonly CborValue[];
/** Plan index, messages that the tenant has paid, then since when each pending request waits: not hashed. */
type Plan = readonly [planIndex: number, ownMessages: number, ...sinceTicks: number[]];

/** What is left to do after the agent itself: its tasks and requests go through the tables. */
export interface RestoredAgent {
  readonly agent: Agent;
  readonly requests: readonly PendingRequest[];
  readonly tasks: readonly Task[];
  readonly channels: readonly string[];
}

/**
 * Reads `agentState` of the world at hand, or undefined where it does not have the agent's tenant. Bytes are those of
 * our own snapshot, checked by its digest.
 */
export function readAgent(world: WorldState, value: CborValue): RestoredAgent | undefined {
  const [specValue, plan, ...fields] = value as [CborValue, Plan, ...Fields]; // by agentState
  const [, , ...sinceTicks] = plan;
  const [
    handle,
    ,
    specDigest,
    parent,
    flags,
    ticks,
    counters,
    ledger,
    channels,
    asked,
    mail,
    requests,
    tasks,
    turn,
    upgrade,
  ] = fields as [
    number,
    string,
    Uint8Array,
    number,
    boolean[],
    number[],
    [number, number[], number],
    ...Fields,
  ]; // by agentValue
  const spec = decodeShape(agentSpecShape, "spec", specValue);
  const tenant = world.tenants.get(spec.tenant);
  if (tenant === undefined) return undefined;
  const agent = createAgent({
    handle: handle as AgentHandle, // stored handles
    spec,
    specDigest,
    parent: parent as AgentHandle, // stored handles
    tenant,
    ledger: ledgerOf(ledger ?? []),
    store: world.mail,
    mail: mail as Uint8Array[], // by agentValue
    shards: world.genesis.shards,
  });
  [agent.needsInit = true, agent.needsStart = true, agent.paused = false] = flags;
  [agent.stopTick = -1, agent.cadenceTick = -1, agent.runnableSince = -1, agent.upgradedTick = -1] = ticks;
  [agent.faults, agent.faultTicks, agent.fuel] = [counters[0], [...counters[1]], counters[2]];
  for (const inputSeq of asked as number[]) agent.asked.add(inputSeq); // by agentValue
  if (turn !== null && turn !== undefined) readTurn(agent, turn as Fields, plan); // by turnValue
  readUpgrade(agent, upgrade ?? null);
  return {
    agent,
    // By requestValue.
    requests: (requests as Fields[]).map((request, index) => readRequest(request, sinceTicks[index] ?? -1)),
    tasks: (tasks as Fields[]).map((task) => readTask(task, agent.handle)), // by taskValue
    channels: channels as string[], // by agentValue
  };
}

function readRequest(fields: Fields, sinceTick: number): PendingRequest {
  type Head = [string, number, number, ...Fields];
  const [kind, requestId, deadlineTick, first, second, third] = fields as Head; // by requestValue
  switch (kind) {
    case "send":
      return {
        kind,
        requestId,
        sinceTick,
        deadlineTick,
        messageId: first as number, // by requestValue
        target: second as AgentHandle, // by requestValue
      };
    case "timer":
      return {
        kind,
        requestId,
        sinceTick,
        deadlineTick,
        topic: first as Uint8Array, // by requestValue
        encoding: second as Encoding, // by requestValue
        payload: third as Uint8Array, // by requestValue
      };
    case "task":
      return { kind, requestId, sinceTick, deadlineTick: 0, taskKey: first as string }; // by requestValue
    default:
      return {
        kind: kind as "inference" | "tool",
        requestId,
        sinceTick,
        deadlineTick,
        name: first as string,
      }; // by requestValue
  }
}

function readTask(fields: Fields, target: AgentHandle): Task {
  const [
    key,
    taskId,
    owner,
    requestId,
    priority,
    encoding,
    payload,
    onDependencyFailure,
    notBefore,
    timed,
    waits,
    running,
  ] = fields as [
    string,
    string,
    AgentHandle,
    number,
    number,
    Encoding,
    Uint8Array,
    Task["onDependencyFailure"],
    number,
    boolean,
    string[],
    boolean,
  ]; // by taskValue
  return {
    key,
    taskId,
    target,
    owner,
    requestId,
    priority,
    encoding,
    payload,
    onDependencyFailure,
    notBefore,
    timed,
    waitingFor: new Set(waits),
    running,
  };
}

function readTurn(agent: Agent, fields: Fields, plan: Plan): void {
  const { record } = agent;
  const [plannedTick, visibleTick, work, outcome, fault] = fields as [
    number,
    number,
    [boolean, boolean, number, string[], boolean, boolean],
    [number, number, Uint8Array, CborValue],
    [number, FaultCode, number] | null,
  ]; // by turnValue
  [record.planIndex, record.ownMessages] = plan;
  record.plannedTick = plannedTick;
  record.visibleTick = visibleTick;
  const [init, start, mailCount, taskKeys, cadence, shutdown] = work;
  record.work = { init, start, taskKeys, cadence, shutdown };
  record.mailCount = mailCount;
  const [fuel, completed, effects, ledger] = outcome;
  Object.assign(record, { fuel, completed }, ledgerOf(ledger));
  if (fault !== null) [, record.faultCode, record.guestCode] = fault;
  restoreEffects(record, agent.handle, effects);
  agent.turn = record;
}
