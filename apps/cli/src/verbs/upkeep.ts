/** Verbs that give up runs, or what nobody needs of them. */

import type { CommandDefinition } from "../command.js";

export const upkeepVerbs: readonly CommandDefinition[] = [
  {
    name: "compact",
    summary: "Give up what a run holds from before a snapshot",
    description:
      "The log, the snapshots and the pages from before the newest snapshot at or before the tick are removed for good. The run stays a run: it is resumed, verified, forked, bundled and replayed from there on, with the chain that it had. What needs an earlier tick says which is the first that is left.",
    arguments: [{ name: "run", summary: "path of the folder, unique prefix of a run id, or @last" }],
    options: [
      {
        flags: "--keep-from <tick>",
        summary: "earliest tick that stays within reach (default: that of the newest snapshot)",
        type: "integer",
      },
      { flags: "--dry-run", summary: "say what would go, and remove nothing" },
    ],
    examples: [
      "wasm-engine compact @last --keep-from 80000 --dry-run",
      "wasm-engine compact @last --keep-from 80000",
    ],
    exitCodes:
      "0 ok, 2 usage, unknown run, tick or snapshot, 3 damaged log, 4 open in a process or not writable",
    load: async () => (await import("../commands/compact.js")).compact,
  },
  {
    name: "rm",
    summary: "Remove whole runs",
    description:
      "Removes the folders of runs for good: all that are named, or none. A run that a process has open, or that trace or why is reading, stays. So does one that others were forked from, unless it is said what becomes of them. Forks are looked for in the working directory and the projects below it.",
    arguments: [
      { name: "runs", summary: "paths of folders, unique prefixes of run ids, or @last", variadic: true },
    ],
    options: [
      { flags: "--recursive", summary: "their forks too, and the forks of those" },
      { flags: "--orphan", summary: "leave their forks as they are: they need nothing of them" },
    ],
    examples: ["wasm-engine rm 20260114-0930 20260114-0944", "wasm-engine rm @last --recursive --json"],
    exitCodes:
      "0 ok, 2 usage, unknown run, forks, or files that are no run's, 4 open in a process or not writable",
    load: async () => (await import("../commands/rm.js")).rm,
  },
  {
    name: "gc",
    summary: "Remove what no run needs",
    description:
      "What interrupted imports, forks, removals and writes have left, pages that no snapshot names, modules that no run names, segments before the beginning of a log. Looks at the runs of the working directory and of the projects below it; runs that were made with --dir or by a sweep only where they are named. Runs that a process has open are left alone. With --caches also what can be made or asked again: kept answers of models and tools, prepared modules, indexes of trace and why.",
    arguments: [
      {
        name: "runs",
        summary: "runs that lie elsewhere: folders made with --dir, folders of sweeps",
        variadic: true,
        optional: true,
      },
    ],
    options: [
      { flags: "--dry-run", summary: "say what would go, and remove nothing" },
      { flags: "--caches", summary: "also kept answers, prepared modules and indexes" },
      {
        flags: "--min-age <seconds>",
        summary: "outside of runs only what was not touched for so long (default: 600)",
        type: "integer",
      },
    ],
    examples: [
      "wasm-engine gc --dry-run",
      "wasm-engine gc ./sweeps/rain",
      "wasm-engine gc --caches --min-age 86400 --json",
    ],
    exitCodes: "0 ok, 2 usage or a folder without runs, 4 not writable",
    load: async () => (await import("../commands/gc.js")).gc,
  },
];
