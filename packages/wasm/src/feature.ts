/** Features outside the frozen set: their names in errors and the way out for whoever compiled the module. */

import type { EngineError } from "@wasm-engine/abi";
import { wasmError } from "./errors.js";

/** WebAssembly features that are refused; the value says how to build without them. */
export const REFUSED_FEATURES = {
  threads:
    "build without shared memory and atomics: clang -mno-atomics without -pthread, rustc without +atomics, " +
    "asc without --sharedMemory and --enable threads",
  "relaxed-simd":
    "build without relaxed SIMD: clang -mno-relaxed-simd, rustc -C target-feature=-relaxed-simd, " +
    "asc without --enable relaxed-simd",
  gc: "build for linear memory: a compiler that keeps its objects in the engine's heap does not fit; asc without --enable gc",
  exceptions:
    "build without WebAssembly exceptions: clang -fno-exceptions, without -fwasm-exceptions; rustc -C panic=abort; " +
    "emcc without -sSUPPORT_LONGJMP=wasm",
  "tail-calls": "build without tail calls: clang -mno-tail-call, rustc -C target-feature=-tail-call",
  "function-references": "build without typed function references: use a table and call_indirect",
  "stack-switching": "build without stack switching",
  "wide-arithmetic":
    "build without wide arithmetic: clang -mno-wide-arithmetic, rustc -C target-feature=-wide-arithmetic",
  memory64:
    "build for a 32-bit memory: clang --target=wasm32, rustc --target wasm32-unknown-unknown, emcc without -sMEMORY64",
  "multi-memory": "build with one memory: clang -mno-multimemory; link the parts into one memory",
  "custom-page-sizes": "build with pages of 64 KiB: wasm-ld without --page-size",
  "extended-const":
    "build without extended constant expressions: clang -mno-extended-const without -fPIC, " +
    "rustc -C target-feature=-extended-const",
  "table-mutation":
    "keep tables constant: no table.set, grow, fill, copy, init, elem.drop in source or linker glue; " +
    "emcc without -sALLOW_TABLE_GROWTH",
  "reference-types":
    "build without reference types beyond funcref tables: clang -mno-reference-types, " +
    "rustc -C target-feature=-reference-types, asc without --enable reference-types",
  "imported-memory":
    "define and export the memory instead: wasm-ld without --import-memory, emcc without -sIMPORTED_MEMORY, " +
    "asc without --importMemory",
  "imported-table": "define the table instead: wasm-ld without --import-table, asc without --importTable",
  "imported-global":
    "define the global instead, or link statically: clang without -fPIC and -shared, " +
    "emcc without -sMAIN_MODULE and -sSIDE_MODULE, asc without @external",
  "component-model":
    "deliver the core module: wasm-tools component unbundle, or build without a component step",
} as const satisfies Record<string, string>;

export type RefusedFeature = keyof typeof REFUSED_FEATURES;

/** Error for a construct that belongs to a refused feature. */
export function featureRefused(feature: RefusedFeature, construct: string, offset: number): EngineError {
  const wayOut = REFUSED_FEATURES[feature];
  return wasmError("WE_MODULE_FEATURE_REFUSED", { feature, construct, offset, wayOut });
}
