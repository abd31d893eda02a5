/** Error codes of this package. Faults of guests are not errors: they are part of a turn's outcome. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const EXECUTOR_ERRORS = {
  WE_EXECUTOR_HOST_FAILURE: {
    message: 'The host gave up while executing agent {agent} at tick {tick}: "{reason}"',
    hint: "run again; if it repeats, give the process more memory or a larger stack (doctor names the settings)",
    exitCode: 4,
    retryable: true,
    explanation:
      "The native stack or memory of the machine ended before the limits of the agent did. What the machine can " +
      "bear never enters the world: the tick was abandoned, every agent is as before it, and the run can be continued.",
  },
  WE_EXECUTOR_MODULE_UNKNOWN: {
    message: 'Module "{digest}" is not available to the executor',
    hint: "restore the module into the run folder, or build and sign it again from the same source",
    exitCode: 4,
    explanation:
      "The world refers to a module by digest and the host that executes it does not have those bytes.",
  },
  WE_EXECUTOR_MODULE_LINK: {
    message: 'Module "{digest}" cannot be linked: {reason}',
    hint: "pass the output of instrument() of this version; instrumented modules of other versions do not fit",
    exitCode: 4,
    explanation:
      "The executor runs instrumented modules only. This one lacks an export that instrumentation adds or an entry " +
      "point of the ABI, imports something that is no host function, or was refused by the WebAssembly implementation.",
  },
  WE_EXECUTOR_IMAGE: {
    message: "The image of agent {agent} does not fit its module: {reason}",
    hint: "restore from another snapshot, or replay from an earlier one; verify-log names damaged files",
    exitCode: 3,
    explanation:
      "Memory, globals or the journal of a loaded image do not belong to the module that the image names, or " +
      "executing its pending turn again gave another result.",
  },
} as const satisfies ErrorTable;

export const fail = errorFactory(EXECUTOR_ERRORS);
