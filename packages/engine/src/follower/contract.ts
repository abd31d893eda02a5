/** What a follower is asked and what it answers. Plain data: it crosses the pipe of a process. */

import type { ErrorRecord } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { WorldReport } from "../world/control.js";

/** How far a follower has come. */
export interface FollowerStatus {
  readonly runId: string;
  readonly dir: string;
  /** Every answer is as of this tick: the last one that was executed again and agreed with the log. -1: none. */
  readonly asOfTick: number;
  /** The first tick that events can be of: later than 0 where `compact` gave up the beginning. */
  readonly firstTick: number;
  /** Last commit of the log that the follower has seen. */
  readonly logTick: number;
  /** A process has the run open: more may come. */
  readonly live: boolean;
  /** Virtual time of tick 0 and between ticks. */
  readonly epochNanos: bigint;
  readonly tickNanos: bigint;
  readonly events: number;
  readonly indexBytes: number;
  /** The ticks that this process had to execute; 0: the index was complete. */
  readonly ticksExecuted: number;
  /** Executing a tick again gave something else than the log holds; nothing after `asOfTick` is shown. */
  readonly divergence?: ErrorRecord;
}

export interface TraceFilter {
  /** Sender, receiver or agent concerned. */
  readonly agent?: string;
  readonly from?: string;
  readonly to?: string;
  readonly topic?: string;
  readonly fromTick?: number;
  readonly toTick?: number;
  /** Only console lines and faults. */
  readonly console?: boolean;
}

/** One event in words. */
export interface TraceRow {
  readonly event: number;
  readonly tick: number;
  /**
   * input, fault, end; received: an invocation; sent, published, asked, called, scheduled, task, spawned, joined, left,
   * cancelled, said, exited: effects of one.
   */
  readonly kind: string;
  readonly agentId: string;
  /** What names the event on a command line: `ORD:12` for a message, `input:7`, `fault:1`, else `#` and its number. */
  readonly id: string;
  /** Sender of what was received; receiver of what was sent; empty: the outside, or nobody. */
  readonly peer: string;
  readonly topic: string;
  /** Event that caused it: of an effect or fault the invocation, of an invocation the effect or input behind it. */
  readonly cause?: number;
  /** Request that it makes or answers. */
  readonly request?: number;
  /** Of received and faults: kind of message or code. Of `said`: level. */
  readonly detail?: string;
  readonly text?: string;
}

export interface TracePage {
  readonly asOfTick: number;
  readonly rows: readonly TraceRow[];
  /** Where the next page begins; absent: everything up to `asOfTick` is here. */
  readonly next?: number;
  /** Where to go on when more ticks have come. */
  readonly end: number;
}

/** What is asked about. */
export type WhyTarget =
  /** Id of an event as `trace` shows it. */
  | { readonly kind: "event"; readonly id: string }
  | { readonly kind: "field"; readonly agent: string; readonly path: string; readonly at?: number }
  | { readonly kind: "fault"; readonly number: number };

/** One link of a chain of causes, with what was said: JSON and text as they are, tensors and bytes in words. */
export interface CauseLink extends TraceRow {
  /** Cut at 4096 characters, with an ellipsis. */
  readonly payload?: string;
  /** Bytes of the whole payload. */
  readonly payloadBytes?: number;
  /** Of messages: whom it did not reach, and why, as dead letters say it. */
  readonly undelivered?: readonly { readonly agentId: string; readonly reason: string }[];
}

/** The weight of a message, known from executing the agent again alone with all that it was given but that. */
export interface Influence {
  /**
   * different: it would have done the same otherwise; nothing: it would not have done it; unknown: nothing is proved,
   * it was only told before.
   */
  readonly without: "different" | "nothing" | "unknown";
  /** What it would have said, or what the field would have been. */
  readonly instead?: string;
  /** Newer messages of other agents that were left out one by one and changed nothing. */
  readonly tried: number;
}

export interface WhyReport {
  readonly asOfTick: number;
  /** Of a field: its values before and after the tick that changed it last. */
  readonly field?: {
    readonly agent: string;
    readonly path: string;
    readonly tick: number;
    readonly before?: Json | undefined;
    readonly after?: Json | undefined;
    /** Invocations of the agent in that tick: the change is due to one or several of them. */
    readonly invocations: number;
  };
  /** From what was asked about back to where it came from: an input, the start of the agent, its cadence. */
  readonly chain: readonly CauseLink[];
  /**
   * How the chain ends. input: something from outside; start: the agent's start; cadence: the clock; cut: the chain is
   * longer than is shown; unknown: an earlier event that the index does not hold.
   */
  readonly root: "input" | "start" | "cadence" | "cut" | "unknown";
  /**
   * What agents of the chain had been told before by others, of each the newest that mattered for what it did there,
   * with its own chain; from the end of the chain on. Then what mattered for the agents of those chains, and so on.
   */
  readonly behind: readonly {
    readonly chain: readonly CauseLink[];
    readonly root: WhyReport["root"];
    readonly influence: Influence;
  }[];
  /** Where nothing is behind: nothing that this agent, the first of the chain, had been told mattered. */
  readonly nothingBehind?: { readonly agent: string; readonly tried: number };
}

export type FollowerRequest =
  | { readonly kind: "status" }
  /** Answered when the follower has come to `tick` (default: the end of the log now), or no more ticks will come. */
  | { readonly kind: "reach"; readonly tick?: number }
  | { readonly kind: "trace"; readonly filter: TraceFilter; readonly after?: number; readonly limit?: number }
  | { readonly kind: "why"; readonly target: WhyTarget; readonly behind?: number }
  | { readonly kind: "inspect"; readonly at?: number; readonly agent?: string };

/** Values of the requests. */
export interface FollowerValues {
  readonly status: FollowerStatus;
  readonly reach: FollowerStatus;
  readonly trace: TracePage;
  readonly why: WhyReport;
  readonly inspect: WorldReport & { readonly asOfTick: number };
}

/** To the follower's process, and from there to its thread. */
export interface FollowerCall {
  readonly id: number;
  readonly request: FollowerRequest;
}

/** From the follower's process. `failed`: it could not begin. */
export type FollowerEvent =
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorRecord }
  | { readonly kind: "failed"; readonly error: ErrorRecord };
