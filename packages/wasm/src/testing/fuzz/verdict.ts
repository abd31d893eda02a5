/** Whether our validator and the engine agree on bytes, whatever they are. */

import { EngineError } from "@wasm-engine/abi";
import { instrument } from "../../instrument.js";
import type { Profile } from "../../module-draft.js";
import { validate } from "../../validator.js";
import { engineAccepts } from "../web-assembly.js";
import type { Difference } from "./fuzz-check.js";
import type { FuzzCounts } from "./fuzz-counts.js";

/** The strictest profile that takes the bytes, or why none does. */
export type Verdict =
  | { readonly kind: "accepted"; readonly profile: Profile }
  | { readonly kind: "refused"; readonly code: string };

/** Refusals that the engine need not share: features that it has and we refuse, and limits that it lacks. */
const stricter = ["WE_MODULE_FEATURE_REFUSED", "WE_MODULE_LIMIT"];

/** The code of the refusal; anything but a coded error passes through and is a defect. */
function refusalOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return error.code;
  }
}

export function verdictOn(bytes: Uint8Array, counts: FuzzCounts): Verdict | Difference {
  const agent = refusalOf(() => validate(bytes, { profile: "agent" }));
  const conformance = refusalOf(() => validate(bytes, { profile: "conformance" }));
  if (agent === undefined && conformance !== undefined) {
    return { kind: "profile", text: `agents may, but conformance refuses with ${conformance}` };
  }
  const engine = engineAccepts(bytes);
  if (conformance !== undefined) {
    counts.refuse(conformance);
    if (!engine || stricter.includes(conformance)) return { kind: "refused", code: conformance };
    return { kind: "refusal", text: `refused with ${conformance}, but the engine accepts` };
  }
  if (!engine) return { kind: "acceptance", text: "accepted, but the engine refuses" };
  const profile = agent === undefined ? "agent" : "conformance";
  const unwritten = refusalOf(() => instrument(bytes, { profile }));
  if (unwritten !== undefined) {
    counts.refuse(unwritten);
    return { kind: "refused", code: unwritten };
  }
  counts.accepted += 1;
  return { kind: "accepted", profile };
}
