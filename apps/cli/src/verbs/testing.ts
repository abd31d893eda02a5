/** Verbs that test agents. */

import type { CommandDefinition } from "../command.js";

export const testingVerbs: readonly CommandDefinition[] = [
  {
    name: "test",
    summary: "Run the tests of a project and replay its golden bundles",
    description:
      "Finds **/*.test.{ts,mts,js,mjs} below the working directory (without node_modules, dist and out) and runs them with Node's own test runner; TypeScript needs no build. Bundles in folders called golden, or named by an argument, are executed again and compared commit by commit. A pattern is a file, a folder, a part of a path, or has * and **. Tests use wasm-engine/testing and run in vitest alike. --from turns a turn of a recorded run into a test that stands alone: other agents, models and tools play what was recorded. The turn is repeated before the file is written; the test expects no fault where the turn failed, else the messages that were sent.",
    arguments: [
      { name: "pattern", summary: "what to run (default: everything)", optional: true, variadic: true },
    ],
    options: [
      { flags: "--update", summary: "write golden files anew instead of comparing with them" },
      {
        flags: "--from <turn>",
        summary: "RUN@TICK:AGENT: write a test that makes the agent live that turn again",
      },
      { flags: "--out <file>", summary: "with --from: the test file (default: AGENT-tick-TICK.test.ts)" },
      {
        flags: "--config <file>",
        summary: "with --from: engine.yaml with the agent's source (default: the run's)",
      },
    ],
    examples: [
      "wasm-engine test",
      "wasm-engine test agents/critic",
      "wasm-engine test golden/*.bundle --json",
      "wasm-engine test --from @last@42:critic --out tests/critic-bug.test.ts",
    ],
    exitCodes: "0 all passed, 1 a test failed, 2 no tests found, 4 environment, 130 interrupted",
    load: async () => (await import("../commands/test.js")).test,
  },
];
