/** Where a fork leaves its parent, as `--at` says it: for every verb that makes forks. */

import type { ForkPoint } from "@wasm-engine/engine";
import { usageError } from "./errors.js";

/** A tick, or `start`. @throws {WE_CLI_USAGE} */
export function forkPoint(verb: string, text: string | undefined): ForkPoint {
  if (text === "start") return text;
  const tick = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(tick)) return tick;
  const came = text === undefined ? "it is missing" : `not ${JSON.stringify(text)}`;
  throw usageError(verb, `--at is a tick, a whole number from 0, or start; ${came}`);
}
