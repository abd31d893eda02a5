/** Features outside the frozen set: their names in errors and the way out for whoever compiled the module. */

import type { EngineError } from "@wasm-engine/abi";
import { wasmError } from "./errors.js";

/** WebAssembly features that are refused; the value says how to build without them. */
export const REFUSED_FEATURES = {
  threads: "build without shared memory and atomics: -mno-atomics, no -pthread, asc without --enable threads",
  "relaxed-simd": "build without relaxed SIMD: -mno-relaxed-simd, asc without --enable relaxed-simd",
  gc: "build for linear memory: garbage-collected references are not in the frozen feature set",
  exceptions: "build without WebAssembly exceptions: -fno-wasm-exceptions or -fno-exceptions, panic=abort",
  "tail-calls": "build without tail calls: -mno-tail-call",
  "function-references": "build without typed function references: use a table and call_indirect",
  "stack-switching": "build without stack switching",
  "wide-arithmetic": "build without wide arithmetic: -mno-wide-arithmetic",
  memory64: "build for a 32-bit memory: target wasm32 instead of wasm64",
  "multi-memory": "build with one memory: -mno-multimemory",
  "custom-page-sizes": "build with pages of 64 KiB",
  "extended-const": "build without extended constant expressions: -mno-extended-const",
  "table-mutation":
    "keep tables constant: no table.set, grow, fill, copy, init, elem.drop in source or linker glue",
  "reference-types": "build without reference types beyond funcref tables: -mno-reference-types",
  "imported-memory": "define and export the memory instead: do not link with --import-memory",
  "imported-table": "define the table instead: do not link with --import-table",
  "imported-global": "define the global instead, or link statically: no -shared, no -pie, no dynamic linking",
  "component-model":
    "deliver the core module: wasm-tools component unbundle, or build without a component step",
} as const satisfies Record<string, string>;

export type RefusedFeature = keyof typeof REFUSED_FEATURES;

/** Error for a construct that belongs to a refused feature. */
export function featureRefused(feature: RefusedFeature, construct: string, offset: number): EngineError {
  const wayOut = REFUSED_FEATURES[feature];
  return wasmError("WE_MODULE_FEATURE_REFUSED", { feature, construct, offset, wayOut });
}
