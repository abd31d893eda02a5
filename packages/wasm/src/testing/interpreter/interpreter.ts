/**
 * A slow WebAssembly interpreter that meters while it runs: the second opinion on what instrumented modules do. It is
 * written apart from the reader, the validator and the instrumenter of this package and shares no code with them;
 * prices come from spec/vectors/fuel-table.json. It takes valid modules of the frozen feature set.
 */

import { initMemory, initTable } from "./bulk-operations.js";
import { OutOfFuel } from "./fuel-count.js";
import { InstanceState } from "./instance-state.js";
import { Global, Memory, Table, isReferenceType, putValue, valueAt } from "./items.js";
import type { Callable, HostItem, Reference } from "./items.js";
import { Machine, OutOfDepth, OutOfSteps } from "./machine.js";
import { takeApart } from "./module-parts.js";
import type { GlobalType, Import, Initialiser, ModuleParts, Range } from "./module-parts.js";
import { LinkFailure, Trap, sameTypes } from "./value.js";
import type { CallBudget, FunctionType, Outcome, Value } from "./value.js";

export { hostFunction, hostGlobal } from "./items.js";
export { LinkFailure, NULL_REFERENCE, Trap } from "./value.js";
export type { HostCall, HostFunction, HostItem } from "./items.js";
export type { CallBudget, Outcome, TrapKind, Value, ValueType } from "./value.js";

export type Imports = Readonly<Record<string, Readonly<Record<string, HostItem>>>>;

export interface InterpretOptions {
  readonly imports?: Imports;
  /** Quota of memory.grow. */
  readonly pagesMax?: number;
  /** `agent` (default): an imported function that is exported again costs what every call of it costs. */
  readonly profile?: "agent" | "conformance";
  /** False: the start function is left to {@link InterpretedInstance.start}. */
  readonly runStart?: boolean;
}

export class InterpretedInstance {
  readonly #state: InstanceState;
  /** What it exports, ready to be imported. */
  readonly exports: Readonly<Record<string, HostItem>>;

  constructor(state: InstanceState, passesOn: boolean) {
    this.#state = state;
    this.exports = exportsOf(state, passesOn);
  }

  /** Calls an exported function. Faults are outcomes; what the host functions throw passes through. */
  call(name: string, values: readonly Value[] = [], budget: CallBudget = {}): Outcome {
    const callee = this.exports[name];
    if (callee === undefined || !isCallable(callee)) {
      throw new Error(`no function is exported as ${name}`);
    }
    return this.#call(callee, values, budget);
  }

  /** Runs the start function; `undefined` where there is none. */
  start(budget: CallBudget = {}): Outcome | undefined {
    const { start } = this.#state.parts;
    return start === undefined ? undefined : this.#call(this.#state.functionAt(start), [], budget);
  }

  #call(callee: Callable, values: readonly Value[], budget: CallBudget): Outcome {
    const machine = new Machine(budget);
    try {
      const results = machine.call(callee, values, this.#state);
      return { kind: "returned", values: results, fuel: machine.fuel.used };
    } catch (error) {
      const fuel = machine.fuel.used;
      if (error instanceof Trap) return { kind: "trapped", trap: error.kind, fuel };
      if (error instanceof OutOfFuel) return { kind: "out-of-fuel", fuel };
      if (error instanceof OutOfDepth) return { kind: "out-of-depth", fuel };
      if (error instanceof OutOfSteps) return { kind: "out-of-steps", fuel };
      throw error;
    }
  }

  /** Bytes of the memory now. Growth replaces them. */
  get memory(): Uint8Array | undefined {
    return this.#state.memory?.bytes;
  }

  /** Values of all globals, imported ones first, in index order. */
  globals(): Value[] {
    return this.#state.globals.map(({ view, type, reference }) => valueAt(view, 0, type.type, reference));
  }

  /** Elements of a table as funcref or externref values. */
  table(index = 0): Value[] {
    const { elements, type } = this.#state.tableAt(index);
    return elements.map((reference) => valueAt(new DataView(new ArrayBuffer(0)), 0, type.type, reference));
  }

  /** Price of the frame of an exported function: 0 where it calls nobody. */
  frameBytes(name: string): number {
    const callee = this.exports[name];
    if (callee?.kind !== "function") throw new Error(`no function of the module is exported as ${name}`);
    return callee.instance.ready(callee.body).frameBytes;
  }
}

/**
 * Instantiates a valid module. Equal modules and calls give equal outcomes, whatever the machine.
 * @throws {LinkFailure} for imports that are missing or of another type
 * @throws {Trap} where a segment lies out of bounds, or the start function does not return
 */
export function interpret(bytes: Uint8Array, options: InterpretOptions = {}): InterpretedInstance {
  const parts = takeApart(bytes);
  const state = new InstanceState(parts, options.pagesMax ?? 65_536);
  for (const entry of parts.imports) link(state, entry, options.imports?.[entry.module]?.[entry.name]);
  allocate(state, parts);
  const instance = new InterpretedInstance(state, options.profile === "conformance");
  fill(state, parts);
  if (options.runStart !== false) {
    const outcome = instance.start();
    if (outcome?.kind === "trapped") throw new Trap(outcome.trap);
    if (outcome !== undefined && outcome.kind !== "returned") throw new Error(`start: ${outcome.kind}`);
  }
  return instance;
}

function link(state: InstanceState, entry: Import, item: HostItem | undefined): void {
  const refuse = (why: string): never => {
    throw new LinkFailure(`import ${entry.module} ${entry.name}: ${why}`);
  };
  if (item === undefined) return refuse("missing");
  switch (entry.kind) {
    case "function": {
      const type = typeAt(state.parts, entry.type);
      if (!isCallable(item)) return refuse(`${item.kind}, not function`);
      if (!sameTypes(item.type, type)) return refuse("another type");
      const target = item.kind === "imported-function" ? item.target : item;
      state.functions.push({ kind: "imported-function", type, index: state.functions.length, target });
      state.functionTypes.push(type);
      return;
    }
    case "table":
      if (item.kind !== "table") return refuse(`${item.kind}, not table`);
      if (item.type.type !== entry.table.type) return refuse("another element type");
      if (!fits(item.elements.length, item.type.maximum, entry.table)) return refuse("another size");
      state.tables.push(item);
      return;
    case "memory":
      if (item.kind !== "memory") return refuse(`${item.kind}, not memory`);
      if (!fits(item.pages, item.range.maximum, entry.range)) return refuse("another size");
      state.memory = item;
      return;
    default:
      if (item.kind !== "global") return refuse(`${item.kind}, not global`);
      if (!sameGlobalType(item.type, entry.global)) return refuse("another type");
      state.globals.push(item);
  }
}

function isCallable(item: HostItem): item is Callable {
  return item.kind === "function" || item.kind === "host-function" || item.kind === "imported-function";
}

function fits(size: number, maximum: number | undefined, wanted: Range): boolean {
  if (size < wanted.minimum) return false;
  return wanted.maximum === undefined || (maximum !== undefined && maximum <= wanted.maximum);
}

function sameGlobalType(a: GlobalType, b: GlobalType): boolean {
  return a.type === b.type && a.mutable === b.mutable;
}

function typeAt(parts: ModuleParts, index: number): FunctionType {
  const type = parts.types[index];
  if (type === undefined) throw new Error(`there is no type ${index}`);
  return type;
}

function allocate(state: InstanceState, parts: ModuleParts): void {
  for (const [body, typeIndex] of parts.functions.entries()) {
    const type = typeAt(parts, typeIndex);
    const index = state.functions.length;
    state.functions.push({ kind: "function", type, instance: state, index, body });
    state.functionTypes.push(type);
  }
  for (const type of parts.tables) state.tables.push(new Table(type));
  for (const range of parts.memories) state.memory = new Memory(range);
  for (const { type, mutable, init } of parts.globals) {
    const global = new Global({ type, mutable });
    if (init.kind === "global") {
      const source = state.globalAt(init.global);
      global.reference = source.reference;
      putValue(global.view, 0, valueAt(source.view, 0, isReferenceType(type) ? "i64" : type, null));
    } else if (init.kind === "bits") {
      putValue(global.view, 0, { type, bits: init.bits });
    } else {
      global.reference = referenceOf(state, init);
    }
    state.globals.push(global);
  }
  for (const { items } of parts.elements) state.elements.push(items.map((item) => referenceOf(state, item)));
  for (const { bytes } of parts.data) state.data.push(bytes);
}

function referenceOf(state: InstanceState, init: Initialiser): Reference {
  if (init.kind === "function") return state.functionAt(init.index);
  return init.kind === "global" ? state.globalAt(init.global).reference : null;
}

function offsetOf(state: InstanceState, init: Initialiser): number {
  if (init.kind === "bits") return Number(init.bits);
  return init.kind === "global" ? state.globalAt(init.global).view.getUint32(0, true) : 0;
}

/** Active segments, in order: each is applied whole and dropped, or ends instantiation. */
function fill(state: InstanceState, parts: ModuleParts): void {
  for (const [segment, { placement, items }] of parts.elements.entries()) {
    if (placement.mode === "active") {
      const to = offsetOf(state, placement.offset);
      initTable(state, { segment, table: placement.target }, to, 0, items.length);
    }
    if (placement.mode !== "passive") state.elements[segment] = [];
  }
  for (const [segment, { placement, bytes }] of parts.data.entries()) {
    if (placement.mode !== "active") continue;
    initMemory(state, segment, offsetOf(state, placement.offset), 0, bytes.length);
    state.data[segment] = new Uint8Array(0);
  }
}

/** @param passesOn an imported function that is exported again is still the one that was imported */
function exportsOf(state: InstanceState, passesOn: boolean): Readonly<Record<string, HostItem>> {
  const exports: Record<string, HostItem> = Object.create(null) as Record<string, HostItem>; // any name may occur
  for (const { name, kind, index } of state.parts.exports) {
    const memory = state.memory;
    if (kind === 0) {
      const callee = state.functionAt(index);
      exports[name] = passesOn && callee.kind === "imported-function" ? callee.target : callee;
    }
    if (kind === 1) exports[name] = state.tableAt(index);
    else if (kind === 2 && memory !== undefined) exports[name] = memory;
    else if (kind === 3) exports[name] = state.globalAt(index);
  }
  return exports;
}
