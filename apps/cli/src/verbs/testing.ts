/** Verbs that test agents. */

import type { CommandDefinition } from "../command.js";

export const testingVerbs: readonly CommandDefinition[] = [
  {
    name: "test",
    summary: "Run the tests of a project and replay its golden bundles",
    description:
      "Finds **/*.test.{ts,mts,js,mjs} below the working directory (without node_modules, dist and out) and runs them with Node's own test runner; TypeScript needs no build. Bundles in folders called golden, or named by an argument, are executed again and compared commit by commit. A pattern is a file, a folder, a part of a path, or has * and **. Tests use wasm-engine/testing and run in vitest alike.",
    arguments: [
      { name: "pattern", summary: "what to run (default: everything)", optional: true, variadic: true },
    ],
    options: [{ flags: "--update", summary: "write golden files anew instead of comparing with them" }],
    examples: [
      "wasm-engine test",
      "wasm-engine test agents/critic",
      "wasm-engine test golden/*.bundle --json",
    ],
    exitCodes: "0 all passed, 1 a test failed, 2 no tests found, 4 environment",
    load: async () => (await import("../commands/test.js")).test,
  },
];
