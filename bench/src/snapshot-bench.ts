/**
 * The snapshot benchmark: a game's world at 60 Hz with a snapshot every ten seconds, between two runs of the same world
 * without any. A tick is all work of the loop from the moment it is due until the next one is. Beside it stands what the
 * machine does to threads that only compute: a longest tick says little where theirs is as long.
 */

import type { BenchOptions, Say } from "./bench-options.js";
import { digits, figureTable } from "./figure-table.js";
import { headLine, machineFacts } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { measureMachinePace } from "./machine-pace.js";
import type { MachinePace } from "./machine-pace.js";
import { pacedHertz, runPaced } from "./paced-world.js";
import type { PacedPlan, PacedSamples } from "./paced-world.js";

/** What DESIGN asks for. */
const tickMsMax = 16;
const overheadMax = 0.05;

const warmUpSeconds = 5;
const measuredSeconds = 120;
const controlSeconds = 12;
/** Threads that only compute, a third of a period each. */
const machineSeconds = 30;
const machineWorkMs = 5;
const snapshotSeconds = 10;

export interface PacedFigure {
  readonly name: string;
  readonly ticks: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly meanMs: number;
  /** How long after its moment the latest tick was committed: what a player sees. */
  readonly latestMs: number;
  /** Ticks that took longer than {@link tickMsMax}. */
  readonly slowTicks: number;
  /** Processor time of the loop's own thread: median and most of ticks whose state is hashed, median of the others. */
  readonly hashedMs: number;
  readonly hashedMaxMs: number;
  readonly plainMs: number;
  /** Executing threads at the end. */
  readonly workers: number;
  /** Snapshots handed over, that at the end among them. */
  readonly snapshots: number;
}

export interface SnapshotDocument {
  readonly bench: "snapshots";
  readonly machine: MachineFacts;
  readonly agents: number;
  readonly withSnapshots: PacedFigure;
  /** Before and after. */
  readonly without: readonly PacedFigure[];
  /** The machine's own: no world, only threads that compute. */
  readonly control: MachinePace;
  /** What the mean tick takes more with snapshots than without; a share. */
  readonly overhead: number;
  /** The same as a share of the wall clock. */
  readonly overheadOfTime: number;
  readonly withinLimits: boolean;
  readonly quick: boolean;
  readonly ok: boolean;
}

export async function measureSnapshots(options: BenchOptions, say: Say): Promise<SnapshotDocument> {
  const { quick } = options;
  const machine = machineFacts();
  const agents = options.sizes[0] ?? 1000;
  say(headLine("snapshots", machine, { quick }));
  const run = async (name: string, seconds: number, every?: number): Promise<PacedFigure> => {
    const warmUp = quick ? 5 : warmUpSeconds * pacedHertz;
    const ticks = warmUp + (quick ? 40 : seconds * pacedHertz);
    const plan: PacedPlan = {
      name: `snapshots-${agents}`,
      agents,
      ticks,
      realtime: true,
      workers: options.workers,
      ...(every === undefined ? {} : { snapshotEvery: every }),
    };
    return figureOf(name, await runPaced(plan), warmUp);
  };
  const before = await run("without, before", controlSeconds);
  const every = quick ? 10 : snapshotSeconds * pacedHertz;
  const withSnapshots = await run(`every ${every} ticks`, measuredSeconds, every);
  const after = await run("without, after", controlSeconds);
  const control = await measureMachinePace(withSnapshots.workers, {
    periodMs: 1000 / pacedHertz,
    workMs: machineWorkMs,
    periods: quick ? 30 : machineSeconds * pacedHertz,
  });
  const controlMs = (before.meanMs + after.meanMs) / 2;
  const extraMs = withSnapshots.meanMs - controlMs;
  const overhead = Number((extraMs / controlMs).toFixed(4));
  return {
    bench: "snapshots",
    machine,
    agents,
    withSnapshots,
    without: [before, after],
    control,
    overhead,
    overheadOfTime: Number((extraMs / (1000 / pacedHertz)).toFixed(4)),
    withinLimits: withSnapshots.maxMs <= tickMsMax && overhead <= overheadMax,
    quick,
    ok: withSnapshots.snapshots > 1 && before.snapshots === 1 && after.snapshots === 1,
  };
}

/** @param warmUp ticks at the beginning that do not count */
export function figureOf(name: string, samples: PacedSamples, warmUp: number): PacedFigure {
  const { workMs, commitMs, snapshots, workers } = samples;
  const work = workMs.slice(warmUp);
  const sorted = work.slice().sort();
  const at = (share: number): number => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  const periodMs = 1000 / pacedHertz;
  const offsets = commitMs.slice(warmUp).map((ms, tick) => ms - tick * periodMs);
  return {
    name,
    ticks: work.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    meanMs: round(work.reduce((sum, ms) => sum + ms, 0) / work.length),
    latestMs: round(Math.max(...offsets) - Math.min(...offsets)),
    slowTicks: work.filter((ms) => ms > tickMsMax).length,
    ...processorOf(samples, warmUp),
    workers,
    snapshots,
  };
}

/** The clock shows who else uses the machine, processor time does so less. */
function processorOf(
  { processorMs, stateHashEvery }: PacedSamples,
  warmUp: number,
): Pick<PacedFigure, "hashedMs" | "hashedMaxMs" | "plainMs"> {
  const of = (isHashed: boolean): Float64Array =>
    processorMs.filter((_, tick) => tick >= warmUp && (tick % stateHashEvery === 0) === isHashed).sort();
  const middle = (sorted: Float64Array): number => round(sorted[sorted.length >> 1] ?? 0);
  const hashes = of(true);
  return { hashedMs: middle(hashes), hashedMaxMs: round(hashes.at(-1) ?? 0), plainMs: middle(of(false)) };
}

function round(ms: number): number {
  return Number(ms.toFixed(3));
}

export function snapshotTable(document: SnapshotDocument): string {
  const { agents, withSnapshots, without, control, overhead, overheadOfTime, withinLimits } = document;
  const [before, after] = without;
  const rows = [before, withSnapshots, after].flatMap((figure) =>
    figure === undefined ? [] : [rowOf(figure)],
  );
  const head = [
    "snapshots",
    "ticks",
    "p50 ms",
    "p99 ms",
    "max ms",
    "mean ms",
    "latest ms",
    "over 16 ms",
    "cpu ms",
    "hashed",
    "max",
    "threads",
    "kept",
  ];
  const share = (value: number): string => `${(value * 100).toFixed(1)} %`;
  return [
    "",
    figureTable(head, rows),
    "",
    `  ${agents} agents at ${pacedHertz} Hz: ${share(overhead)} more work per tick, ${share(overheadOfTime)} of the time; ` +
      `limits (${tickMsMax} ms, ${share(overheadMax)}) ${withinLimits ? "met" : "MISSED"}`,
    `  the machine's own: ${control.workMs} ms of computing on ${control.threads} threads took ` +
      `${digits(control.p50Ms)} (p50), ${digits(control.p99Ms)} (p99), ${digits(control.maxMs)} ms (most) ` +
      `in ${control.periods} periods`,
  ].join("\n");
}

function rowOf(figure: PacedFigure): string[] {
  const { name, ticks, p50Ms, p99Ms, maxMs, meanMs, latestMs, slowTicks, snapshots } = figure;
  const { plainMs, hashedMs, hashedMaxMs, workers } = figure;
  const times = [p50Ms, p99Ms, maxMs, meanMs, latestMs].map(digits);
  return [
    name,
    String(ticks),
    ...times,
    String(slowTicks),
    ...[plainMs, hashedMs, hashedMaxMs].map(digits),
    String(workers),
    String(snapshots),
  ];
}
