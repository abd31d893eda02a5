/** Runs a hostile world through the engine and plays it again with everything that a report leaves out. */

import { join } from "node:path";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { play } from "../replay/play.js";
import type { Difference } from "../replay/play.js";
import { openRecordedRun, openTrack } from "../replay/track.js";
import type { RunResult } from "../world/control.js";
import { hex } from "../world/report.js";
import { scriptMessage } from "../../../executor/dist/testing/script-guest.js";
import { decodeMessage } from "@wasm-engine/abi";
import { HOSTILE_AGENTS } from "./hostile-agents.js";
import { HOSTILE_WORLD_TICKS, hostileId, hostileWorld } from "./hostile-world.js";
import type { HostileWorldOptions } from "./hostile-world.js";

/** Runs the world to its end, with the same inputs whether its hostile agents are hostile or not. */
export async function runHostileWorld(options: HostileRunOptions & OpenOptions): Promise<RunResult> {
  const { directory, hostile, policy, depthBytes, seed, attackTicks, ...open } = options;
  const resolved = await hostileWorld({
    directory,
    hostile,
    depthBytes,
    ...(policy === undefined ? {} : { policy }),
    ...(seed === undefined ? {} : { seed }),
  });
  await using world = await Engine.open(resolved, { dir: join(directory, "run"), start: "paused", ...open });
  for (const tick of attackTicks) {
    await world.run({ until: "never", ticks: tick });
    const scripts = HOSTILE_AGENTS.flatMap(({ script }, index) =>
      script === undefined ? [] : [[hostileId(index), decodeMessage(scriptMessage(script)).payload] as const],
    );
    await Promise.all(scripts.map(([id, payload]) => world.send(id, payload, { topic: "script" })));
  }
  return await world.run();
}

export interface HostileRunOptions extends HostileWorldOptions {
  /** Ticks in which the hostile agents are told what to do. A second round finds what the first one left. */
  readonly attackTicks: readonly number[];
}

export interface FaultSeen {
  readonly agentId: string;
  readonly code: number;
  readonly guestCode: number;
}

export interface HostileRecord {
  readonly difference: Difference | undefined;
  readonly faults: readonly FaultSeen[];
  readonly ended: ReadonlySet<string>;
  readonly departed: ReadonlySet<string>;
  /** Per tick from 0: digests of the agents that `include` names, as sealed then. */
  readonly digests: readonly (readonly (readonly [id: string, digest: string])[])[];
  readonly population: number;
}

/** Executes a recorded run again, with the digests of the chosen agents at every tick. */
export function playHostileWorld(dir: string, include: (id: string) => boolean): HostileRecord {
  const run = openRecordedRun(dir);
  const track = openTrack(run, undefined);
  const faults: FaultSeen[] = [];
  const ended = new Set<string>();
  const departed = new Set<string>();
  const digests: (readonly (readonly [string, string])[])[] = [];
  let population = 0;
  const difference = play(run, track, {
    to: HOSTILE_WORLD_TICKS,
    onTick: (tick, result, { world }) => {
      // A tick that was not executed left everybody as they were.
      while (digests.length < tick) digests.push(digests.at(-1) ?? []);
      const all = world.agentDigests();
      population = Math.max(population, all.length);
      digests.push(all.filter(([id]) => include(id)).map(([id, digest]) => [id, hex(digest)] as const));
      faults.push(...result.faults);
      for (const id of result.ended) ended.add(id);
      for (const { agentId, kind } of result.departures) if (kind === "answer") departed.add(agentId);
    },
  });
  while (digests.length < HOSTILE_WORLD_TICKS) digests.push(digests.at(-1) ?? []);
  return { difference, faults, ended, departed, digests, population };
}
