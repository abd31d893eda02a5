/** Worlds in which agents do next to nothing: what is left of a tick is the engine's own time. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { loadConfig } from "wasm-engine";
import type { LoadedConfig } from "@wasm-engine/engine";
import { createWorldFolder } from "./world-folder.js";

export interface TickPlan {
  readonly name: string;
  readonly agents: number;
  /** Agents have a turn in every tick, or timers of their own with this period, spread evenly over it. */
  readonly work: { readonly every: number } | { readonly period: number };
  /** Executed ticks that are not counted: code is compiled and caches are warm afterwards. */
  readonly warmUpTicks: number;
  /** Executed ticks that are. */
  readonly ticks: number;
}

/** What the thread is given. */
export interface TickTask {
  readonly world: LoadedConfig["world"];
  readonly dir: string;
  readonly untilTick: number;
  readonly samplesMax: number;
}

/** Durations of the executed ticks in microseconds, in order, and of the whole run with its log. */
export interface TickSamples {
  readonly micros: Float64Array;
  readonly elapsedMs: number;
}

export interface TickFigure {
  readonly name: string;
  readonly agents: number;
  readonly ticks: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
  /** Ticks that were over, empty ones included, per second of the whole run. */
  readonly ticksPerSecond: number;
  readonly ok: boolean;
}

export async function measureTicks(plan: TickPlan): Promise<TickFigure> {
  const { name, agents, work } = plan;
  const isTimed = "period" in work;
  const folder = createWorldFolder({
    name: `ticks-${agents}`,
    agent: "idle",
    agents,
    columns: ["phase"],
    row: (agent) => [isTimed ? agent % work.period : 0],
    entry: isTimed ? [`args: { phase: "{phase}", period: ${work.period} }`] : [`every: ${work.every}`],
  });
  try {
    const { world } = await loadConfig(folder.config);
    // Agents in step with each other are due once per period, spread ones in every tick.
    const stride = isTimed && work.period > agents ? work.period : 1;
    const executed = plan.warmUpTicks + plan.ticks;
    const task: TickTask = {
      world,
      dir: folder.runFolder("measured"),
      untilTick: executed * stride,
      samplesMax: executed * Math.max(1, Math.min(agents, stride)) + agents,
    };
    return figureOf(name, { plan, task, samples: await runThread(task) });
  } finally {
    folder.remove();
  }
}

async function runThread(task: TickTask): Promise<TickSamples> {
  const worker = new Worker(new URL("./tick-thread.js", import.meta.url), {
    workerData: task,
    resourceLimits: { stackSizeMb: 256, maxOldGenerationSizeMb: 4096 },
  });
  const [samples] = (await once(worker, "message")) as [TickSamples]; // tick-thread.ts says nothing else
  await worker.terminate();
  return samples;
}

interface Measured {
  readonly plan: TickPlan;
  readonly task: TickTask;
  readonly samples: TickSamples;
}

function figureOf(name: string, { plan, task, samples }: Measured): TickFigure {
  const { micros, elapsedMs } = samples;
  const counted = micros.slice(Math.min(plan.warmUpTicks, micros.length - 1)).sort();
  const at = (share: number): number => counted[Math.floor((counted.length - 1) * share)] ?? 0;
  const rounded = (value: number): number => Number(value.toFixed(1));
  return {
    name,
    agents: plan.agents,
    ticks: counted.length,
    p50Micros: rounded(at(0.5)),
    p99Micros: rounded(at(0.99)),
    maxMicros: rounded(at(1)),
    ticksPerSecond: Math.round((task.untilTick / elapsedMs) * 1000),
    // Every tick with work was executed and none without.
    ok: micros.length >= plan.ticks,
  };
}
