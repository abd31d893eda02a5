/**
 * How many threads execute a world. A machine's affair: it is in no genesis, and no result depends on it, because
 * agents share nothing within a tick and what they did is committed in plan order whoever executed it.
 */

import { availableParallelism } from "node:os";
import { fail } from "./errors.js";
import { autoAgentsMin, autoWorkersMax, workersMax } from "./limits.js";

/** Executing threads, the orchestrator thread among them; `auto` decides by the size of world and machine. */
export type Workers = number | "auto";

/** Reads `auto` or a number. @throws {WE_EXECUTOR_WORKERS} */
export function parseWorkers(value: unknown): Workers {
  if (value === "auto") return value;
  const workers = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof workers === "number" && Number.isSafeInteger(workers) && workers >= 1 && workers <= workersMax) {
    return workers;
  }
  throw fail("WE_EXECUTOR_WORKERS", { workers: value, workersMax });
}

/** Cores that this process may use. */
export function coreCount(): number {
  return availableParallelism();
}

/** How a world is executed on a machine. */
export interface WorkerPlan {
  readonly workers: number;
  /** One thread begins; the others come where the world turns out to keep them busy. */
  readonly startsAlone: boolean;
}

/**
 * What `workers` means for a world that begins with `agents` agents. Waking threads costs microseconds in every
 * tick, which a small world may spend on nothing else: it is watched first. Moving the agents of a large world later
 * would take too long.
 */
export function workerPlan(workers: Workers, agents: number, cores: number = coreCount()): WorkerPlan {
  if (workers !== "auto") return { workers, startsAlone: false };
  return { workers: Math.max(1, Math.min(cores, autoWorkersMax)), startsAlone: agents < autoAgentsMin };
}
