/**
 * Program that times fuel probes in the tier that V8's flags pin: `fuel-child.js TARGET_MS REPEAT [PART-OF-NAME]`. A line of
 * JSON: nanoseconds of processor time per unit of fuel that the instrumented module charged, the least of the runs.
 */

import { HOST_MODULE, Instrumented, limits } from "@wasm-engine/abi";
import { instrument } from "@wasm-engine/wasm";
import { assemble } from "../../../packages/wasm/dist/testing/assemble.js";
import { idleHost } from "../bare-echo.js";
import { compileModule, exportsOf } from "../limits/webassembly.js";
import type { CompiledModule } from "../limits/webassembly.js";
import { controlProbes } from "./control-probes.js";
import type { FuelProbe, ProbeClass } from "./fuel-probe.js";
import { hostileProbes } from "./hostile-probes.js";
import { instructionProbes } from "./instruction-probes.js";

export interface ProbeFigure {
  readonly name: string;
  readonly cost: ProbeClass;
  readonly removable: boolean;
  readonly nsPerFuel: number;
  readonly fuelPerRound: number;
}

export interface FuelTimes {
  readonly node: string;
  readonly v8: string;
  readonly probes: readonly ProbeFigure[];
}

interface Guest {
  readonly run: (rounds: number) => bigint;
  readonly [Instrumented.fuel]: { value: bigint };
  readonly [Instrumented.depth]: { value: number };
  readonly [Instrumented.pagesMax]: { value: number };
}

interface Timed {
  readonly ms: number;
  readonly fuel: number;
}

const [target = "8", repeat = "7", part = ""] = process.argv.slice(2);
const targetMs = Number(target);
const plenty = 1n << 60n;

function start(module: CompiledModule, pagesMax: number): Guest {
  const host = { ...idleHost(), [Instrumented.slice]: () => 0 };
  const guest = exportsOf(module, { [HOST_MODULE]: host }) as unknown as Guest; // as probes and instrument make it
  guest[Instrumented.pagesMax].value = pagesMax;
  return guest;
}

function timed(guest: Guest, rounds: number): Timed {
  guest[Instrumented.fuel].value = plenty;
  guest[Instrumented.depth].value = limits.depthBytes;
  const before = process.cpuUsage();
  guest.run(rounds);
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, fuel: Number(plenty - guest[Instrumented.fuel].value) };
}

function least(times: readonly Timed[]): Timed {
  return times.reduce((best, time) => (time.ms / time.fuel < best.ms / best.fuel ? time : best));
}

function measure(probe: FuelProbe): ProbeFigure {
  const { name, cost, removable = false, fresh, pagesMax = 0 } = probe;
  const module = compileModule(instrument(assemble(probe.text)).bytes);
  const runs = Array.from({ length: Number(repeat) });
  let rounds = probe.rounds ?? 1;
  let best: Timed;
  if (fresh === true) best = least(runs.map(() => timed(start(module, pagesMax), rounds)));
  else {
    const guest = start(module, pagesMax);
    timed(guest, rounds); // The first call compiles, and fills what a probe needs.
    for (let first = timed(guest, rounds); first.ms < targetMs; first = timed(guest, rounds))
      rounds = Math.ceil(rounds * Math.max(2, Math.min(16, (1.2 * targetMs) / Math.max(first.ms, 0.01))));
    best = least(runs.map(() => timed(guest, rounds)));
  }
  return { name, cost, removable, nsPerFuel: (best.ms * 1e6) / best.fuel, fuelPerRound: best.fuel / rounds };
}

const all = [...instructionProbes(), ...controlProbes, ...hostileProbes];
const chosen = all.filter(({ name }) => name.includes(part));
const probes = chosen.map((probe) => {
  try {
    return measure(probe);
  } catch (error) {
    throw new TypeError(`${probe.name}: ${String(error)}\n${probe.text.slice(0, 2000)}`);
  }
});
const { node, v8 } = process.versions;
process.stdout.write(`${JSON.stringify({ node, v8, probes } satisfies FuelTimes)}\n`);
