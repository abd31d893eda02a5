/**
 * One agent as the world keeps it: everything but its memory image, which the executors hold.
 *
 *   created -> first turn (init, start message, mail) -> active -> ended
 *   Beside that it may be paused (keeps its mail, takes no turns), busy (a turn of several slices has not
 *   landed), draining (an upgrade waits until nothing is pending) or stopping (the stop message is in its
 *   mailbox, `shutdown` follows it).
 * Work is consumed when a turn lands, never when it is planned: until then state is
 * the state before the turn.
 */

import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import { waitingBytesMax } from "../limits.js";
import type { AgentSpec } from "../model.js";
import type { Runnable } from "../scheduler/runnable.js";
import type { TenantCredit } from "../scheduler/tenant-credit.js";
import type { Ledger } from "../ports.js";
import { compileGrants, type Grants } from "./capability.js";
import type { NotedAgent } from "./late-hash.js";
import type { MailStore } from "./mail-store.js";
import { Mailbox } from "./mailbox.js";
import type { PendingRequest } from "./request.js";
import { compareTasks, type Task } from "./task.js";
import { createTurnRecord, type TurnRecord } from "./turn-record.js";
import type { WaitingUpgrade } from "./upgrade.js";

/** Counters that turns advance. */
type AgentLedger = { -readonly [Key in keyof Ledger]: Ledger[Key] };

export interface Agent extends Runnable {
  readonly handle: AgentHandle;
  readonly id: AgentId;
  /** Spawner; 0 for agents of the genesis and of inputs. */
  readonly parent: AgentHandle;
  readonly mailbox: Mailbox;
  /** By request id, ascending. */
  readonly requests: Map<number, PendingRequest>;
  /** Request id by the messageId that carried it. */
  readonly requestOfMessage: Map<number, number>;
  /** Live tasks that this agent is to run, by key. */
  readonly tasks: Map<string, Task>;
  readonly channels: Set<string>;
  /** Sequence numbers of inputs that expect an answer outside. */
  readonly asked: Set<number>;
  readonly tenant: TenantCredit;
  spec: AgentSpec;
  specDigest: Uint8Array;
  readonly ledger: AgentLedger;
  /** What the capabilities of its spec grant. */
  readonly grants: Grants;
  /** Which part of the effects digest covers its turns. */
  readonly shard: number;
  idRank: number;
  needsInit: boolean;
  needsStart: boolean;
  paused: boolean;
  /** Tick at which a graceful stop ends without `shutdown`; -1: not stopping. */
  stopTick: number;
  /** Ended in this tick; leaves the world at the seal. */
  ending: boolean;
  /** Next tick of the cadence; -1: none. */
  cadenceTick: number;
  /** -1: not in the queue. */
  runnableSince: number;
  urgency: number;
  /** No turn in this tick: its upgrade was its turn. */
  upgradedTick: number;
  faultTicks: number[];
  faults: number;
  fuel: number;
  /** Bytes of pending timers and live tasks. */
  plannedBytes: number;
  /** Its turn of this tick, or the last one. */
  readonly record: TurnRecord;
  /** `record` while the turn that it is about has not landed. */
  turn: TurnRecord | undefined;
  /** An upgrade that has been asked for and not carried out. */
  upgrade: WaitingUpgrade | undefined;
  /** Messages at the end of the mailbox that wait for the upgrade; -1: the agent is not draining. */
  heldCount: number;
  /** Caches of the state hash. */
  imageDigest: Uint8Array | undefined;
  digest: Uint8Array | undefined;
  /** What a digest covers that is being computed, while the agent is as it was noted. */
  noted: NotedAgent | undefined;
  /** What its digest covers beside the image, as it was encoded for `digest`: of no account with another one. */
  encoded: { readonly digest: Uint8Array; readonly value: Uint8Array } | undefined;
}

export interface AgentOptions {
  readonly handle: AgentHandle;
  readonly spec: AgentSpec;
  readonly specDigest: Uint8Array;
  readonly parent: AgentHandle;
  readonly tenant: TenantCredit;
  readonly ledger: Ledger;
  readonly store: MailStore;
  readonly mail?: readonly Uint8Array[];
  /** Of the genesis. */
  readonly shards: number;
}

const TWO_32 = 0x1_0000_0000;

export function createAgent(options: AgentOptions): Agent {
  const { handle, spec, specDigest, parent, tenant } = options;
  // What every turn looks at stands first, so that it shares lines of the cache.
  return {
    handle,
    record: createTurnRecord(),
    turn: undefined,
    mailbox: new Mailbox(options.store, options.mail),
    tenant,
    reserveFuel: spec.limits.fuelPerSlice,
    reserveMessages: spec.limits.messagesPerTurnMax,
    ownFuel: 0,
    ownMessages: 0,
    idRank: 0,
    queuePlace: -1,
    runnableSince: -1,
    upgradedTick: -1,
    isChosen: false,
    needsInit: true,
    needsStart: true,
    paused: false,
    ending: false,
    stopTick: -1,
    cadenceTick: -1,
    ledger: { ...options.ledger },
    fuel: 0,
    imageDigest: undefined,
    digest: undefined,
    noted: undefined,
    encoded: undefined,
    upgrade: undefined,
    heldCount: -1,
    plannedBytes: 0,
    tasks: new Map(),
    grants: compileGrants(spec.capabilities),
    spec,
    shard: handle % options.shards,
    id: spec.id,
    parent,
    rank: handle % TWO_32,
    urgency: spec.priority,
    requests: new Map(),
    requestOfMessage: new Map(),
    channels: new Set(),
    asked: new Set(),
    specDigest,
    faultTicks: [],
    faults: 0,
  };
}

/** All live tasks in key order: the order of scheduling would not survive a restore. */
export function sortedTasks(agent: Agent): Task[] {
  return [...agent.tasks.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
}

/** Tasks that may run at `tick`, in the order in which a turn runs them. */
export function dueTasks(agent: Agent, tick: number): Task[] {
  if (agent.tasks.size === 0 || agent.heldCount >= 0) return [];
  return [...agent.tasks.values()].filter((task) => isDue(task, tick)).sort(compareTasks);
}

function isDue(task: Task, tick: number): boolean {
  return !task.running && task.waitingFor.size === 0 && task.notBefore <= tick;
}

/** True where a turn at `tick` would have something to do. */
export function hasWork(agent: Agent, tick: number): boolean {
  if (agent.needsInit || agent.needsStart || agent.mailbox.length > Math.max(0, agent.heldCount)) return true;
  if (agent.heldCount >= 0) return false;
  if (agent.cadenceTick >= 0 && agent.cadenceTick <= tick) return true;
  for (const task of agent.tasks.values()) if (isDue(task, tick)) return true;
  return false;
}

/** True where `bytes` more may wait for the agent. */
export function hasSpace(agent: Agent, bytes: number): boolean {
  return agent.mailbox.bytes + agent.plannedBytes + bytes <= waitingBytesMax;
}

/** The agent's part of the state hash must be computed again. */
export function touch(agent: Agent): void {
  agent.digest = undefined;
  agent.noted = undefined;
}
