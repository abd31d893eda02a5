/** The tick benchmark: what a tick costs in which agents do nothing, in small worlds, large ones and empty ones. */

import type { BenchOptions, Say } from "./bench-options.js";
import { figureTable, digits, rate } from "./figure-table.js";
import { headLine, machineFacts } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { measureTicks } from "./tick-world.js";
import type { TickFigure, TickPlan } from "./tick-world.js";

export interface TickDocument {
  readonly bench: "ticks";
  readonly machine: MachineFacts;
  readonly worlds: readonly TickFigure[];
  readonly quick: boolean;
  readonly ok: boolean;
}

/** Empty ticks between two that have work, in the world of empty ticks. */
const emptyStretchTicks = 1_000_000;

function plans(quick: boolean): TickPlan[] {
  const large = quick ? 200 : 10_000;
  const span = (warmUpTicks: number, ticks: number): { warmUpTicks: number; ticks: number } =>
    quick ? { warmUpTicks: 5, ticks: 20 } : { warmUpTicks, ticks };
  return [
    { name: "50 agents, each a turn per tick", agents: 50, work: { every: 1 }, ...span(2000, 10_000) },
    {
      name: `${large} live agents, 1 % a turn per tick`,
      agents: large,
      work: { period: 100 },
      ...span(500, 2000),
    },
    {
      name: "1 agent, due once in a million ticks",
      agents: 1,
      work: { period: emptyStretchTicks },
      ...span(200, 2000),
    },
  ];
}

export async function measureAllTicks(options: BenchOptions, say: Say): Promise<TickDocument> {
  const machine = machineFacts();
  say(headLine("ticks", machine, { quick: options.quick }));
  const worlds: TickFigure[] = [];
  for (const plan of plans(options.quick)) worlds.push(await measureTicks(plan));
  return {
    bench: "ticks",
    machine,
    worlds,
    quick: options.quick,
    ok: worlds.every(({ ok }) => ok),
  };
}

export function tickTables({ worlds }: TickDocument): string {
  const rows = worlds.map(({ name, ticks, p50Micros, p99Micros, maxMicros, ticksPerSecond, ok }) => [
    name,
    String(ticks),
    digits(p50Micros),
    digits(p99Micros),
    digits(maxMicros),
    rate(ticksPerSecond),
    ok ? "yes" : "NO",
  ]);
  const head = ["world", "executed", "p50 µs", "p99 µs", "max µs", "ticks/s with log", "all executed"];
  return `\n${figureTable(head, rows)}`;
}
