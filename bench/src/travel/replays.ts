/**
 * Replay against the live run: a world that only computes (the ring, 1 000 agents), airports, which waits for models and
 * is durable, both as fast as they go, and a world where waiting dominates: a ring of ten agents that waits for the wall
 * clock. Times are those of the loop and of the replay; starting processes and building modules is apart in both.
 */

import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { replayRun } from "wasm-engine";
import type { Say } from "../bench-options.js";
import { ringFolder, runTicks } from "./ring-run.js";

export interface ReplayFigure {
  readonly world: string;
  readonly ticks: number;
  readonly liveMs: number;
  /** What of that the loop has waited for models. */
  readonly waitedMs: number;
  readonly replayMs: number;
  /** Threads that have replayed. */
  readonly workers: number;
  readonly ratio: number;
  readonly limit: number;
  readonly isWithin: boolean;
  readonly ok: boolean;
}

const airportsFolder = fileURLToPath(new URL("../../../examples/airports/", import.meta.url));

export async function measureReplays(
  { quick, keep }: { readonly quick: boolean; readonly keep: boolean },
  say: Say,
): Promise<readonly ReplayFigure[]> {
  const agents = quick ? 4 : 1000;
  const folder = ringFolder("travel-replay", agents);
  try {
    const plan = {
      world: `ring of ${agents}`,
      config: folder.config,
      dir: folder.runFolder("a"),
      limit: 1.2,
    };
    const figures = [await measureReplay({ ...plan, ticks: quick ? 50 : 10_000, inline: quick }, say)];
    if (!quick) {
      figures.push(await measureAirports(join(folder.folder, "airports"), say));
      figures.push(await measurePaced(keep, say));
    }
    return figures;
  } finally {
    if (!keep) folder.remove();
  }
}

/** On a copy: outputs of the example stay as they are. */
async function measureAirports(folder: string, say: Say): Promise<ReplayFigure> {
  cpSync(airportsFolder, folder, { recursive: true, filter: (path) => !path.includes(".wasm-engine") });
  rmSync(join(folder, "out"), { recursive: true, force: true });
  const config = join(folder, "engine.yaml");
  return measureReplay(
    { world: "airports", config, dir: join(folder, "run"), ticks: 20_000, limit: 5, inline: false },
    say,
  );
}

/** Twenty seconds. */
async function measurePaced(keep: boolean, say: Say): Promise<ReplayFigure> {
  const folder = ringFolder("travel-paced", 10, { tickMs: 20 });
  try {
    const { config } = folder;
    const plan = { config, dir: folder.runFolder("a"), ticks: 1000, limit: 5, inline: false, realtime: true };
    return await measureReplay({ world: "ring of 10 at 50 Hz", ...plan }, say);
  } finally {
    if (!keep) folder.remove();
  }
}

interface ReplayPlan extends Pick<ReplayFigure, "world" | "limit"> {
  readonly config: string;
  readonly dir: string;
  readonly ticks: number;
  readonly inline: boolean;
  /** At the pace of the wall clock. */
  readonly realtime?: boolean;
}

async function measureReplay(plan: ReplayPlan, say: Say): Promise<ReplayFigure> {
  const { world, limit } = plan;
  const live = await runTicks(plan.config, plan);
  const { dir, ticks, wallMs: liveMs, inferenceStallMs: waitedMs, chainHead } = live;
  const replayed = await replayRun(dir, plan.inline ? { isolation: "inline" } : {});
  const { wallMs: replayMs, workers } = replayed;
  const ratio = liveMs / replayMs;
  say(
    `  replay: ${world}, live ${liveMs} ms (${waitedMs} for models), replay ${replayMs} ms, ${workers} threads`,
  );
  const ok = replayed.verified && replayed.chainHead === chainHead;
  return { world, ticks, liveMs, waitedMs, replayMs, workers, ratio, limit, isWithin: ratio >= limit, ok };
}
