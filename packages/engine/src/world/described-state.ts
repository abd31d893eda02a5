/** What of an agent's description is its state. */

import type { Json } from "@wasm-engine/core";

/** The SDK for JavaScript describes `{ state, waiting }`; other modules what they like. */
export function stateOf(described: Json | undefined): Json | undefined {
  const isMap = typeof described === "object" && described !== null && !Array.isArray(described);
  return isMap && "state" in described ? (described as Readonly<Record<string, Json>>)["state"] : described;
}
