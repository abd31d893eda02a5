/** Runs of the ring that the travel benchmark goes back to: an ordinary world with one thread, durability `sync`. */

import { handleOfId, isAgentId } from "@wasm-engine/abi";
import { nodeHasher } from "@wasm-engine/engine";
import { Engine } from "wasm-engine";
import type { RunResult } from "wasm-engine";
import { handlesSource, stationName } from "../ring.js";
import { createWorldFolder } from "../world-folder.js";
import type { WorldFolder, WorldPlan } from "../world-folder.js";

export interface RingRun extends RunResult {
  /** From opening to the closed run. */
  readonly wholeMs: number;
}

function stationHandle(station: number): number {
  const id = stationName(station);
  if (!isAgentId(id)) throw new RangeError(`${id} is no name of an agent`);
  return handleOfId((bytes) => nodeHasher.sha256(bytes), id);
}

export function ringFolder(
  name: string,
  stations: number,
  { lines = [], tickMs = 1 }: Pick<WorldPlan, "lines" | "tickMs"> = {},
): WorldFolder {
  return createWorldFolder({
    name,
    agent: "ring-plain",
    agents: stations,
    columns: ["number"],
    row: (agent) => [agent],
    sources: { "handles.ts": handlesSource(stations, (station) => stationHandle(station)) },
    entry: ['args: { number: "{number}" }', 'capabilities: { send: ["*"] }'],
    lines,
    tickMs,
  });
}

/** Runs a configuration, or goes on with a run, for so many ticks. */
export async function runTicks(
  place: string,
  options: {
    readonly dir?: string;
    readonly ticks: number;
    readonly resume?: boolean;
    readonly workers?: number;
    /** At the pace of the wall clock, else as fast as it goes. */
    readonly realtime?: boolean;
    /** In the calling process, for a smoke test. */
    readonly inline?: boolean;
  },
): Promise<RingRun> {
  const { dir, ticks, resume = false, workers, realtime, inline = false } = options;
  const startedMs = performance.now();
  const world = await Engine.open(place, {
    ...(dir === undefined ? {} : { dir }),
    ...(workers === undefined ? {} : { workers }),
    ...(realtime === undefined ? {} : { realtime }),
    resume,
    ...(inline ? { isolation: "inline" } : {}),
  });
  const result = await world.run({ until: "never", ticks });
  await world.close();
  return { ...result, wholeMs: performance.now() - startedMs };
}
