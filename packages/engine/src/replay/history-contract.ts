/** What one agent of a recorded run has lived through up to a tick, for a test that repeats it. Plain data. */

import type { AgentSpec, Policy } from "@wasm-engine/core";
import type { TestAnswer, TestFault, TestMessage } from "../observed/observations.js";

/** A message that the agent has received, from somebody whose answer to nothing it is. */
export interface ReceivedFromOthers {
  /** Tick in which it was delivered. */
  readonly tick: number;
  /** null: the outside. */
  readonly from: string | null;
  readonly topic: string;
  readonly body: unknown;
  readonly answerWanted: boolean;
}

/** A message of the agent that wanted an answer, and the answer. */
export interface AskedOfPeer {
  readonly tick: number;
  readonly to: string;
  /** Absent: none has come, or the engine gave it (a timeout, a refusal), as it will again. */
  readonly answer?: TestAnswer;
}

/** A request to a model or a tool. */
export interface AskedOutside {
  readonly tick: number;
  readonly kind: "inference" | "tool";
  readonly name: string;
  readonly answer?: TestAnswer;
}

export interface AgentHistory {
  readonly runId: string;
  readonly agent: string;
  /** The tick that was asked for. */
  readonly tick: number;
  /** Tick of its first turn. */
  readonly firstTick: number;
  readonly spec: AgentSpec;
  /** Name of its module in the configuration. */
  readonly moduleName: string;
  /** Its module as signed. */
  readonly module: Uint8Array;
  /** Folder of the configuration that the run was made from. */
  readonly baseDirectory: string;
  readonly world: {
    readonly name: string;
    readonly seed: number;
    readonly epochNanos: bigint;
    readonly tickNanos: bigint;
    readonly policy: Policy;
    readonly models: readonly string[];
    readonly tools: readonly string[];
  };
  readonly received: readonly ReceivedFromOthers[];
  readonly asked: readonly AskedOfPeer[];
  readonly requests: readonly AskedOutside[];
  /** Children that it has started, with the names of their modules. */
  readonly spawned: readonly { readonly id: string; readonly module: string }[];
  /** Its faults in the tick that was asked for. */
  readonly faults: readonly TestFault[];
  /** Its messages in the tick that was asked for. */
  readonly emitted: readonly TestMessage[];
  /** It took a turn in the tick that was asked for. */
  readonly tookTurn: boolean;
}

export interface HistoryJob {
  readonly kind: "history";
  readonly dir: string;
  readonly agent: string;
  readonly tick: number;
}
