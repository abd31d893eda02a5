/** Assertions stay on in production: an engine that promises replay must stop rather than diverge. */

import { EngineError } from "./engine-error.js";

/**
 * States an invariant. A failure is a programmer error: it is never caught and ends the world.
 * @throws {WE_INTERNAL_ASSERTION}
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw assertionFailed(message);
}

/** Closes a `switch` over a union: reaching it is a programmer error. */
export function unreachable(value: never, message = "unreachable case"): never {
  throw assertionFailed(`${message}: ${String(value)}`);
}

function assertionFailed(message: string): EngineError {
  return new EngineError({
    code: "WE_INTERNAL_ASSERTION",
    message: `Invariant does not hold: ${message}`,
    hint: "this is a defect of wasm-engine; please report it with the run folder",
    exitCode: 70,
    retryable: false,
  });
}
