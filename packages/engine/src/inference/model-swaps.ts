/**
 * Which model answers for a name, by tick. An input `model-swapped` has another model of the configuration answer for a
 * name from its tick on; what was asked before is answered by the former one. Plain data, beside the world in
 * snapshots: the world itself knows names alone.
 */

import type { ExternalRequest, Genesis, Input, InputBody } from "@wasm-engine/core";
import { fail } from "./errors.js";

/** From `tick` on `by` answers what `model` is asked. In the order of the log. */
export interface ModelSwap {
  readonly tick: number;
  readonly model: string;
  readonly by: string;
}

/** Adds what an input changes. */
export function noteSwap(swaps: ModelSwap[], { tick, body }: Input): void {
  if (body.kind === "model-swapped") swaps.push({ tick, model: body.model, by: body.by });
}

/** The model or tool that answers a request: a swap in its own tick counts, a later one does not. */
export function answererOf(
  swaps: readonly ModelSwap[],
  { kind, name, tick }: Pick<ExternalRequest, "kind" | "name" | "tick">,
): string {
  if (kind !== "inference") return name;
  const swap = swaps.findLast((one) => one.model === name && one.tick <= tick);
  return swap?.by ?? name;
}

/** The input of a swap; a model that answers for itself ends one. @throws {WE_INFERENCE_SWAP} */
export function resolveSwap(
  { models }: Pick<Genesis, "models">,
  { model, by }: Pick<ModelSwap, "model" | "by">,
): InputBody {
  const stranger = [model, by].find((name) => !models.includes(name));
  if (stranger === undefined) return { kind: "model-swapped", model, by };
  throw fail("WE_INFERENCE_SWAP", { model, by, reason: `there is no model "${stranger}"` });
}

/** A request with the name of the model that answers it. */
export function asAnswered(request: ExternalRequest, swaps: readonly ModelSwap[]): ExternalRequest {
  const name = answererOf(swaps, request);
  return name === request.name ? request : { ...request, name };
}
