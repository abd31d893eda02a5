/** What a session remembers of calls that it answers later. */

import type { ControlRequest, RunResult, StopReason } from "./control.js";
import type { KeyedInput } from "./input-keys.js";

/** Inputs whose calls wait for the disk: calls and sequences follow each other, all enter one tick. */
export interface PendingAcknowledgement {
  /** Of the first. */
  readonly id: number;
  readonly seq: number;
  readonly tick: number;
  count: number;
  /** The earlier input with its key. */
  readonly first: KeyedInput | undefined;
}

export type InputRequest = Extract<ControlRequest, { readonly method: "input" | "ask" }>;

/** A call that ends after so many ticks with work. */
export interface StepCall {
  readonly id: number;
  readonly durable: boolean;
  left: number;
}

/** Ticks are executed, their commits not yet durable. */
export interface DoneStep {
  readonly id: number;
  readonly tick: number;
  readonly chainHead: string;
}

export interface Ending extends Pick<RunResult, "unsupervised" | "violation"> {
  readonly reason: StopReason;
}
