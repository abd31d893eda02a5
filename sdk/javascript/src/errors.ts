/** Codes of building JavaScript agents. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const JAVASCRIPT_ERRORS = {
  WE_JAVASCRIPT_LOAD: {
    message: "The JavaScript agent {name} cannot be loaded: {cause}",
    hint: "correct the source at the place named; only wasm-engine/agent can be imported, and a module is one file",
    exitCode: 1,
    explanation:
      "A JavaScript agent is evaluated once while it is built. Its top level has to end without an error and has to call defineAgent; host functions and await belong into handlers.",
  },
  WE_JAVASCRIPT_BASE: {
    message: "The QuickJS base module is not usable: {cause}",
    hint: "install wasm-engine again, or run `node scripts/dist/build-quickjs-base.js` in its repository",
    exitCode: 4,
    explanation: "JavaScript agents are made from a prebuilt module, which is missing or of another version.",
  },
  WE_JAVASCRIPT_TYPES: {
    message: "The TypeScript agent {name} needs the package typescript to remove its types",
    hint: "run: npm install --save-dev typescript, or write the agent in JavaScript",
    exitCode: 4,
    explanation: "Types are removed by the compiler that the project has installed; none was found.",
  },
} as const satisfies ErrorTable;

export const javaScriptError: ReturnType<typeof errorFactory<typeof JAVASCRIPT_ERRORS>> =
  errorFactory(JAVASCRIPT_ERRORS);
