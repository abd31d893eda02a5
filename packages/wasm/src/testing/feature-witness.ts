/** Which refused features a module really needs, by the word of another toolkit: the witness for refusals. */

import wabt from "wabt";
import type { RefusedFeature } from "../feature.js";

const toolkit = await wabt();

const optionOf: Partial<Record<RefusedFeature, string>> = {
  threads: "threads",
  "relaxed-simd": "relaxed_simd",
  gc: "gc",
  exceptions: "exceptions",
  "tail-calls": "tail_call",
  "function-references": "function_references",
  memory64: "memory64",
  "multi-memory": "multi_memory",
  "extended-const": "extended_const",
};
const standard = [
  "mutable_globals",
  "sat_float_to_int",
  "sign_extension",
  "simd",
  "multi_value",
  "bulk_memory",
];
const everything = [...standard, "reference_types", ...Object.values(optionOf)];

/**
 * Features without which the module is no longer valid; empty where it is not valid with all of them either. Garbage
 * collection stands on typed references, so one of them may be named for the other.
 */
export function neededFeatures(bytes: Uint8Array): RefusedFeature[] {
  if (!isValid(bytes, everything)) return [];
  const features = Object.entries(optionOf) as [RefusedFeature, string][]; // the keys of the table above
  return features
    .filter(
      ([, option]) =>
        !isValid(
          bytes,
          everything.filter((name) => name !== option),
        ),
    )
    .map(([feature]) => feature);
}

function isValid(bytes: Uint8Array, enabled: readonly string[]): boolean {
  const features = Object.fromEntries(everything.map((name) => [name, enabled.includes(name)]));
  try {
    const module = toolkit.readWasm(bytes, { readDebugNames: true, ...features });
    try {
      const validate = module.validate.bind(module) as (options: object) => void; // the types lack the options
      validate(features);
      return true;
    } finally {
      module.destroy();
    }
  } catch {
    return false;
  }
}
