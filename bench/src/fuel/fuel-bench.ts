/**
 * What a unit of fuel is worth in nanoseconds, by class of the cost table and tier. A price is fair where all of its
 * instructions in both tiers give about the same; the ratios say how far from that the table is.
 */

import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { COST_TABLE_VERSION } from "@wasm-engine/wasm";
import type { Say } from "../bench-options.js";
import { figureTable } from "../figure-table.js";
import { machineFacts } from "../machine.js";
import type { FuelTimes, ProbeFigure } from "./fuel-child.js";
import type { ProbeClass } from "./fuel-probe.js";

const tierFlags = { liftoff: ["--liftoff-only"], turbofan: ["--no-liftoff"] } as const;
export type PinnedTier = keyof typeof tierFlags;
export const pinnedTiers: readonly PinnedTier[] = ["liftoff", "turbofan"];

/** Nanoseconds of processor time per unit of fuel. */
export interface ProbeFigures {
  readonly name: string;
  readonly cost: ProbeClass;
  readonly removable: boolean;
  readonly liftoff: number;
  readonly turbofan: number;
}

export interface Extreme {
  readonly nsPerFuel: number;
  readonly probe: string;
  readonly tier: PinnedTier;
}

export interface ClassFigure {
  readonly cost: ProbeClass;
  readonly probes: number;
  readonly worst: Extreme;
  /** Among probes whose work an optimiser cannot remove; absent where it can remove all. */
  readonly best: Extreme | undefined;
  /** Worst to best. */
  readonly ratio: number | undefined;
}

export interface FuelDocument {
  readonly bench: "fuel";
  readonly costTable: number;
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly load: readonly [number, number];
  /** Slowest first. */
  readonly classes: readonly ClassFigure[];
  /** Those, and instructions without a price, which have no class ratio: their fuel is that of the loop around. */
  readonly hostile: readonly ProbeFigures[];
  /** Over all classes. `ratio` is the worst to the best probe, `spread` the worst class to the best by their worst. */
  readonly overall: {
    readonly worst: Extreme;
    readonly best: Extreme;
    readonly ratio: number;
    readonly spread: number;
  };
  readonly probes: readonly ProbeFigures[];
  readonly ok: boolean;
}

export interface FuelOptions {
  readonly node: string;
  readonly targetMs: number;
  readonly repeat: number;
  /** Only probes with this in their names. */
  readonly part: string;
}

export function measureFuel(options: FuelOptions, say: Say): FuelDocument {
  const begin = loadavg()[0] ?? 0;
  const liftoff = times("liftoff", options);
  say(`  liftoff: ${liftoff.probes.length} probes`);
  const turbofan = times("turbofan", options);
  say(`  turbofan: ${turbofan.probes.length} probes`);
  if (liftoff.probes.length === 0) throw new RangeError(`no probe has "${options.part}" in its name`);
  const probes = liftoff.probes.map(({ name, cost, removable, nsPerFuel }, index) => {
    const other = turbofan.probes[index];
    if (other?.name !== name) throw new TypeError(`the tiers differ at ${name}`);
    return { name, cost, removable, liftoff: nsPerFuel, turbofan: other.nsPerFuel };
  });
  const classes = classesOf(probes);
  const { node, v8 } = liftoff;
  return {
    bench: "fuel",
    costTable: COST_TABLE_VERSION,
    node,
    v8,
    cpu: machineFacts().processor,
    load: [begin, loadavg()[0] ?? 0],
    classes,
    hostile: probes.filter(({ cost }) => cost === "hostile" || cost === "free"),
    overall: overallOf(classes, probes),
    probes,
    ok: true,
  };
}

function times(tier: PinnedTier, { node, targetMs, repeat, part }: FuelOptions): FuelTimes {
  const child = fileURLToPath(new URL("./fuel-child.js", import.meta.url));
  const words = [...tierFlags[tier], child, String(targetMs), String(repeat), part];
  const { status, stdout, stderr } = spawnSync(node, words, { encoding: "utf8", maxBuffer: 2 ** 24 });
  if (status !== 0) throw new TypeError(`${tier}: exit ${status}\n${stderr}`);
  return JSON.parse(stdout) as FuelTimes; // the child's line
}

function classesOf(probes: readonly ProbeFigures[]): ClassFigure[] {
  const names = new Set(probes.map(({ cost }) => cost));
  names.delete("hostile");
  names.delete("free");
  return [...names]
    .map((cost) =>
      classFigure(
        cost,
        probes.filter((probe) => probe.cost === cost),
      ),
    )
    .sort((left, right) => right.worst.nsPerFuel - left.worst.nsPerFuel);
}

function classFigure(cost: ProbeClass, probes: readonly ProbeFigures[]): ClassFigure {
  const worst = slowest(extremes(probes));
  const lasting = extremes(probes.filter(({ removable }) => !removable));
  const best = lasting.length === 0 ? undefined : fastest(lasting);
  const ratio = best === undefined ? undefined : worst.nsPerFuel / best.nsPerFuel;
  return { cost, probes: probes.length, worst, best, ratio };
}

function extremes(probes: readonly ProbeFigures[]): Extreme[] {
  return probes.flatMap((probe) =>
    pinnedTiers.map((tier) => ({ nsPerFuel: probe[tier], probe: probe.name, tier })),
  );
}

function slowest(all: readonly Extreme[]): Extreme {
  return all.reduce((kept, one) => (one.nsPerFuel > kept.nsPerFuel ? one : kept));
}

function fastest(all: readonly Extreme[]): Extreme {
  return all.reduce((kept, one) => (one.nsPerFuel < kept.nsPerFuel ? one : kept));
}

/** Where only hostile probes were chosen, over those. */
function overallOf(
  classes: readonly ClassFigure[],
  probes: readonly ProbeFigures[],
): FuelDocument["overall"] {
  const worsts = classes.length > 0 ? classes.map(({ worst }) => worst) : extremes(probes);
  const bests = classes.flatMap(({ best }) => (best === undefined ? [] : [best]));
  const worst = slowest(worsts);
  const best = fastest(bests.length === 0 ? worsts : bests);
  return {
    worst,
    best,
    ratio: worst.nsPerFuel / best.nsPerFuel,
    spread: worst.nsPerFuel / fastest(worsts).nsPerFuel,
  };
}

export function fuelTables({ classes, hostile, overall }: FuelDocument): string {
  const text = ({ nsPerFuel, probe, tier }: Extreme): string => `${nsPerFuel.toFixed(3)} ${probe} (${tier})`;
  const rows = classes.map(({ cost, probes, worst, best, ratio }) => [
    cost,
    String(probes),
    worst.nsPerFuel.toFixed(3),
    best?.nsPerFuel.toFixed(3) ?? "-",
    ratio?.toFixed(1) ?? "-",
    `${worst.probe} (${worst.tier})`,
    best === undefined ? "-" : `${best.probe} (${best.tier})`,
  ]);
  const head = ["class", "probes", "worst ns/fuel", "best", "ratio", "slowest", "fastest"];
  const others = [...hostile]
    .sort((left, right) => Math.max(right.liftoff, right.turbofan) - Math.max(left.liftoff, left.turbofan))
    .map(({ name, liftoff, turbofan }) => [name, liftoff.toFixed(3), turbofan.toFixed(3)]);
  const summary = `worst ${text(overall.worst)}, best ${text(overall.best)}`;
  return [
    `\n${figureTable(head, rows)}`,
    `\n${figureTable(["hostile, ns/fuel", "liftoff", "turbofan"], others)}`,
    `\n  over all classes: ${summary}; ratio ${overall.ratio.toFixed(1)}, spread ${overall.spread.toFixed(1)}`,
  ].join("\n");
}

export type { ProbeFigure };
