/**
 * Futures of one moment: the ring is run to a tick, and forks of that tick, each with another message entering after it,
 * are made and run a few ticks on by `runFutures`, all in one process of their own. The alternative is to open the
 * configuration and run it from 0. Both are measured whole, processes included.
 */

import { lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFutures } from "wasm-engine";
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
  /** Until the first one had come to its end: all were made by then, and what they have in common was done. */
  readonly firstMs: number;
  /** Of each of the others, on average: to open, run and close it. */
  readonly nextMs: number;
  /** Time of all futures to that of as many runs from 0. */
  readonly share: number;
  readonly limit: number;
  readonly disk: {
    readonly parentBytes: number;
    /** Taken by all futures after they have been run; files that are shared count once. */
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
  const folder = ringFolder("travel-futures", agents, { lines: inputs });
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
    let firstMs = 0;
    const onFuture = ({ index }: { readonly index: number }): void => {
      if (index === 0) firstMs = performance.now() - startedMs;
    };
    const asked = { at: ticks - 1, ticks: ticks + after, until: "never", isolation, onFuture } as const;
    const outcomes = await runFutures(parent.dir, asked, futures);
    const wholeMs = performance.now() - startedMs;
    const disk = diskBytes([parent.dir, ...outcomes.map(({ fork }) => fork.dir)]);
    say(`  futures: ${count} took ${Math.round(wholeMs)} ms, the first ${Math.round(firstMs)} ms of it`);
    const heads = new Set([parent.chainHead, ...outcomes.map(({ result }) => result?.chainHead)]);
    const nextMs = count === 1 ? 0 : (wholeMs - firstMs) / (count - 1);
    const share = wholeMs / (count * parent.wholeMs);
    return {
      ...{ agents, ticks, count, after, fromZeroMs: parent.wholeMs, firstMs, nextMs, share, limit },
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
