/** The verb that gives an agent of a running world another version. */

import type { CommandDefinition } from "../command.js";

export const upgradingVerbs: readonly CommandDefinition[] = [
  {
    name: "upgrade",
    summary: "Give an agent of a running world another module",
    description:
      "Gives AGENT the module MODULE, a name of the configuration, in a world that is running. While requests of the agent are pending the upgrade waits: their answers reach it, new messages wait for the new version. What is still pending after --drain-ticks refuses the upgrade; inspect shows status draining until then, and a refusal is a fault that names what was pending. Done once the input is durable.",
    arguments: [
      { name: "agent", summary: "id of the agent" },
      { name: "module", summary: "name in `modules` of the configuration" },
    ],
    options: [
      {
        flags: "--drain-ticks <n>",
        summary: "ticks to wait for pending requests (default: 600); 0: at once, requests carry over",
        type: "integer",
      },
      { flags: "--run <run>", summary: "path, unique prefix of a run id, or @last (default)" },
      { flags: "--id <key>", summary: "idempotency key: a second input with it is ignored" },
    ],
    examples: [
      "wasm-engine upgrade answerer answerer-v2",
      "wasm-engine upgrade answerer answerer-v2 --drain-ticks 50 --run 20010101 --json",
    ],
    exitCodes: "0 ok, 2 usage, no such agent or module, world not running",
    load: async () => (await import("../commands/upgrade.js")).upgrade,
  },
];
