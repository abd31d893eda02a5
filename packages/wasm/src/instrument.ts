/**
 * `instrument`: a valid module to one whose fuel, depth, NaN bits, memory growth and state are under the
 * engine's control. The order: validate, plan every function, lay out the added parts, write the sections again. Custom
 * sections are dropped; whoever needs them reads the original.
 */

import { HOST_MODULE, assert } from "@wasm-engine/abi";
import { entriesOf } from "./entry.js";
import { wasmError } from "./errors.js";
import { FunctionPlanner } from "./function-planner.js";
import { layoutOf } from "./layout.js";
import { ExternalKind } from "./module.js";
import type { WasmModule } from "./module.js";
import { writeModule } from "./module-writer.js";
import { checkReservedNames } from "./reserved-name.js";
import { retriedBodies } from "./retry.js";
import { stateLayout } from "./state-functions.js";
import { validate } from "./validator.js";
import type { ValidatedModule } from "./validator.js";
import type { InstrumentOptions, Instrumented } from "./wasm-contract.js";

/** Rewritten code may be this many times the input, and some room for the fixed additions. */
export const instrumentedSizeFactorMax = 4;
export const instrumentedSizeRoomBytes: number = 16 * 1024;
/** `__we_state_save` writes into one scratch page. */
export const stateBytesMax: number = 64 * 1024;

/** The one thing asked of the engine: whether it takes the result. `undefined` where there is none. */
declare const WebAssembly: { validate(bytes: Uint8Array): boolean } | undefined;

/**
 * Validates a module, unless that has been done, and instruments it. Equal bytes and options give equal bytes.
 * @param source the module's bytes, or what {@link validate} gave for them in the same profile
 * @throws {WE_MODULE_…} every code of {@link validate}, {WE_MODULE_NAME_RESERVED} and
 * {WE_MODULE_INSTRUMENTED_SIZE}
 */
export function instrument(
  source: Uint8Array | ValidatedModule,
  options: InstrumentOptions = {},
): Instrumented {
  const profile = options.profile ?? "agent";
  const validated = source instanceof Uint8Array ? validate(source, { profile }) : source;
  assert(validated.profile === profile, "a module is instrumented in the profile that it was validated in");
  const { module } = validated;
  checkReservedNames(module);
  const planner = new FunctionPlanner(module);
  const plans = planner.planAll();
  const entries = profile === "conformance" ? entriesOf(module, plans) : undefined;
  const layout = layoutOf(module, {
    droppedSegments: planner.droppedSegments,
    entries,
    retried: retriedBodies(plans),
  });
  const state = stateLayout(module, layout, profile === "conformance");
  if (profile === "agent")
    assert(state.bytes <= stateBytesMax, "limits of globals and segments keep the state within a page");
  const canonicalizeNan = options.canonicalizeNan ?? true;
  const output = writeModule({ module, layout, plans, canonicalizeNan }, state);
  checkSize(module.bytes.length, output.length);
  if (typeof WebAssembly !== "undefined") {
    assert(WebAssembly.validate(output), "the engine takes the instrumented module");
  }
  return {
    bytes: output,
    stateBytes: state.bytes,
    hasStart: module.start !== undefined,
    imports: hostImports(module),
    exports: module.exports.map(({ name }) => name),
    memoryPages: module.memories[0]?.minimum ?? 0,
  };
}

function checkSize(input: number, actual: number): void {
  const limit = instrumentedSizeFactorMax * input + instrumentedSizeRoomBytes;
  if (actual > limit) throw wasmError("WE_MODULE_INSTRUMENTED_SIZE", { input, actual, limit });
}

function hostImports(module: WasmModule): string[] {
  return module.imports
    .filter((entry) => entry.module === HOST_MODULE && entry.kind === ExternalKind.FUNCTION)
    .map(({ name }) => name);
}
