/** The input benchmark: durable inputs of this engine beside durable inserts of SQLite, in one run on one disk. */

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BenchOptions, Say } from "./bench-options.js";
import { digits, figureTable, rate } from "./figure-table.js";
import type { LoadFigure } from "./input-load.js";
import { inputBytes, measureInputWorld } from "./input-world.js";
import type { InputForm, InputWorldFigure } from "./input-world.js";
import { headLine, machineFacts, machineLoad } from "./machine.js";
import type { MachineFacts } from "./machine.js";
import { firstLine, installPeer, peersFolder } from "./peer-project.js";
import { benchFolder } from "./world-folder.js";

export interface PeerInputs {
  readonly figures: readonly (LoadFigure & { readonly name: string })[];
  /** Why there are none. */
  readonly skipped?: string;
}

export interface InputDocument {
  readonly bench: "inputs";
  readonly machine: MachineFacts;
  /** Of the last minute, when the run began. */
  readonly load: number;
  readonly inputBytes: number;
  /** The best of its way. */
  readonly socketInputsPerSecond: number;
  readonly libraryInputsPerSecond: number;
  /** With 64 calls in flight over one connection, and by the library. */
  readonly socketP50Ms: number;
  readonly libraryP50Ms: number;
  readonly world: InputWorldFigure;
  readonly sqlite: PeerInputs;
  readonly quick: boolean;
  readonly ok: boolean;
}

const forms: readonly InputForm[] = [
  { way: "socket", inFlight: 1 },
  { way: "socket", inFlight: 64 },
  { way: "socket", inFlight: 1024 },
  { way: "socket", inFlight: 1024, connections: 4 },
  { way: "socket", inFlight: 4, batch: 1024 },
  { way: "library", inFlight: 1 },
  { way: "library", inFlight: 64 },
  { way: "library", inFlight: 1024 },
  { way: "library", inFlight: 4, batch: 2048 },
];

/** Not run where a smoke test has no time for it. */
const quickForms: readonly InputForm[] = [
  { way: "socket", inFlight: 8 },
  { way: "socket", inFlight: 2, batch: 16 },
  { way: "library", inFlight: 4 },
  { way: "library", inFlight: 2, batch: 16 },
];

export async function measureInputs(options: BenchOptions, say: Say): Promise<InputDocument> {
  const { quick, workers, keep } = options;
  const machine = machineFacts();
  const load = machineLoad();
  say(headLine("inputs", machine, { quick, load }));
  const span = quick ? { warmUpMs: 1, windowMs: 20 } : { warmUpMs: 1000, windowMs: 2000 };
  const sqlite = quick ? { figures: [], skipped: "quick" } : measureSqlite(span, say);
  const world = await measureInputWorld({ forms: quick ? quickForms : forms, ...span, workers, quick, keep });
  const best = (way: InputForm["way"]): number =>
    Math.max(...world.figures.flatMap((figure) => (figure.way === way ? [figure.inputsPerSecond] : [])));
  const p50 = (of: InputForm["way"]): number =>
    world.figures.find(({ way, inFlight }) => way === of && inFlight === 64)?.p50Ms ?? 0;
  return {
    bench: "inputs",
    machine,
    load,
    inputBytes,
    socketInputsPerSecond: best("socket"),
    libraryInputsPerSecond: best("library"),
    socketP50Ms: p50("socket"),
    libraryP50Ms: p50("library"),
    world,
    sqlite,
    quick,
    ok: world.ok,
  };
}

function measureSqlite(span: { readonly warmUpMs: number; readonly windowMs: number }, say: Say): PeerInputs {
  const problem = installPeer({ name: "sqlite", native: ["better-sqlite3"] }, say);
  if (problem !== undefined) return { figures: [], skipped: problem };
  const folder = join(benchFolder, ".wasm-engine", `sqlite-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  try {
    const words = [folder, inputBytes, span.warmUpMs, span.windowMs].map(String);
    const program = join(peersFolder, "sqlite/inputs.mjs");
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
    if (status !== 0) return { figures: [], skipped: `ended early: ${firstLine(stderr)}` };
    return { figures: JSON.parse(stdout) as PeerInputs["figures"] }; // peers/sqlite/inputs.mjs
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function inputTables(document: InputDocument): string {
  const { world, sqlite } = document;
  const rows = [...world.figures, ...sqlite.figures].map(({ name, inputsPerSecond, p50Ms, p99Ms }) => [
    name,
    rate(inputsPerSecond),
    digits(p50Ms),
    digits(p99Ms),
  ]);
  return [
    "",
    figureTable([`durable inputs of ${document.inputBytes} bytes`, "inputs/s", "p50 ms", "p99 ms"], rows),
    ...(sqlite.skipped === undefined ? [] : [`  SKIPPED SQLite: ${sqlite.skipped}`]),
    "",
    `  ${world.acknowledged} inputs acknowledged in ${world.ticks} ticks, counts ${world.counted}, ` +
      `replay ${world.replay}, ${world.logBytesPerInput} bytes of log each`,
  ].join("\n");
}
