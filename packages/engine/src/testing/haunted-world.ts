/**
 * A world of ghosts, spies and keepers of bits (see the guests in executor/src/testing), run through the engine: ghosts
 * come and go, spies are started in the slots that they leave, keepers fault and are restored at every fifth tick.
 */

import type { ModuleDigest } from "@wasm-engine/abi";
import { limits } from "@wasm-engine/abi";
import type { AgentSpec } from "@wasm-engine/core";
import { BIT_KEEPER_TEXT } from "../../../executor/dist/testing/bit-keeper.js";
import { SPY_GUEST_TEXT } from "../../../executor/dist/testing/spy-guest.js";
import type { RunningWorld } from "../client/running-world.js";
import { play } from "../replay/play.js";
import { openRecordedRun, openTrack } from "../replay/track.js";
import type { ResolvedWorld } from "../world/contract.js";
import { sampleModule, sampleSpec, sampleWorld } from "./sample-world.js";

/** Ticks of the whole run, and those after which something happens. */
export const HAUNTED_TICKS = 40;
const ghosts = ["g0", "g1", "g2", "g3", "g4", "g5"];
const keepers = ["k0", "k1", "k2"];

function specOf(id: string, module: ModuleDigest): AgentSpec {
  return sampleSpec(id, module, {
    every: 1,
    limits: {
      fuelPerSlice: 4_000_000,
      fuelPerTurnMax: 4_000_000,
      memoryBytes: 8 * limits.wasmPageBytes,
      mailboxMessages: 10,
      messagesPerTurnMax: 10,
    },
    onFault: { strategy: "restart", from: "good", max: 1000, withinTicks: 1 },
  });
}

export async function hauntedWorld(directory: string): Promise<ResolvedWorld> {
  const [house, houseModule] = await sampleModule("house", SPY_GUEST_TEXT);
  const [keeper, keeperModule] = await sampleModule("keeper", BIT_KEEPER_TEXT);
  const stop = { when: "tick", tick: HAUNTED_TICKS } as const;
  const sample = await sampleWorld({ directory, records: 0, stop, snapshotEvery: 6, stateHashEvery: 4 });
  return {
    ...sample,
    inputs: [],
    outputs: [],
    modules: new Map([
      [house, houseModule],
      [keeper, keeperModule],
    ]),
    genesis: {
      ...sample.genesis,
      modules: { house, keeper },
      agents: [...ghosts.map((id) => specOf(id, house)), ...keepers.map((id) => specOf(id, keeper))],
    },
  };
}

async function haunt(world: RunningWorld, commands: Readonly<Record<string, string>>): Promise<void> {
  for (const [id, command] of Object.entries(commands)) await world.send(id, Buffer.from(command));
}

async function enter(world: RunningWorld, ids: readonly string[]): Promise<void> {
  const { limits: bounds, every, onFault } = specOf("x", "" as ModuleDigest); // brand: only the numbers are used
  for (const id of ids) await world.spawnAgent({ id, module: "house", every, limits: bounds, onFault });
}

/** Everything that happens up to about the middle of the run. */
export async function hauntFirstHalf(world: RunningWorld): Promise<void> {
  await world.step(2);
  await haunt(world, { g0: "h2", g1: "h5", g2: "t7", g3: "l3", g4: "h8", g5: "t2" });
  await world.step(3);
  for (const id of ["g0", "g1"]) await world.controlAgent(id, "terminate");
  await world.step(2);
  await enter(world, ["s0", "s1", "s2"]);
  await world.step(4);
  await haunt(world, { s0: "h2", s1: "t6", s2: "g5", g5: "t8" });
  await world.step(1);
  for (const id of ["s0", "g4"]) await world.controlAgent(id, "terminate");
  await enter(world, ["s3", "s4", "s5", "s6"]);
  await world.step(2);
  await haunt(world, { s3: "g8", s4: "g7", s5: "g6" });
  await world.step(6);
}

export interface HauntedRecord {
  readonly faults: readonly { readonly agentId: string; readonly code: number; readonly guestCode: number }[];
  readonly isEqual: boolean;
}

/** Executes the recorded run again, in this process, and lists its faults. */
export function playHauntedWorld(dir: string): HauntedRecord {
  const run = openRecordedRun(dir);
  const faults: HauntedRecord["faults"][number][] = [];
  const difference = play(run, openTrack(run, undefined), {
    to: HAUNTED_TICKS,
    onTick: (_tick, result) => void faults.push(...result.faults),
  });
  return { faults, isEqual: difference === undefined };
}
