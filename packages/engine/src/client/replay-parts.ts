/**
 * Replays a run on several cores: its snapshots cut it into parts, each of which a process of its own executes. Where
 * every part agrees with the log, and the world at the end of each is the one that the next began with, all turns have
 * been executed and the whole has been reproduced. Anything else is no verdict: then the run is replayed in one piece.
 */

import { EngineError } from "@wasm-engine/abi";
import { nodeHasher } from "../crypto/node-crypto.js";
import { lastTick } from "../replay/play.js";
import type { ReplayJob, ReplayPart, ReplayPartJob, ReplayReport } from "../replay/replay-contract.js";
import { RunFolder, nodeFileSystem } from "../storage/index.js";
import { autoWorkersMax } from "../threads/limits.js";
import { coreCount } from "../threads/worker-count.js";
import { readRunStore } from "../world/run-store.js";
import { partAgentsMax, partLogBytesMin, partSnapshotsMin } from "./limits.js";
import { executeJob } from "./replay-run.js";
import type { JobOptions } from "./replay-run.js";

/** Undefined where there is nothing to gain, or where the parts do not fit together. */
export async function replayInParts(job: ReplayJob, options: JobOptions): Promise<ReplayReport | undefined> {
  const plan = partsOf(job);
  if (plan.length < 2) return undefined;
  const abort = new AbortController();
  const { signal, onProgress } = options;
  const stop = (): void => abort.abort();
  signal?.addEventListener("abort", stop, { once: true });
  const done = plan.map(() => ({ tick: 0, turnsExecuted: 0 }));
  const tell = (): void => {
    const tick = (job.from ?? 0) + done.reduce((sum, part) => sum + part.tick, 0);
    onProgress?.({ tick, turnsExecuted: done.reduce((sum, part) => sum + part.turnsExecuted, 0) });
  };
  const execute = async (part: ReplayPartJob, index: number): Promise<ReplayPart> => {
    try {
      const value = await executeJob(part, {
        ...options,
        signal: abort.signal,
        onProgress: ({ tick, turnsExecuted }) => {
          done[index] = { tick: Math.max(0, tick - (part.from ?? 0)), turnsExecuted };
          tell();
        },
      });
      const found = value as ReplayPart; // value of the job `replay-part`
      if (!found.report.verified) stop();
      return found;
    } catch (error) {
      stop();
      throw error;
    }
  };
  const settled = await Promise.allSettled(plan.map(execute));
  signal?.removeEventListener("abort", stop);
  const parts: ReplayPart[] = [];
  for (const part of settled) {
    if (part.status === "fulfilled") parts.push(part.value);
    else if (signal?.aborted === true || !EngineError.is(part.reason)) throw part.reason;
  }
  return parts.length < plan.length ? undefined : joinedParts(parts);
}

/** Parts of about the same work; none where it is asked for one piece, or where the run is too small or too large. */
function partsOf(job: ReplayJob): readonly ReplayPartJob[] {
  const { dir, from, workers = "auto", testing = {} } = job;
  const { flip, partLogBytesMin: logBytesMin = partLogBytesMin } = testing;
  const countMax = workers === "auto" ? Math.min(coreCount(), autoWorkersMax) : workers;
  if (countMax < 2 || flip !== undefined || job.verifyInference === true) return [];
  const folder = RunFolder.open(dir, nodeHasher);
  const logs = nodeFileSystem.list(folder.log.logFolder) ?? [];
  const bytes = logs.reduce((sum, name) => {
    return sum + (nodeFileSystem.length(`${folder.log.logFolder}/${name}`) ?? 0);
  }, 0);
  const ticks = folder.snapshots.ticks();
  if (bytes < logBytesMin || ticks.length < partSnapshotsMin) return [];
  const { genesis, recovered } = readRunStore(dir, "parts");
  const to = lastTick({ log: recovered }, job.to);
  // Every process holds all agents.
  if (genesis.agents.length * countMax > partAgentsMax) return [];
  const inside = ticks.filter((tick) => tick > Math.max(from ?? 0, recovered.base?.tick ?? 0) && tick < to);
  const count = Math.min(countMax, inside.length + 1);
  // A run takes snapshots after equal work rather than after equal ticks.
  const cuts = Array.from({ length: count - 1 }, (_, cut) => {
    return inside[Math.floor(((cut + 1) * (inside.length + 1)) / count) - 1];
  }).filter((tick) => tick !== undefined);
  const begins = [from, ...cuts];
  return begins.map((begin, index) => ({
    kind: "replay-part",
    dir,
    to: cuts[index] ?? to,
    ...(begin === undefined ? {} : { from: begin }),
  }));
}

/** One report where every part is verified and goes on where the one before ended. */
export function joinedParts(parts: readonly ReplayPart[]): ReplayReport | undefined {
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const fits = parts.every(({ report, begin }, index) => {
    const before = parts[index - 1]?.end;
    const isNext =
      before === undefined ||
      (begin?.tick === before.tick &&
        begin.chainHead === before.chainHead &&
        begin.stateHash === before.stateHash);
    return report.verified && isNext;
  });
  if (!fits) return undefined;
  const sum = (of: (report: ReplayReport) => number): number =>
    parts.reduce((total, { report }) => total + of(report), 0);
  const startedMs = Math.min(...parts.map((part) => part.startedMs));
  return {
    ...last.report,
    from: first.report.from,
    ticksExecuted: sum(({ ticksExecuted }) => ticksExecuted),
    turnsExecuted: sum(({ turnsExecuted }) => turnsExecuted),
    fuel: sum(({ fuel }) => fuel),
    wallMs: Math.max(...parts.map((part) => part.endedMs)) - startedMs,
    workers: parts.length,
  };
}
