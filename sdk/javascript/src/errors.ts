/** Codes of building JavaScript agents. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const JAVASCRIPT_ERRORS = {
  WE_JAVASCRIPT_BUILD: {
    message: "{place}: {cause}: {line}",
    hint: "correct the source at the place named; all complaints are in the details",
    exitCode: 1,
    explanation:
      "The sources of an agent are bundled into one script: TypeScript loses its types, imports are followed, packages are taken from node_modules. The bundler could not read one of them, or did not find what it imports.",
  },
  WE_JAVASCRIPT_NODE_IMPORT: {
    message: "{place}: {name} is part of Node, and an agent does not run in Node: {line}",
    hint: "leave the import out, or use a package that works without Node; files, network and clock are reached by ctx.tool",
    exitCode: 1,
    explanation:
      "An agent runs in a sandbox on QuickJS. It has the language, what the SDK gives it, and bundled packages; a package that imports built-in modules of Node cannot work there.",
  },
  WE_JAVASCRIPT_REFUSED: {
    message: "{place}: an agent has no {what}: {line}",
    hint: "{advice}",
    exitCode: 1,
    explanation:
      "An agent's code is fixed and signed when it is built, and nothing it sees may depend on the machine. What makes code at run time or shows when memory is freed is refused with its place. In packages a use is let through where the same file asks `typeof` first: at run time the answer is undefined.",
  },
  WE_JAVASCRIPT_BUNDLER: {
    message: "The bundler esbuild does not run: {cause}",
    hint: "run npm install again without --omit=optional: the program for this machine is an optional dependency of esbuild",
    exitCode: 4,
    explanation:
      "JavaScript agents are bundled by esbuild, whose program for this machine was not found or did not start.",
  },
  WE_JAVASCRIPT_LOAD: {
    message: "The JavaScript agent {name} cannot be loaded: {cause}",
    hint: "correct the source at the place named; host functions and waiting belong into handlers",
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
} as const satisfies ErrorTable;

export const javaScriptError: ReturnType<typeof errorFactory<typeof JAVASCRIPT_ERRORS>> =
  errorFactory(JAVASCRIPT_ERRORS);
