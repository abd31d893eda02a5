/**
 * The world between its parts: tables that live as long as it does, and the scope of one tick that collects
 * what the tick gives to its surroundings. No rules here.
 */

import { encodeUtf8, type AgentHandle, type AgentId } from "@wasm-engine/abi";
import type {
  DeadLetter,
  Departure,
  ExternalRequest,
  Genesis,
  TaskSpec,
  TickResult,
  UpgradeReport,
} from "../model.js";
import type { AgentOperation, Executors, Hasher } from "../ports.js";
import type { TenantCredit } from "../scheduler/tenant-credit.js";
import type { TimerQueue } from "../scheduler/timer-queue.js";
import type { KeptList } from "../kept-list.js";
import type { RunnableQueue } from "../scheduler/runnable-queue.js";
import type { Agent } from "./agent.js";
import type { AgentTable } from "./agent-table.js";
import type { ChannelTable } from "./channel-table.js";
import type { CutTable } from "./cut-table.js";
import type { EffectsDigest } from "./effects-digest.js";
import type { MailStore } from "./mail-store.js";
import type { RetainedTable } from "./retained-table.js";
import type { StateHash } from "./state-hash.js";

/** What a tick changed, for `retainTicks`. */
export interface WorldState {
  readonly genesis: Genesis;
  readonly hasher: Hasher;
  readonly executors: Executors;
  readonly agents: AgentTable;
  readonly channels: ChannelTable;
  readonly cuts: CutTable;
  readonly timers: TimerQueue;
  readonly tenants: ReadonlyMap<string, TenantCredit>;
  /** Agents with work that may take a turn. */
  readonly runnable: RunnableQueue<Agent>;
  /** Agents whose turn of several slices has not landed. */
  readonly busy: Set<Agent>;
  /** By the key of a task that has not ended: keys and targets of tasks that wait for it. */
  readonly dependents: Map<string, Map<string, AgentHandle>>;
  /** Target by the key of a live task. */
  readonly taskTargets: Map<string, AgentHandle>;
  /** By callee: requests that wait for its answer, as [requester, request id] under a joint key. */
  readonly incoming: Map<AgentHandle, Map<string, readonly [AgentHandle, number]>>;
  readonly endedTasks: RetainedTable;
  readonly idempotencyKeys: RetainedTable;
  /** Ledgers of ended agents: an id that returns goes on with its counters and streams. */
  readonly retiredLedgers: RetainedTable;
  readonly mail: MailStore;
  readonly effectsDigest: EffectsDigest;
  readonly stateHash: StateHash;
  /** Empty between ticks: who may take a turn, who takes one, whose turn becomes visible, in commit order. */
  readonly candidates: KeptList<Agent>;
  readonly chosen: KeptList<Agent>;
  readonly landing: KeptList<Agent>;
  /** Last sealed tick. */
  tick: number;
  chainHead: Uint8Array;
}

/** A task that somebody wants to schedule; decided together with all others of the same stage. */
export interface TaskSubmission {
  readonly spec: TaskSpec;
  readonly owner: Agent | undefined;
  readonly requestId: number;
}

/** Collects one tick. */
export interface TickScope {
  readonly tick: number;
  /** Tick from which mail that is enqueued now is deliverable: t while admitting, t + 1 while committing. */
  mailTick: number;
  readonly operations: AgentOperation[];
  readonly submissions: TaskSubmission[];
  readonly memberships: { readonly agent: Agent; readonly topic: string; readonly joins: boolean }[];
  readonly ending: Agent[];
  readonly departures: Departure[];
  readonly requests: ExternalRequest[];
  readonly deadLetters: DeadLetter[];
  readonly console: TickResult["console"][number][];
  readonly faults: TickResult["faults"][number][];
  readonly exits: TickResult["exits"][number][];
  readonly ended: AgentId[];
  readonly upgrades: UpgradeReport[];
  /** Agents that wait for their upgrade and have nothing pending since their turn of this tick. */
  readonly drained: Agent[];
  unsupervised: AgentId | undefined;
  fuel: number;
  turns: number;
  invocations: number;
  messages: number;
}

export function createScope(tick: number): TickScope {
  return {
    tick,
    mailTick: tick,
    operations: [],
    submissions: [],
    memberships: [],
    ending: [],
    departures: [],
    requests: [],
    deadLetters: [],
    console: [],
    faults: [],
    exits: [],
    ended: [],
    upgrades: [],
    drained: [],
    unsupervised: undefined,
    fuel: 0,
    turns: 0,
    invocations: 0,
    messages: 0,
  };
}

export function deadLetter(
  scope: TickScope,
  agentId: AgentId | "",
  reason: DeadLetter["reason"],
  message: Uint8Array,
): void {
  scope.deadLetters.push({ tick: scope.tick, agentId, reason, message });
}

export const NO_BYTES: Uint8Array = encodeUtf8("");
