/** Scheduled work that may depend on other work. Ids are unique per tenant, so strangers cannot take or await them. */

import type { AgentHandle, Encoding } from "@wasm-engine/abi";

export interface Task {
  /** `tenant NUL taskId`. */
  readonly key: string;
  readonly taskId: string;
  /** Agent that runs it. */
  readonly target: AgentHandle;
  /** Agent that scheduled it and its request id; 0 and 0 for the outside. */
  readonly owner: AgentHandle;
  readonly requestId: number;
  readonly priority: number;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
  readonly onDependencyFailure: "fail" | "skip" | "run";
  readonly notBefore: number;
  /** `notBefore` lies ahead of the tick of scheduling, so the timer queue holds an entry until then. */
  readonly timed: boolean;
  /** Keys of dependencies that have not ended. */
  readonly waitingFor: Set<string>;
  /** Part of a turn that has not been committed: cancelling ends the request, not the work. */
  running: boolean;
}

/** How a task ended, for those that depend on it. */
export type TaskEnd = "done" | "failed" | "skipped" | "cancelled";

export function taskKeyOf(tenant: string, taskId: string): string {
  return `${tenant}\0${taskId}`;
}

/** Order within a turn: higher priority, then earlier first tick, then id. */
export function compareTasks(left: Task, right: Task): number {
  return (
    right.priority - left.priority ||
    left.notBefore - right.notBefore ||
    (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)
  );
}
