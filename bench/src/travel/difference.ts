/**
 * Two long runs of the ring that differ in one byte of one input. The second is a fork of the first with that byte
 * changed; its log is a file of its own. `diff` must name the tick, the agent, the input and the byte of memory.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { diffRuns, forkRun } from "wasm-engine";
import type { Say } from "../bench-options.js";
import { ringFolder, runTicks } from "./ring-run.js";

const limitMs = 10_000;
const stations = 4;
const record = (note: string, tick: number): object => ({ tick, to: "s2", note: `${"-".repeat(64)}${note}` });

export interface DifferencePlan {
  readonly ticks: number;
  readonly at: number;
  readonly keep: boolean;
  /** Runs in the calling process, for a smoke test. */
  readonly inline: boolean;
}

export interface DifferenceFigure {
  readonly ticks: number;
  readonly at: number;
  readonly ms: number;
  readonly limitMs: number;
  /** Largest memory of the process that compared. */
  readonly peakMiB: number;
  /** What diff said: tick, kind, agent, first byte of its memory that differs. */
  readonly found: string;
  readonly isWithin: boolean;
  readonly ok: boolean;
}

export async function measureDifference(plan: DifferencePlan, say: Say): Promise<DifferenceFigure> {
  const { ticks, at, inline } = plan;
  const inputs = ["inputs: [{ file: ./nudge.jsonl, at: tick, to: '{to}', topic: hop }]"];
  const folder = ringFolder("travel-diff", stations, { lines: inputs });
  try {
    writeFileSync(join(folder.folder, "nudge.jsonl"), `${JSON.stringify(record("a", at))}\n`);
    const one = await runTicks(folder.config, { dir: folder.runFolder("a"), ticks, workers: 1, inline });
    say(`  diff: ${ticks} ticks took ${one.wallMs} ms`);
    const fork = await forkRun(one.dir, {
      at: at - 1,
      dir: folder.runFolder("b"),
      isolation: "inline",
      overrides: { inputs: { 1: { ...record("b", at) } } },
    });
    const other = await runTicks(fork.dir, { ticks, resume: true, workers: 1, inline });
    say(`  diff: the other one's ${ticks - at} ticks took ${other.wallMs} ms`);
    const startedMs = performance.now();
    const report = await diffRuns(one.dir, other.dir, { isolation: "inline" });
    const ms = performance.now() - startedMs;
    const { firstTick, what, agent, memory } = report;
    const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
    return {
      ticks,
      at,
      ms,
      limitMs,
      peakMiB,
      found: `tick ${firstTick}, ${what}, agent ${agent}, memory byte ${memory?.address}`,
      isWithin: ms <= limitMs,
      ok:
        firstTick === at &&
        what === "input" &&
        agent === "s2" &&
        memory !== undefined &&
        other.ticks === one.ticks,
    };
  } finally {
    if (!plan.keep) folder.remove();
  }
}
