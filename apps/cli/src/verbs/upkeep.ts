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
];
