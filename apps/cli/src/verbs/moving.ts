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
];
