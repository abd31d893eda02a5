/** Error codes of adapters: what keeps a world from being opened. What fails later is an answer. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const ADAPTER_ERRORS = {
  WE_SECRET_MISSING: {
    message: "{user} needs the secret {name}: {cause}",
    hint: "{advice}",
    exitCode: 4,
    explanation:
      "Secrets are read when a world opens, in the thread that uses them, from an environment variable or a file " +
      "that the configuration names. No value is ever kept or shown; one that is absent stops the world before it " +
      "begins.",
  },
  WE_TOOL_LOAD: {
    message: "Tool {name}: {path} cannot be loaded: {cause}",
    hint: "run the file with node to see the whole error; packages that it imports must be installed in the project",
    exitCode: 2,
    explanation:
      "A tool is a module that Node.js loads when the world opens. It could not be bundled, an import was not found, " +
      "or its top level threw.",
  },
  WE_TOOL_DEFINITION: {
    message: "Tool {name}: {path} {problem}",
    hint: 'export a tool: export default defineTool({ input, run }), with defineTool from "wasm-engine/tool"',
    exitCode: 2,
    explanation:
      "The module of a tool exports an object with a function run, and JSON Schemas where input and output are to be " +
      "checked. Something of that is missing or has another type.",
  },
  WE_TOOL_PROGRAM_MISSING: {
    message: "Tool {name} is a function of the program that opens the world, and this one gives none",
    hint:
      "open the world, or its run, from the program: Engine.open(target, { tools: { {name}: async (input) => … } }); " +
      "or give engine.yaml a module instead",
    exitCode: 2,
    explanation:
      "The configuration declares the tool with `program: true`: it lives in the process of a program that embeds " +
      "the engine. Nothing else can answer it, so neither the command line nor a detached world opens such a world, " +
      "and a run is gone on with only where the function is given again. A replay needs none.",
  },
  WE_TOOL_PROGRAM_UNKNOWN: {
    message:
      "The program gives a function for the tool {name}, which the configuration does not declare: it has {known}",
    hint: "declare it in engine.yaml: tools: { {name}: { program: true } }",
    exitCode: 2,
    explanation:
      "Functions of the embedding program answer tools that engine.yaml declares with `program: true`. A function " +
      "under another name would never be called, or would silently replace a module.",
  },
  WE_ADAPTER_SLOW: {
    message: "Tools and models are not loaded after {seconds} seconds: {names}",
    hint: "a tool may wait or loop in its top level, which is executed before the first tick: do such work in run",
    exitCode: 4,
    retryable: true,
    explanation:
      "Tools and models behind a wire share one thread, which loads them before the first tick. It was still at it " +
      "when its time was over, and was ended. Where the world had begun, its run is whole and can be resumed.",
  },
  WE_ADAPTER_THREAD: {
    message: "The thread of tools and models ended while it loaded {names}: {cause}",
    hint: "a tool may have ended it: look for process.exit in its top level; nothing of the run has been executed",
    exitCode: 4,
    retryable: true,
    explanation:
      "Tools and models behind a wire share one thread, which loads them before the first tick. It ended without an " +
      "error of its own.",
  },
} as const satisfies ErrorTable;

export const adapterError: ReturnType<typeof errorFactory<typeof ADAPTER_ERRORS>> =
  errorFactory(ADAPTER_ERRORS);
