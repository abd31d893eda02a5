/**
 * A look at ticks spread over a long run, as `inspect --at` and `inspectRun` do it: open the run, restore the snapshot
 * before the tick, execute what lies between, tell about every agent. Measured within one process, where the engine is
 * compiled already, and with a process for each look, whose start is measured by a look at tick 0 and named apart.
 */

import { inspectRun } from "wasm-engine";
import type { Say } from "../bench-options.js";
import { ringFolder, runTicks } from "./ring-run.js";

const limitMs = 200;

export interface JumpPlan {
  readonly agents: number;
  readonly ticks: number;
  readonly jumps: number;
  readonly keep: boolean;
  /** Without processes of their own. */
  readonly inline: boolean;
}

export interface JumpFigure {
  readonly agents: number;
  readonly ticks: number;
  readonly jumps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly limitMs: number;
  /** In a process of its own each: a look at tick 0, and what looks at other ticks take beyond that. */
  readonly ownProcess: { readonly startMs: number; readonly p50Ms: number; readonly maxMs: number };
  /** Of the run itself, which takes its snapshots as it does by default. */
  readonly liveMs: number;
  readonly isWithin: boolean;
  /** Every look was at its tick, with all agents. */
  readonly ok: boolean;
}

export async function measureJumps(plan: JumpPlan, say: Say): Promise<JumpFigure> {
  const { agents, ticks, jumps, inline } = plan;
  const folder = ringFolder(`travel-jump-${agents}`, agents);
  try {
    const { dir, wallMs } = await runTicks(folder.config, {
      dir: folder.runFolder("a"),
      ticks,
      workers: 1,
      inline,
    });
    say(`  jump: ${ticks} ticks of ${agents} agents took ${wallMs} ms`);
    let ok = true;
    const look = async (at: number, isolation: "inline" | "process"): Promise<number> => {
      const startedMs = performance.now();
      const report = await inspectRun(dir, { at, isolation });
      const ms = performance.now() - startedMs;
      ok &&= report.tick === at && report.agents.length === agents;
      return ms;
    };
    const spread = (index: number, count: number): number => Math.floor((index * (ticks - 1)) / (count - 1));
    for (const at of [0, ticks >> 1, ticks - 1]) await look(at, "inline");
    const inlineMs: number[] = [];
    for (let jump = 0; jump < jumps; jump += 1) inlineMs.push(await look(spread(jump, jumps), "inline"));
    const owned = inline ? 0 : Math.min(jumps, 11);
    const startMs = inline ? 0 : Math.min(await look(0, "process"), await look(0, "process"));
    const own: number[] = [];
    for (let jump = 0; jump < owned; jump += 1) {
      own.push(Math.max(0, (await look(spread(jump, owned), "process")) - startMs));
    }
    const maxMs = Math.max(...inlineMs);
    return {
      agents,
      ticks,
      jumps,
      p50Ms: quantile(inlineMs, 0.5),
      p99Ms: quantile(inlineMs, 0.99),
      maxMs,
      limitMs,
      ownProcess: { startMs, p50Ms: quantile(own, 0.5), maxMs: Math.max(0, ...own) },
      liveMs: wallMs,
      isWithin: maxMs <= limitMs,
      ok,
    };
  } finally {
    if (!plan.keep) folder.remove();
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
