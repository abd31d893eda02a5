/**
 * The ring as a world of this engine: one instance per agent, the module as `build` makes it, signed, default limits,
 * durability `sync`, an ordinary run folder. A window of the run is measured while it is under way; what was measured
 * is then proved: every message is where its path leads, every station has the checksum of the plain simulation,
 * a replay verifies, and a run with one worker has the same chain head.
 */

import { handleOfId, isAgentId } from "@wasm-engine/abi";
import { nodeHasher } from "@wasm-engine/engine";
import { Engine, replayRun } from "wasm-engine";
import type { Progress, RunningWorld } from "wasm-engine";
import { checkRing } from "./ring-check.js";
import { handlesSource, stationName } from "./ring.js";
import { watchSyncs } from "./sync-watch.js";
import { createWorldFolder } from "./world-folder.js";
import type { WorldFolder } from "./world-folder.js";

/** `ring-plain` uses the bytes of the ABI, `ring` the objects of the AssemblyScript SDK. */
export type RingAgent = "ring-plain" | "ring";

export interface RingPlan {
  readonly agent: RingAgent;
  readonly stations: number;
  /** Messages sent before the window opens: caches are warm and code is compiled by then. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** Ticks that the window has at least, however slow the machine is. */
  readonly ticksMin: number;
  /** A window with fewer syncs of the log is extended. */
  readonly syncsMin: number;
  readonly workers: number | undefined;
  readonly keep: boolean;
}

export interface RingFigure {
  readonly agent: RingAgent;
  readonly agents: number;
  readonly messagesPerSecond: number;
  readonly ticksPerSecond: number;
  readonly windowMs: number;
  readonly windowTicks: number;
  readonly windowMessages: number;
  /** Syncs of the log seen within the window, a lower bound. */
  readonly syncs: number;
  readonly ticks: number;
  readonly chainHead: string;
  /** Threads that executed, as asked for. */
  readonly workers: number | "default";
  readonly checks: {
    /** Stations and messages equal the simulation. */
    readonly simulation: string;
    readonly replay: string;
    /** Same number of ticks with one worker: same head. */
    readonly oneWorker: string;
  };
  readonly ok: boolean;
}

function stationHandle(station: number): number {
  const id = stationName(station);
  if (!isAgentId(id)) throw new RangeError(`${id} is no name of an agent`);
  return handleOfId((bytes) => nodeHasher.sha256(bytes), id);
}

export async function measureRing(plan: RingPlan): Promise<RingFigure> {
  const { stations } = plan;
  const folder = createWorldFolder({
    name: `${plan.agent}-${stations}`,
    agent: plan.agent,
    agents: stations,
    columns: ["number"],
    row: (agent) => [agent],
    sources: { "handles.ts": handlesSource(stations, (station) => stationHandle(station)) },
    entry: ['args: { number: "{number}" }', 'capabilities: { send: ["*"] }'],
  });
  try {
    return await measureIn(folder, plan);
  } finally {
    if (!plan.keep) folder.remove();
  }
}

async function measureIn(folder: WorldFolder, plan: RingPlan): Promise<RingFigure> {
  const { stations } = plan;
  const world = await Engine.open(folder.config, {
    ...(plan.workers === undefined ? {} : { workers: plan.workers }),
    dir: folder.runFolder("measured"),
    durability: "sync",
  });
  const window = await observeWindow(world, plan);
  const report = await world.inspect({ describe: true });
  const result = await world.stop();
  await world.close();
  const simulation = checkRing(stations, report);
  const replayed = await replayRun(result.dir);
  const replay = replayed.verified ? "identical" : "different";
  const oneWorker = await compareOneWorker(folder, { ticks: result.ticks, chainHead: result.chainHead });
  const { first, last, syncs } = window;
  const windowMs = last.wallMs - first.wallMs;
  const windowMessages = last.messages - first.messages;
  const windowTicks = last.tick - first.tick;
  return {
    agent: plan.agent,
    agents: stations,
    messagesPerSecond: Math.round((windowMessages / windowMs) * 1000),
    ticksPerSecond: Math.round((windowTicks / windowMs) * 1000),
    windowMs,
    windowTicks,
    windowMessages,
    syncs,
    ticks: result.ticks,
    chainHead: result.chainHead,
    workers: plan.workers ?? "default",
    checks: { simulation, replay, oneWorker },
    ok:
      simulation === "equal" &&
      replayed.verified &&
      oneWorker === "equal" &&
      result.faults === 0 &&
      syncs >= plan.syncsMin,
  };
}

interface Window {
  readonly first: Progress;
  readonly last: Progress;
  readonly syncs: number;
}

/** From the first report after the warm-up to the first one after which the window is long enough. */
async function observeWindow(world: RunningWorld, plan: RingPlan): Promise<Window> {
  const end = new AbortController();
  const watch = watchSyncs(world.dir);
  let first: Progress | undefined;
  let firstSyncs = 0;
  const window = new Promise<Window>((resolve, reject) => {
    const onProgress = (progress: Progress): void => {
      if (first === undefined) {
        if (progress.wallMs < plan.warmUpMs || progress.tick < plan.ticksMin) return;
        first = progress;
        firstSyncs = watch.seen;
        return;
      }
      const syncs = watch.seen - firstSyncs;
      const isLong = progress.wallMs - first.wallMs >= plan.windowMs;
      if (isLong && progress.tick - first.tick >= plan.ticksMin && syncs >= plan.syncsMin)
        resolve({ first, last: progress, syncs });
    };
    world.run({ until: "never", onProgress, signal: end.signal }).catch(reject);
  });
  try {
    return await window;
  } finally {
    watch.end();
    end.abort(); // The world rests after the tick that is under way.
  }
}

/** `equal`, or `different: …` with the other head. */
async function compareOneWorker(
  folder: WorldFolder,
  measured: { readonly ticks: number; readonly chainHead: string },
): Promise<string> {
  const world = await Engine.open(folder.config, { workers: 1, dir: folder.runFolder("one-worker") });
  const { chainHead } = await world.run({ until: "never", ticks: measured.ticks });
  await world.close();
  return chainHead === measured.chainHead ? "equal" : `different: ${chainHead}`;
}
