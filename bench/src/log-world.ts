/** What the log of a run grows by: per tick in which every agent has a turn, and while nobody has anything to do. */

import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Engine } from "wasm-engine";
import { createWorldFolder } from "./world-folder.js";
import type { WorldFolder, WorldPlan } from "./world-folder.js";

export interface GrowthFigure {
  readonly agents: number;
  readonly ticks: number;
  /** Of the log: commits, chain heads, headers of segments. */
  readonly bytesPerTick: number;
}

export async function measureGrowth({
  agents,
  ticks,
  quick,
}: {
  readonly agents: number;
  readonly ticks: number;
  readonly quick: boolean;
}): Promise<GrowthFigure> {
  const folder = idleFolder(agents, { entry: ["every: 1"], prebuilt: quick });
  try {
    const world = await Engine.open(folder.config, { dir: folder.runFolder("growing") });
    // The first tick is left out: agents begin in it.
    await world.run({ until: "never", ticks: 1 });
    const before = folder.logBytes("growing");
    await world.run({ until: "never", ticks: 1 + ticks });
    const bytes = folder.logBytes("growing") - before;
    await world.close();
    return { agents, ticks, bytesPerTick: Number((bytes / ticks).toFixed(3)) };
  } finally {
    folder.remove();
  }
}

export interface IdleFigure {
  readonly agents: number;
  readonly seconds: number;
  /** Of the whole run folder. */
  readonly bytes: number;
  /** Processor time of the world's process to the time that passed. */
  readonly coreShare?: number;
}

export async function measureIdle({
  agents,
  windowMs,
}: {
  readonly agents: number;
  readonly windowMs: number;
}): Promise<IdleFigure> {
  const folder = idleFolder(agents, { entry: [] });
  try {
    const world = await Engine.open(folder.config, {
      dir: folder.runFolder("idle"),
      start: "live",
      realtime: true,
    });
    // Agents begin; what a process does once (compiling, first files) is over.
    await sleep(windowMs / 4);
    const before = { bytes: folder.runBytes("idle"), ms: processorMs(world.pid), at: performance.now() };
    await sleep(windowMs);
    const elapsedMs = performance.now() - before.at;
    const usedMs = processorMs(world.pid);
    const bytes = folder.runBytes("idle") - before.bytes;
    await world.close();
    const share =
      usedMs === undefined || before.ms === undefined ? undefined : (usedMs - before.ms) / elapsedMs;
    return {
      agents,
      seconds: Number((elapsedMs / 1000).toFixed(1)),
      bytes,
      ...(share === undefined ? {} : { coreShare: Number(share.toFixed(5)) }),
    };
  } finally {
    folder.remove();
  }
}

function idleFolder(agents: number, plan: Pick<WorldPlan, "entry" | "prebuilt">): WorldFolder {
  return createWorldFolder({
    name: `log-${agents}`,
    agent: "idle",
    agents,
    columns: [],
    row: () => [],
    ...plan,
    tickMs: 16.666667,
  });
}

/** What the threads of a process have used; undefined where the platform does not say so (it is Linux that does). */
function processorMs(pid: number): number | undefined {
  try {
    const folder = `/proc/${pid}/task`;
    const nanos = readdirSync(folder).map((thread) =>
      Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanos.reduce((sum, value) => sum + value, 0) / 1e6;
  } catch {
    return undefined;
  }
}
