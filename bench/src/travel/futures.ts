/**
 * Futures of one moment: the ring is run to a tick, and forks of that tick, each with another message entering after it,
 * are run a few ticks on. All futures are made in one process, and each is opened, run and closed in one of its own like
 * any run; the alternative is to open the configuration and run it from 0. Both are measured whole, processes included.
 */

import { lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { forkFutures } from "wasm-engine";
import type { Say } from "../bench-options.js";
import { ringFolder, runTicks } from "./ring-run.js";

const limit = 0.1;

export interface FuturesPlan {
  readonly agents: number;
  /** Shared ticks. */
  readonly ticks: number;
  readonly count: number;
  /** Ticks of each future. */
  readonly after: number;
  readonly keep: boolean;
  /** Runs in the calling process, for a smoke test. */
  readonly inline: boolean;
}

export interface FuturesFigure {
  readonly agents: number;
  readonly ticks: number;
  readonly count: number;
  readonly after: number;
  readonly fromZeroMs: number;
  /** Of one future, on average: to make it, and to open, run and close it. */
  readonly forkMs: number;
  readonly runMs: number;
  /** Time of all futures to that of as many runs from 0. */
  readonly share: number;
  readonly limit: number;
  readonly disk: {
    readonly parentBytes: number;
    /** Taken by all futures when they had been made and before they were run; files that are shared count once. */
    readonly addedBytes: number;
    /** The same where every file counts. */
    readonly apparentBytes: number;
  };
  readonly isWithin: boolean;
  /** Futures differ from the parent and from each other. */
  readonly ok: boolean;
}

export async function measureFutures(plan: FuturesPlan, say: Say): Promise<FuturesFigure> {
  const { agents, ticks, count, after, inline } = plan;
  const inputs = ["inputs: [{ file: ./nudge.jsonl, at: tick, to: '{to}', topic: hop }]"];
  const folder = ringFolder("travel-futures", agents, inputs);
  const record = (note: string): object => ({ tick: ticks, to: "s1", note: `${"-".repeat(64)}${note}` });
  try {
    writeFileSync(join(folder.folder, "nudge.jsonl"), `${JSON.stringify(record("parent"))}\n`);
    const parent = await runTicks(folder.config, {
      dir: folder.runFolder("a"),
      ticks: ticks + after,
      workers: 1,
      inline,
    });
    say(`  futures: ${ticks + after} ticks of ${agents} agents from 0 took ${Math.round(parent.wholeMs)} ms`);
    const parentBytes = diskBytes([parent.dir]).shared;
    const futures = Array.from({ length: count }, (_, future) => ({
      dir: folder.runFolder(`future-${future}`),
      overrides: { inputs: { 1: { ...record(`future ${future}`) } } },
    }));
    const isolation = inline ? "inline" : "process";
    const startedMs = performance.now();
    const made = await forkFutures(parent.dir, { at: ticks - 1, isolation }, futures);
    const dirs = made.map(({ dir }) => dir);
    const forkMs = (performance.now() - startedMs) / count;
    const disk = diskBytes([parent.dir, ...dirs]);
    say(`  futures: made all in ${Math.round(forkMs * count)} ms`);
    const heads = new Set([parent.chainHead]);
    let runMs = 0;
    for (const dir of dirs) {
      const { wholeMs, chainHead } = await runTicks(dir, {
        ticks: ticks + after,
        resume: true,
        workers: 1,
        inline,
      });
      heads.add(chainHead);
      runMs += wholeMs / count;
    }
    const share = (forkMs + runMs) / parent.wholeMs;
    return {
      ...{ agents, ticks, count, after, fromZeroMs: parent.wholeMs, forkMs, runMs, share, limit },
      disk: {
        parentBytes,
        addedBytes: disk.shared - parentBytes,
        apparentBytes: disk.apparent - parentBytes,
      },
      isWithin: share < limit,
      ok: heads.size === count + 1,
    };
  } finally {
    if (!plan.keep) folder.remove();
  }
}

/** Bytes that files take on the disk: each once, however many names it has, and by its names. */
function diskBytes(folders: readonly string[]): { readonly shared: number; readonly apparent: number } {
  const seen = new Set<number>();
  let [shared, apparent] = [0, 0];
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const file = lstatSync(join(folder, name));
      if (!file.isFile()) continue;
      // Absent on platforms without blocks.
      const bytes = Number.isFinite(file.blocks) ? file.blocks * 512 : file.size;
      apparent += bytes;
      if (!seen.has(file.ino)) shared += bytes;
      seen.add(file.ino);
    }
  }
  return { shared, apparent };
}
