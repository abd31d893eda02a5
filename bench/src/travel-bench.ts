/** The travel benchmark: its four figures with their limits, and what they were measured on. */

import type { BenchOptions, Say } from "./bench-options.js";
import { digits, figureTable } from "./figure-table.js";
import { headLine, machineFacts, machineLoad } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { measureDifference } from "./travel/difference.js";
import type { DifferenceFigure } from "./travel/difference.js";
import { measureFutures } from "./travel/futures.js";
import type { FuturesFigure } from "./travel/futures.js";
import { measureJumps } from "./travel/jumps.js";
import type { JumpFigure } from "./travel/jumps.js";
import { measureReplays } from "./travel/replays.js";
import type { ReplayFigure } from "./travel/replays.js";

export const travelParts = ["jump", "diff", "replay", "futures"] as const;
export type TravelPart = (typeof travelParts)[number];

export interface TravelOptions extends BenchOptions {
  readonly parts: readonly TravelPart[];
  /** Futures that are made; each costs as much as the others. */
  readonly futures: number;
}

export interface TravelDocument {
  readonly bench: "travel";
  readonly machine: MachineFacts;
  /** Of the last minute, when the run began. */
  readonly load: number;
  readonly jump?: JumpFigure;
  readonly diff?: DifferenceFigure;
  readonly replay?: readonly ReplayFigure[];
  readonly futures?: FuturesFigure;
  readonly quick: boolean;
  readonly ok: boolean;
}

export async function measureTravel(options: TravelOptions, say: Say): Promise<TravelDocument> {
  const { quick, keep, parts, futures: count } = options;
  const machine = machineFacts();
  const load = machineLoad();
  say(headLine("travel", machine, { quick, load }));
  const has = (part: TravelPart): boolean => parts.includes(part);
  // First, so that the memory it needs is not hidden behind that of others.
  const diff = has("diff")
    ? await measureDifference(
        { ticks: quick ? 300 : 1_000_000, at: quick ? 177 : 777_777, keep, inline: quick },
        say,
      )
    : undefined;
  const jump = has("jump")
    ? await measureJumps(
        {
          agents: quick ? 4 : 100,
          ticks: quick ? 300 : 100_000,
          jumps: quick ? 3 : 101,
          keep,
          inline: quick,
        },
        say,
      )
    : undefined;
  const replay = has("replay") ? await measureReplays({ quick, keep }, say) : undefined;
  const futures = has("futures")
    ? await measureFutures(
        quick
          ? { agents: 4, ticks: 40, count: 2, after: 3, keep, inline: true }
          : { agents: 10_000, ticks: 2000, count, after: 10, keep, inline: false },
        say,
      )
    : undefined;
  const all = [diff, jump, ...(replay ?? []), futures];
  return {
    bench: "travel",
    machine,
    load,
    ...(jump && { jump }),
    ...(diff && { diff }),
    ...(replay && { replay }),
    ...(futures && { futures }),
    quick,
    ok: all.every((figure) => figure === undefined || (figure.ok && (quick || figure.isWithin))),
  };
}

export function travelTables({ jump, diff, replay = [], futures }: TravelDocument): string {
  const rows: string[][] = [];
  const row = (name: string, value: string, limit: string, { ok, isWithin }: Judged): void =>
    void rows.push([name, value, limit, ok ? (isWithin ? "met" : "MISSED") : "WRONG"]);
  if (jump !== undefined) {
    const { p50Ms, p99Ms, maxMs, ticks, agents } = jump;
    const value = `p50 ${digits(p50Ms)}, p99 ${digits(p99Ms)}, max ${digits(maxMs)} ms`;
    row(`jump to any of ${ticks} ticks, ${agents} agents`, value, `max ${jump.limitMs} ms`, jump);
  }
  if (diff !== undefined) {
    const value = `${digits(diff.ms / 1000)} s, ${diff.peakMiB} MiB`;
    row(`diff of two runs of ${diff.ticks} ticks`, value, `${diff.limitMs / 1000} s`, diff);
  }
  for (const figure of replay) {
    row(`replay against live, ${figure.world}`, `${digits(figure.ratio)} ×`, `${figure.limit} ×`, figure);
  }
  if (futures !== undefined) {
    const { count, agents, share, limit } = futures;
    const value = `${digits(share * 100)} % of the time`;
    row(`${count} futures of ${agents} agents`, value, `${limit * 100} %`, futures);
    const { parentBytes, addedBytes } = futures.disk;
    const disk = `${digits(parentBytes / 2 ** 20)} MiB, each future ${digits(addedBytes / count / 2 ** 20)} MiB`;
    row("disk of the run, and of each future after it has been run", disk, "", futures);
  }
  return `\n${figureTable(["figure", "measured", "limit", ""], rows)}`;
}

interface Judged {
  readonly ok: boolean;
  readonly isWithin: boolean;
}
