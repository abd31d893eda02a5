/**
 * Test-only crash points: the process kills itself with SIGKILL at the n-th passage of a named point, so that
 * recovery is proved at every place where a machine may die. Off unless a test asks for one.
 */

/** Places in the order in which a tick passes them. */
export type CrashPoint =
  | "before-append"
  | "after-append"
  | "after-step"
  | "after-commit"
  /** Requests of a durable tick are about to go out to an adapter; have gone out. */
  | "before-attempt"
  | "after-ask"
  | "before-release"
  | "during-release"
  | "after-release"
  | "before-snapshot"
  | "after-snapshot"
  | "before-close";

export interface CrashPlan {
  /** `any` counts every point alike. */
  readonly point: CrashPoint | "any";
  /** Dies at the n-th passage, from 1. */
  readonly passage: number;
}

/** Called at every crash point. */
export type PassCrashPoint = (point: CrashPoint) => void;

/** Name of the environment variable: `point:passage`. */
export const CRASH_VARIABLE = "WASM_ENGINE_TEST_CRASH";

/** A function that counts passages and dies at the planned one. */
export function crashPoints(plan: CrashPlan | undefined): PassCrashPoint {
  if (plan === undefined) return () => undefined;
  let passages = 0;
  return (point) => {
    if (plan.point !== "any" && plan.point !== point) return;
    passages += 1;
    if (passages !== plan.passage) return;
    process.kill(process.pid, "SIGKILL");
    // The signal ends the process before the next instruction matters; sleeping makes sure of it.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}

/** The plan in the environment, if a test set one. */
export function crashPlanOf(environment: NodeJS.ProcessEnv): CrashPlan | undefined {
  const text = environment[CRASH_VARIABLE];
  const match = text === undefined ? null : /^([a-z-]+):(\d+)$/.exec(text);
  if (match === null) return undefined;
  return { point: match[1] as CrashPlan["point"], passage: Number(match[2]) }; // a wrong name never fires
}
