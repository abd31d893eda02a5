/**
 * Where things lie in the instrumented module. Everything added is appended to its index space, so that only
 * function indices move: by one, because the slice import comes behind the module's own imports; and a reference
 * to an imported function becomes one to its thunk.
 */

import { assert } from "@wasm-engine/abi";
import type { WasmModule } from "./module.js";
import { TypePool } from "./type-pool.js";

/** Indices of what instrumentation adds. */
export interface Layout {
  readonly types: TypePool;
  readonly importedFunctions: number;
  /** By how much the indices of defined functions move. */
  readonly shift: number;
  /** The slice hook: imported, or the last added function of a standalone module. */
  readonly slice: number;
  /** First of the thunks, one per imported function. */
  readonly thunks: number;
  readonly refuel: number;
  readonly refuelFor: number;
  readonly settle: number;
  readonly outOfDepth: number;
  readonly grow: number;
  readonly stateSave: number;
  readonly stateLoad: number;
  /** Globals. */
  readonly fuel: number;
  readonly depth: number;
  readonly status: number;
  readonly charge: number;
  readonly pagesMax: number;
  /** Flag global by data segment whose `data.drop` is virtual. */
  readonly segmentFlags: ReadonlyMap<number, number>;
  /** Empty data segment that stands for a dropped one. Exists where there are flags. */
  readonly emptySegment: number;
}

/** @param droppedSegments passive data segments that the code drops */
export function layoutOf(module: WasmModule, droppedSegments: Iterable<number>, standalone: boolean): Layout {
  const shift = standalone ? 0 : 1;
  const thunks = module.functions.length + shift;
  const refuel = thunks + module.importedFunctions;
  const fuel = module.globals.length;
  const pagesMax = fuel + 4;
  const segmentFlags = new Map<number, number>();
  for (const segment of [...droppedSegments].sort((a, b) => a - b)) {
    assert(segment < module.data.length, "a dropped segment exists");
    if (module.data[segment]?.mode === "passive") segmentFlags.set(segment, pagesMax + 1 + segmentFlags.size);
  }
  return {
    types: new TypePool(module.types),
    importedFunctions: module.importedFunctions,
    shift,
    slice: standalone ? refuel + 7 : module.importedFunctions,
    thunks,
    refuel,
    refuelFor: refuel + 1,
    settle: refuel + 2,
    outOfDepth: refuel + 3,
    grow: refuel + 4,
    stateSave: refuel + 5,
    stateLoad: refuel + 6,
    fuel,
    depth: fuel + 1,
    status: fuel + 2,
    charge: fuel + 3,
    pagesMax,
    segmentFlags,
    emptySegment: module.data.length,
  };
}

/** Index by which the instrumented module names an original function. */
export function functionIndex(layout: Layout, original: number): number {
  return original < layout.importedFunctions ? layout.thunks + original : original + layout.shift;
}
