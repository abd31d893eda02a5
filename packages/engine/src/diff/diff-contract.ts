/** What comparing two runs is asked and answers. Plain data: runs are executed again in a world process. */

import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { BitFlip } from "../replay/replay-contract.js";
import type { MessageReport } from "../world/control.js";

export interface DiffJob {
  readonly kind: "diff";
  readonly dir: string;
  readonly other: string;
  /** Test-only: changes one bit of the right run before its tick is executed, although no log says so. */
  readonly testing?: { readonly flip?: BitFlip };
}

/**
 * The first cause that can be named. genesis: the runs start from different worlds. input, message, memory, fuel,
 * state: what of the agent differs first. log: a log that executing does not confirm. length: one run goes on where
 * the other ends.
 */
export type DifferenceKind = "genesis" | "input" | "message" | "memory" | "fuel" | "state" | "length" | "log";

/** One run, as far as telling two apart needs it. */
export interface ComparedRun {
  readonly runId: string;
  readonly dir: string;
  readonly ticks: number;
  readonly chainHead: string;
}

/** A value that differs; absent where that run has none. `path` is written with points: `agents.writer.args.tone`. */
export interface PathDifference {
  readonly path: string;
  readonly left?: Json;
  readonly right?: Json;
}

/** An input of the first different tick, as people read it. */
export interface InputReport {
  readonly seq: number;
  readonly kind: string;
  /** Agent that it is for, where it is for one. */
  readonly agent?: string;
  readonly topic?: string;
  readonly payload?: Json;
}

/** Only one side: the other run has no such input. Both: the same place, another content. */
export interface InputDifference {
  readonly left?: InputReport;
  readonly right?: InputReport;
}

/** Something that the agent sent in the tick. `to`: a mailbox, `outside`, or whom it asked. */
export interface SentMessage {
  readonly to: string;
  readonly message: Pick<MessageReport, "kind" | "topic" | "payload">;
}

export interface MessageDifference {
  readonly left?: SentMessage;
  readonly right?: SentMessage;
}

/** The first byte of linear memory that differs. */
export interface MemoryDifference {
  readonly address: number;
  /** Pages of 4 KiB, as state hashes count them. */
  readonly page: number;
  readonly offset: number;
  readonly left: number;
  readonly right: number;
  /** Pages that differ anywhere. */
  readonly pages: number;
  readonly leftBytes: number;
  readonly rightBytes: number;
}

export interface DiffReport {
  readonly equal: boolean;
  readonly left: ComparedRun;
  readonly right: ComparedRun;
  /** The first tick whose commits or worlds differ. */
  readonly firstTick: number | null;
  /** The first agent of that tick, in the order in which turns are committed. */
  readonly agent: AgentId | null;
  readonly what: DifferenceKind | null;
  readonly genesis: readonly PathDifference[];
  /** Models, tools, inputs and stop rule: outside of the chain, but a likely cause. */
  readonly setup: readonly PathDifference[];
  readonly inputs: readonly InputDifference[];
  readonly messages: readonly MessageDifference[];
  readonly memory?: MemoryDifference;
  readonly fuel?: { readonly left: number; readonly right: number };
  /** What the agent says about itself (`agent_describe`) after the tick, where it differs. */
  readonly described: readonly PathDifference[];
  /** For `log`: which run, and what executing it gives instead. */
  readonly divergence?: {
    readonly run: "left" | "right";
    readonly what: string;
    readonly expected: string;
    readonly actual: string;
  };
  /** Agents that differ after the tick, the first included. */
  readonly agents: number;
}
