/** Verbs that carry runs to other machines. */

import type { CommandDefinition } from "../command.js";

export const movingVerbs: readonly CommandDefinition[] = [
  {
    name: "bundle",
    summary: "Write a run as one file that replays anywhere",
    description:
      "Verifies the log and writes it with the modules and the facts of the run into one file, without any path of this machine. Equal runs give equal content digests. Snapshots, outputs and models stay out.",
    arguments: [{ name: "run", summary: "path of the folder, unique prefix of a run id, or @last" }],
    options: [{ flags: "--out <file>", summary: "where to write it; must not exist" }],
    examples: ["wasm-engine bundle @last --out airports.bundle"],
    exitCodes: "0 ok, 2 usage, unknown run or a file that exists, 3 damaged log, 4 not writable, 5 too large",
    load: async () => (await import("../commands/bundle.js")).bundle,
  },
  {
    name: "open",
    summary: "Verify a bundle and unpack it into a run folder",
    description:
      "Checks every digest, every name and the chain of the log before anything is written. To look at a bundle, this is not needed: replay, inspect, log, logs and verify-log take it directly.",
    arguments: [{ name: "bundle", summary: "path of the bundle" }],
    options: [
      {
        flags: "--dir <folder>",
        summary: "run folder; must not exist (default: .wasm-engine/runs/ in the working directory)",
      },
    ],
    examples: [
      "wasm-engine open airports.bundle",
      "wasm-engine open airports.bundle --dir airports-run --json",
    ],
    exitCodes:
      "0 ok, 2 usage or a folder that exists, 3 damaged, 4 another format or not readable, 5 too large",
    load: async () => (await import("../commands/open.js")).open,
  },
  {
    name: "export",
    summary: "Write a run as one file for another machine, with its snapshots or from a tick on",
    description:
      "A bundle that holds more or less than `bundle` writes: with snapshots any tick is reached as fast as here, and the run goes on at once; with --from what came before stays behind. Answers of models and tools are inputs of the log and always there. Models, outputs and secrets stay out.",
    arguments: [{ name: "run", summary: "path of the folder, unique prefix of a run id, or @last" }],
    options: [
      { flags: "--out <file>", summary: "where to write it; must not exist" },
      { flags: "--snapshots", summary: "with all snapshots" },
      {
        flags: "--from <tick>",
        summary: "begin at the newest snapshot at or before this tick",
        type: "integer",
      },
      { flags: "--index", summary: "with the index of trace and why, which else is made anew" },
    ],
    examples: [
      "wasm-engine export @last --out night.run --snapshots",
      "wasm-engine export @last --out tail.run --from 80000 --json",
    ],
    exitCodes:
      "0 ok, 2 usage, unknown run, no snapshot or a file that exists, 3 damaged log, 4 not writable, 5 too large",
    load: async () => (await import("../commands/export.js")).exportVerb,
  },
  {
    name: "import",
    summary: "Verify an exported run and make it one of the runs here",
    description:
      "Everything is checked before anything is written, and the run appears whole or not at all. Where the same run is here already, that is said and nothing changes; another run of the same id is never replaced.",
    arguments: [{ name: "file", summary: "path of what export or bundle wrote" }],
    options: [
      {
        flags: "--dir <folder>",
        summary: "run folder (default: .wasm-engine/runs/ in the working directory)",
      },
      { flags: "--index", summary: "trust the index in the file; without it, trace and why make their own" },
    ],
    examples: ["wasm-engine import night.run", "wasm-engine import night.run --dir night --json"],
    exitCodes:
      "0 ok or there already, 2 usage or another run of the id, 3 damaged, 4 another format or not readable, 5 too large",
    load: async () => (await import("../commands/import.js")).importVerb,
  },
];
