/**
 * What a client and its world say to each other: plain data that structured clone carries over a pipe or a
 * message port. The session answers every request exactly once.
 */

import type { AgentId, Encoding, ErrorRecord, ModuleDigest } from "@wasm-engine/abi";
import type { AgentView, Genesis, InputBody, Json, PendingView, TickResult } from "@wasm-engine/core";
import type { AdapterReport } from "../adapters/adapter-report.js";
import type { AdapterAnswer, AdapterRequest } from "../adapters/contract.js";
import type { ToolLine } from "../adapters/tool-lines.js";
import type { ModelReport } from "../inference/contract.js";
import type { FutureOutcome } from "../fork/contract.js";
import type { Violation } from "../invariants/contract.js";
import type { ReplayProgress } from "../replay/replay-contract.js";
import type { Durability, StopRule } from "./contract.js";

/** An input has reached its durability level. */
export interface Acknowledgement {
  readonly tick: number;
  readonly seq: number;
  readonly durability: Durability;
  /**
   * The input has the idempotency key of an earlier one and the world will ignore it; tick and seq are those of the
   * first. Absent also where the first came before the last restart.
   */
  readonly duplicate?: true;
}

/** A message that left the world, released because its cause is durable. */
export interface WorldMessage {
  readonly tick: number;
  readonly agentId: AgentId;
  readonly topic: string;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  readonly flags: number;
  /** Virtual time of the tick, RFC 3339. */
  readonly timestamp: string;
}

export type StopReason =
  | "idle"
  | "inputs-done"
  | "tick"
  | "exit"
  | "max-ticks"
  | "ticks"
  | "stopped"
  | "interrupted"
  /** A fault was escalated to nobody. */
  | "unsupervised"
  /** An invariant does not hold. */
  | "invariant";

/** One fault for people: what the agent did, never part of the world. */
export interface FaultReport {
  /** Tick in which the fault took effect. */
  readonly tick: number;
  readonly agentId: AgentId;
  /** Name of the fault code: `TRAP`, `OUT_OF_FUEL`, `OUT_OF_DEPTH`, `HOST_DENIED` or `GUEST_ERROR`. */
  readonly code: string;
  readonly guestCode: number;
  /** Tick in which the faulting turn began, where it took several. */
  readonly plannedTick?: number;
  /** What happened in one line, then what the agent logged as an error; empty where nothing more is known. */
  readonly detail: string;
}

/** A line that an agent wrote to its console; places are those of its sources. */
export interface ObservedLine {
  readonly agentId: AgentId;
  /** `error`, `warn`, `info` or `debug`. */
  readonly level: string;
  readonly text: string;
}

/** What agents said, how they failed and with which code they ended in one tick, in commit order. */
export interface ObservedTick {
  readonly tick: number;
  readonly lines: readonly ObservedLine[];
  readonly faults: readonly FaultReport[];
  readonly exits: TickResult["exits"];
  /** Lines since the last time that came faster than they are told; `logs` shows them. */
  readonly dropped: number;
}

/** What a finished run reports (DESIGN §14). */
export interface RunResult {
  readonly runId: string;
  readonly dir: string;
  /** Ticks that are over: the last executed one + 1, or more where the last ones were empty. */
  readonly ticks: number;
  /** Ticks that had work; the others were empty and cost nothing. */
  readonly ticksExecuted: number;
  readonly chainHead: string;
  readonly stateHash: string;
  readonly agents: number;
  readonly messages: number;
  /** Requests to models. */
  readonly inferences: number;
  /** Since this process opened the run: answers that an earlier run was given, and those that were asked for. */
  readonly answers: { readonly reused: number; readonly asked: number };
  /** Milliseconds for which ticks waited for answers since this process opened the run. */
  readonly inferenceStallMs: number;
  /** Times that an inference thread ended unasked and was started again. */
  readonly inferenceThreadDeaths: number;
  /** Models of the world: what answered, and what was refused first. */
  readonly models: readonly (ModelReport | AdapterReport)[];
  /** Calls of tools. */
  readonly toolCalls: number;
  /** Tools of the world: what answered. */
  readonly tools: readonly AdapterReport[];
  /** Times that the thread of tools ended unasked and was started again. */
  readonly adapterThreadDeaths: number;
  readonly fuel: number;
  readonly faults: number;
  /** The first faults since this process opened the run, at most 20; `logs` shows every one. */
  readonly faultDetails: readonly FaultReport[];
  /** The fault that ended the run, where `reason` is `unsupervised`. */
  readonly unsupervised?: FaultReport;
  /** What ended the run, where `reason` is `invariant`. */
  readonly violation?: Violation;
  readonly turnsExecuted: number;
  readonly inputs: number;
  readonly wallMs: number;
  readonly reason: StopReason;
  /** Threads that executed agents, and how many of them were lost and made good. */
  readonly workers: number;
  readonly threadsLost: number;
  readonly node: string;
  readonly arch: string;
  readonly v8Flags: readonly string[];
}

export interface Progress {
  readonly tick: number;
  /** Virtual time of the tick, RFC 3339. */
  readonly timestamp: string;
  readonly turnsExecuted: number;
  readonly messages: number;
  readonly faults: number;
  readonly agents: number;
  readonly fuel: number;
  readonly wallMs: number;
}

/** One agent, decoded for people and programs. */
export interface AgentReport {
  readonly agentId: AgentId;
  readonly status: string;
  readonly module: string;
  readonly moduleName: string;
  readonly tenant: string;
  readonly fuel: number;
  readonly faults: number;
  readonly topics: readonly string[];
  readonly mailbox: readonly MessageReport[];
  readonly pendingRequests: readonly PendingView[];
  /** An upgrade that waits until nothing is pending, at most until its deadline. */
  readonly upgrade?: AgentView["upgrade"];
  readonly requests: number;
  readonly messages: number;
  readonly spawns: number;
  readonly streams: readonly (readonly [string, number])[];
  readonly digest: string;
  /** What `agent_describe` said, where the module has it. */
  readonly describe?: Json;
}

/** A message as people read it. `payload` is decoded where the encoding is JSON or text, else base64. */
export interface MessageReport {
  readonly kind: string;
  readonly topic: string;
  readonly encoding: string;
  readonly payload: Json;
  readonly flags: readonly string[];
  readonly messageId: number;
  readonly correlationId: number;
  readonly peer: number;
}

/** One agent in a line: what `ps` shows. */
export interface AgentRow {
  readonly agentId: AgentId;
  readonly status: string;
  readonly moduleName: string;
  readonly tenant: string;
  /** Messages in the mailbox. */
  readonly mailbox: number;
  /** Requests that wait for their last answer: durable awaits, timers among them. */
  readonly pendingRequests: number;
  readonly messages: number;
  readonly fuel: number;
  readonly faults: number;
}

/** Every agent, as of a tick. */
export interface AgentRows {
  readonly tick: number;
  readonly agents: readonly AgentRow[];
}

/** A message, task or lifecycle input that reached nobody, and why. (tick, index) names it in every replay. */
export interface DeadLetterReport {
  readonly tick: number;
  /** Place among the dead letters of its tick. */
  readonly index: number;
  readonly timestamp: string;
  /** Whom it was for; empty where nobody had that id. */
  readonly agentId: string;
  readonly reason: string;
  /** With reason FAULT: the code of the fault. */
  readonly faultCode?: string;
  /** Absent where there was no message. */
  readonly message?: MessageReport;
}

/** The dead letters that a live world still holds. */
export interface DeadLetterList {
  readonly letters: readonly DeadLetterReport[];
  /** Last tick that the list covers. */
  readonly tick: number;
  /** Older ones that are not kept: a replay shows them. */
  readonly dropped: number;
}

/** Where a live world stands. */
export interface WorldStatus extends Progress {
  readonly runId: string;
  readonly dir: string;
  readonly name: string;
  readonly chainHead: string;
  /** Executes whatever is due; false while it rests until somebody asks it to run or step. */
  readonly live: boolean;
  readonly paused: boolean;
  readonly durability: Durability;
  /** Inputs in the log, and those of them that wait for their tick. */
  readonly inputs: number;
  readonly waitingInputs: number;
  /** What the world waits for on a full disk: it neither ticks nor accepts, and goes on by itself. */
  readonly shortage?: ErrorRecord;
}

/** Whether an input for an agent finds one, and which module executes it. */
export interface ReceiverReport {
  readonly isKnown: boolean;
  readonly module?: ModuleDigest;
  readonly tick: number;
}

/** The world, or one agent of it, as sealed at a tick. */
export interface WorldReport {
  readonly runId: string;
  readonly tick: number;
  readonly timestamp: string;
  readonly chainHead: string;
  readonly stateHash: string;
  /** Agents that wait for a turn, in policy order as of the next tick. */
  readonly waiting: readonly AgentId[];
  readonly agents: readonly AgentReport[];
  /** Models as the run last noted them; absent where it never had one. */
  readonly models?: readonly (ModelReport | AdapterReport)[];
  /** Tools as the run last noted them; absent where it never had one. */
  readonly tools?: readonly AdapterReport[];
}

export interface SnapshotReport {
  readonly tick: number;
  readonly stateHash: string;
}

export type ControlRequest =
  /** `known`: refused before it is logged where nobody has the id that it names. */
  | {
      readonly method: "input" | "ask";
      readonly body: InputBody;
      readonly key?: string;
      readonly known?: boolean;
    }
  | { readonly method: "run"; readonly until: RunUntil }
  /** `durable`: answered when the commits of the ticks are. */
  | { readonly method: "step"; readonly ticks: number; readonly durable?: boolean }
  | { readonly method: "pause" | "resume" | "snapshot" | "status" | "agents" }
  | { readonly method: "receiver"; readonly agent: string }
  /** Those of tick `since` and later. */
  | { readonly method: "dead-letters"; readonly since: number }
  | { readonly method: "stop"; readonly reason: "stopped" | "interrupted" }
  | { readonly method: "inspect"; readonly agent?: string; readonly describe: boolean }
  /** `credit`: messages that may be on their way; the subscription ends where one more is due. Absent: no end. */
  | {
      readonly method: "subscribe";
      readonly topic: string;
      readonly subscription: number;
      readonly credit?: number;
    }
  /** So many messages have reached the reader. Has no answer. */
  | { readonly method: "credit"; readonly subscription: number; readonly messages: number }
  | { readonly method: "unsubscribe"; readonly subscription: number }
  | { readonly method: "cancel"; readonly request: number }
  /** What a tool of the client gave. Has no answer. */
  | { readonly method: "tool-answer"; readonly call: string; readonly answer: AdapterAnswer };

/** `rule` uses the stop rule of the run; `ticks` ends it earlier, before that tick. */
export interface RunUntil {
  readonly rule: StopRule | "configured" | "never";
  readonly ticks?: number;
}

/** Client to world. */
export interface ControlCall {
  readonly id: number;
  readonly request: ControlRequest;
}

/** Numbers of calls and subscriptions from here on belong to connections, smaller ones to the client at the pipe. */
export const connectionCallsFrom: number = 2 ** 40;

/** World to client. */
export type WorldEvent =
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  /**
   * Answers with an {@link Acknowledgement} each: four numbers per run of calls, the first id, their tick, the first
   * seq and how many they are; ids and seqs of a run follow each other. Calls of one kind.
   */
  | { readonly kind: "acknowledged"; readonly rows: Float64Array; readonly durability: Durability }
  | { readonly kind: "refusal"; readonly id: number; readonly error: ErrorRecord }
  | {
      readonly kind: "opened";
      readonly runId: string;
      readonly dir: string;
      readonly tick: number;
      readonly genesis: Genesis;
      /** Address of its control socket; absent where it has none. */
      readonly control?: string;
    }
  /** An input of the world is the standard input of its process: whoever has an event loop reads it. */
  | { readonly kind: "reads-stdin" }
  | { readonly kind: "progress"; readonly progress: Progress }
  /** Only where the client asked for it. */
  | { readonly kind: "observed"; readonly observed: ObservedTick }
  /** What executes the agents was lost after the commit of `tick`; the world was restored and goes on. */
  | { readonly kind: "recovered"; readonly tick: number; readonly error: ErrorRecord }
  | { readonly kind: "replayed"; readonly progress: ReplayProgress }
  /** One of the futures that a job executes has come to its end. */
  | { readonly kind: "future"; readonly outcome: FutureOutcome }
  | { readonly kind: "message"; readonly subscription: number; readonly message: WorldMessage }
  /** The reader was too slow for its credit: it gets no more. */
  | { readonly kind: "overrun"; readonly subscription: number }
  /** A tool of the client is called; `tool-answer` answers it. One that is told again while it is under way is one. */
  | { readonly kind: "tool-call"; readonly request: AdapterRequest }
  /** What a tool has written to its console. */
  | { readonly kind: "tool-line"; readonly line: ToolLine }
  /** Nobody waits for it any more. */
  | { readonly kind: "tool-abort"; readonly call: string }
  | { readonly kind: "ended"; readonly result: RunResult }
  | { readonly kind: "failed"; readonly error: ErrorRecord };

/** Where a session sends its events. */
export type EmitEvent = (event: WorldEvent) => void;
