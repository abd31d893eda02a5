/** Whether our validator and the engine agree on bytes, whatever they are. */

import { EngineError } from "@wasm-engine/abi";
import { instrument } from "../../instrument.js";
import type { Profile } from "../../module-draft.js";
import type { Instrumented } from "../../wasm-contract.js";
import { validate } from "../../validator.js";
import { engineAccepts } from "../web-assembly.js";
import type { Difference } from "./fuzz-check.js";
import type { FuzzCounts } from "./fuzz-counts.js";

/** The strictest profile that takes the bytes, or why none does. */
export type Verdict =
  | { readonly kind: "accepted"; readonly profile: Profile; readonly instrumented: Instrumented }
  | { readonly kind: "refused"; readonly code: string };

/** Refusals that the engine need not share: features that it has and we refuse, and limits that it lacks. */
const stricter = ["WE_MODULE_FEATURE_REFUSED", "WE_MODULE_LIMIT"];
/** V8 11 takes element segments of any value type as long as they are empty; the format knows reference types only. */
const laxer = "malformed reference type";

/** The result or the code of the refusal; anything but a coded error passes through and is a defect. */
function resultOf<T extends object>(action: () => T): T | string {
  try {
    return action();
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return error.details["reason"] === laxer ? laxer : error.code;
  }
}

/** @param instrumenter what accepted modules must go through */
export function verdictOn(
  bytes: Uint8Array,
  counts: FuzzCounts,
  instrumenter: typeof instrument = instrument,
): Verdict | Difference {
  const agent = resultOf(() => validate(bytes, { profile: "agent" }));
  const conformance = resultOf(() => validate(bytes, { profile: "conformance" }));
  const engine = engineAccepts(bytes);
  if (typeof conformance === "string") {
    if (typeof agent !== "string") {
      return { kind: "profile", text: `agents may, but conformance refuses with ${conformance}` };
    }
    counts.refuse(conformance);
    if (!engine || stricter.includes(conformance) || conformance === laxer)
      return { kind: "refused", code: conformance };
    return { kind: "refusal", text: `refused with ${conformance}, but the engine accepts` };
  }
  if (!engine) return { kind: "acceptance", text: "accepted, but the engine refuses" };
  const validated = typeof agent === "string" ? conformance : agent;
  const { profile } = validated;
  const instrumented = resultOf(() => instrumenter(validated, { profile }));
  if (typeof instrumented === "string") {
    counts.refuse(instrumented);
    return { kind: "refused", code: instrumented };
  }
  counts.accepted += 1;
  return { kind: "accepted", profile, instrumented };
}
