/** Error codes of invariants and of the search for the tick that breaks one. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const INVARIANT_ERRORS = {
  WE_INVARIANT_UNKNOWN: {
    message: 'The run has no invariant "{name}"',
    hint: "{advice}",
    exitCode: 2,
    explanation:
      "Invariants have names in engine.yaml and are kept with the run that was made from it. `check` and `bisect` take an expression with --test, and invariants of another configuration with --config.",
  },
  WE_INVARIANT_FUNCTION: {
    message: 'No module of the configuration exports the function "{name}", which an invariant is to call',
    hint: "export it from the module of the agents that it is about, without parameters",
    exitCode: 2,
    explanation:
      "An invariant of engine.yaml may be a function of modules instead of an expression. It is called on copies of the agents whose module exports it, after ticks. Were there none, the invariant would hold for ever.",
  },
  WE_INVARIANT_NONE: {
    message: "There is nothing to check: the run has no invariants",
    hint: "give an expression with --test, or a configuration that has invariants with --config",
    exitCode: 2,
    explanation:
      "A run keeps the invariants of the configuration that it was made from. This one had none, and the command line named none.",
  },
  WE_BISECT_ENDS: {
    message: 'The search for the tick that breaks "{invariant}" has no ends: {problem}',
    hint: "choose --good where it holds and --bad where it does not; wasm-engine check RUN tells the first violation from the start",
    exitCode: 2,
    explanation:
      "`bisect` narrows down the ticks between one at which an expression holds and a later one at which it is false. Both are looked at first, because between two equal ends it could find anything.",
  },
} as const satisfies ErrorTable;

export const invariantError = errorFactory(INVARIANT_ERRORS);
