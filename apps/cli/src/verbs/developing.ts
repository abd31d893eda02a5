/** Verbs for the time while agents are being written. */

import type { CommandDefinition } from "../command.js";
import { workersOption } from "./shared-options.js";

export const developingVerbs: readonly CommandDefinition[] = [
  {
    name: "dev",
    summary: "Run a world, watch its files, and run again on every save",
    description:
      "Runs the world of engine.yaml, shows what agents write and how they fail as it happens, replays the run to verify it, and waits. On a save it builds what has changed and runs again: where the last run had failed, as a fork from just before the failure with the new code; else from the start. Answers of models and tools that the earlier run has are reused; then the difference to the earlier run is shown. A world that runs until it is told to stop is sealed on a save and goes on, with the new code, where it stood. Keys on a terminal: r runs again, f forks before the failure, t runs the tests, q quits.",
    arguments: [
      {
        name: "config",
        summary: "path of engine.yaml, or of a folder that holds one (default: .)",
        optional: true,
      },
    ],
    options: [
      { flags: "--once", summary: "one run, then the end: exit 1 where it failed" },
      { flags: "--test", summary: "run the project's tests after each run" },
      { flags: "--ticks <n>", summary: "stop runs before this tick", type: "integer" },
      { flags: "--seed <n>", summary: "seed instead of the configured one", type: "integer" },
      { flags: "--realtime", summary: "pace ticks by the wall clock; the world goes on over saves" },
      workersOption,
      { flags: "--allow-unsigned", summary: "accept modules without a trusted signature" },
      { flags: "--no-clear", summary: "do not clear the terminal between runs" },
      { flags: "--follow", summary: "with --json: one line of JSON per cycle instead of one document" },
    ],
    examples: ["wasm-engine dev", "wasm-engine dev engine.yaml --test", "wasm-engine dev --once --json"],
    exitCodes:
      "0 ok, 1 with --once: the run failed, 2 usage or configuration, 3 with --once: the replay differs, 4 environment, 130 interrupted while a world ran",
    load: async () => (await import("../commands/dev.js")).dev,
  },
];
