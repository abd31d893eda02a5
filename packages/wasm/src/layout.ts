/**
 * Where things lie in the instrumented module. Everything added is appended to its index space, so that only
 * function indices move: by one, because the slice import comes behind the module's own imports (by three where it
 * is profiled); and a reference to an imported function becomes one to its thunk.
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
  /** Present where the module is instrumented for profiling. */
  readonly probes: ProbeLayout | undefined;
  /** Globals. */
  readonly fuel: number;
  /** What is left of the logical stack. */
  readonly depth: number;
  /** What an entry begins with and the outside sets: the same global in agents, one more in a standalone module. */
  readonly depthBudget: number;
  readonly status: number;
  readonly charge: number;
  readonly pagesMax: number;
  /** Flag global by data segment whose `data.drop` is virtual. */
  readonly segmentFlags: ReadonlyMap<number, number>;
  /** Empty data segment that stands for a dropped one. Exists where there are flags. */
  readonly emptySegment: number;
  /** Function before a function through which a standalone module is entered. */
  readonly entries: ReadonlyMap<number, number>;
  /** By body: the function that refuels and enters it again. */
  readonly retries: ReadonlyMap<number, number>;
}

/** Functions that profiling adds. */
export interface ProbeLayout {
  /** Imported: see {@link ProbeImport}. */
  readonly code: number;
  readonly operand: number;
  /** First of the emitted bodies. The indices of defined functions name what enters, calls and leaves these. */
  readonly bodies: number;
}

/** Imports that profiling adds behind the slice hook. */
const probeImports = 2;

export interface LayoutInput {
  /** Passive data segments that the code drops. */
  readonly droppedSegments: Iterable<number>;
  /** Functions of a standalone module that get an entry; `undefined`: an agent. */
  readonly entries: readonly number[] | undefined;
  /** Bodies that are tested at entry. */
  readonly retried: readonly number[];
  /** The agent is to be profiled. Default false. */
  readonly probed?: boolean;
}

export function layoutOf(
  module: WasmModule,
  { droppedSegments, entries, retried, probed = false }: LayoutInput,
): Layout {
  const standalone = entries !== undefined;
  assert(!standalone || !probed, "a drop-in replacement has no probes");
  const shift = standalone ? 0 : probed ? 1 + probeImports : 1;
  const thunks = module.functions.length + shift;
  const refuel = thunks + module.importedFunctions;
  const fuel = module.globals.length;
  const pagesMax = fuel + 4;
  const segmentFlags = new Map<number, number>();
  for (const segment of [...droppedSegments].sort((a, b) => a - b)) {
    assert(segment < module.data.length, "a dropped segment exists");
    if (module.data[segment]?.mode === "passive") segmentFlags.set(segment, pagesMax + 1 + segmentFlags.size);
  }
  const firstRetry = standalone
    ? refuel + 8 + entries.length
    : refuel + 7 + (probed ? module.code.length : 0);
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
    probes: probed
      ? { code: module.importedFunctions + 1, operand: module.importedFunctions + 2, bodies: refuel + 7 }
      : undefined,
    fuel,
    depth: fuel + 1,
    depthBudget: standalone ? pagesMax + 1 + segmentFlags.size : fuel + 1,
    status: fuel + 2,
    charge: fuel + 3,
    pagesMax,
    segmentFlags,
    emptySegment: module.data.length,
    entries: new Map((entries ?? []).map((original, position) => [original, refuel + 8 + position])),
    retries: new Map(retried.map((body, position) => [body, firstRetry + position])),
  };
}

/** Index by which calls name an original function. */
export function functionIndex(layout: Layout, original: number): number {
  return original < layout.importedFunctions ? layout.thunks + original : original + layout.shift;
}

/** Index of what was emitted for a body. A profiled module puts another function in its place. */
export function emittedIndex(layout: Layout, body: number): number {
  return layout.probes === undefined
    ? body + layout.importedFunctions + layout.shift
    : layout.probes.bodies + body;
}

/** Index by which tables, globals and code refer to an original function. */
export function referenceIndex(layout: Layout, original: number): number {
  return layout.entries.get(original) ?? functionIndex(layout, original);
}

/**
 * Index by which an original function is exported. A standalone module passes imported functions on as they are, so
 * that they stay what they were; an agent meters them.
 */
export function exportIndex(layout: Layout, original: number): number {
  const passedOn = layout.shift === 0 && original < layout.importedFunctions;
  return passedOn ? original : referenceIndex(layout, original);
}
