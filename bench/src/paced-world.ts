/** A world of inhabitants of a game, each with a turn in every tick, measured in the thread of paced-thread.ts. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { loadConfig } from "wasm-engine";
import type { LoadedConfig, RunResult, Workers } from "@wasm-engine/engine";
import { createWorldFolder } from "./world-folder.js";
import type { WorldFolder, WorldPlan } from "./world-folder.js";

/** Ticks per second of the paced worlds. */
export const pacedHertz = 60;

export interface PacedPlan {
  readonly name: string;
  readonly agents: number;
  readonly ticks: number;
  /** Ticks between snapshots; absent: none but that at the end. */
  readonly snapshotEvery?: number;
  /** At the pace of the wall clock, else as fast as it goes. */
  readonly realtime: boolean;
  /** Executing threads; absent: the engine's own choice. */
  readonly workers?: number | undefined;
  /** What the world has besides silent inhabitants. */
  readonly more?: Pick<WorldPlan, "second" | "lines" | "prebuilt">;
}

/** What the thread is given. */
export interface PacedTask {
  readonly world: LoadedConfig["world"];
  readonly dir: string;
  readonly untilTick: number;
  readonly realtime: boolean;
  readonly workers: Workers;
}

/** Per executed tick but the last, in order: the loop's work until the next tick began, and when it was committed. */
export interface PacedSamples {
  readonly workMs: Float64Array;
  /** What of that the loop's own thread was on a processor; zeros where the system does not tell. */
  readonly processorMs: Float64Array;
  readonly commitMs: Float64Array;
  /** Every tick is executed: the place of a sample is its tick. */
  readonly stateHashEvery: number;
  readonly snapshots: number;
  /** Executing threads at the end. */
  readonly workers: number;
  readonly elapsedMs: number;
  readonly result: RunResult;
}

export async function runPaced(plan: PacedPlan): Promise<PacedSamples> {
  return (await lookedAt(plan, () => Promise.resolve())).samples;
}

/** Runs the world, and has somebody look at its run folder before that is removed. */
export async function lookedAt<Found>(
  plan: PacedPlan,
  look: (dir: string) => Promise<Found>,
): Promise<{ readonly samples: PacedSamples; readonly found: Found }> {
  const folder = pacedFolder(plan);
  try {
    const { world } = await loadConfig(folder.config);
    const { ticks, realtime, workers = "auto" } = plan;
    const task: PacedTask = { world, dir: folder.runFolder("measured"), untilTick: ticks, realtime, workers };
    const worker = new Worker(new URL("./paced-thread.js", import.meta.url), {
      workerData: task,
      resourceLimits: { stackSizeMb: 256, maxOldGenerationSizeMb: 4096 },
    });
    const [samples] = (await once(worker, "message")) as [PacedSamples]; // paced-thread.ts says nothing else
    await worker.terminate();
    return { samples, found: await look(task.dir) };
  } finally {
    folder.remove();
  }
}

function pacedFolder({ name, agents, snapshotEvery, more = {} }: PacedPlan): WorldFolder {
  return createWorldFolder({
    name,
    agent: "npc",
    agents,
    columns: ["number", "population"],
    row: (agent) => [agent, agents],
    entry: [
      'args: { number: "{number}", population: "{population}" }',
      'capabilities: { send: ["*"] }',
      "every: 1",
    ],
    tickMs: Number((1000 / pacedHertz).toFixed(6)),
    ...more,
    ...(snapshotEvery === undefined ? {} : { snapshotEvery }),
  });
}
