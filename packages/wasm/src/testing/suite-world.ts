/** One world in which files of the official suite run: instances, registered names, and how modules are prepared. */

import { Instrumented } from "@wasm-engine/abi";
import { argumentBits, callForBits, isNumeric } from "./bit-probe.js";
import type { ConformanceAction, ConformanceFile, ConformanceValue } from "./conformance.js";

/** How a world turns module bytes into what is run. */
export type Preparation = (bytes: Uint8Array) => Uint8Array;

export type Outcome =
  | { readonly kind: "bits"; readonly bits: Uint8Array }
  | { readonly kind: "values"; readonly values: readonly unknown[] }
  | { readonly kind: "trap"; readonly message: string };

/** Fuel that no test uses up. */
export const PLENTY: bigint = 1n << 61n;
/** Small enough for the stack of a main thread. */
const DEPTH_BYTES = 512 * 1024;

const externals = new Map<string, object>();
function externalOf(name: string): object {
  let found = externals.get(name);
  if (found === undefined) {
    found = { name };
    externals.set(name, found);
  }
  return found;
}

function spectest(): WebAssembly.ModuleImports {
  const nothing = (): void => undefined;
  return {
    print: nothing,
    print_i32: nothing,
    print_i64: nothing,
    print_f32: nothing,
    print_f64: nothing,
    print_i32_f32: nothing,
    print_f64_f64: nothing,
    global_i32: 666,
    global_i64: new WebAssembly.Global({ value: "i64" }, 666n),
    global_f32: new WebAssembly.Global({ value: "f32" }, 666.6),
    global_f64: 666.6,
    table: new WebAssembly.Table({ initial: 10, maximum: 20, element: "anyfunc" }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}

export class SuiteWorld {
  readonly #prepare: Preparation;
  readonly #imports: WebAssembly.Imports = { spectest: spectest() };
  readonly #named = new Map<string, WebAssembly.Instance>();
  readonly #all: WebAssembly.Instance[] = [];
  #current: WebAssembly.Instance | undefined;

  constructor(prepare: Preparation) {
    this.#prepare = prepare;
    this.#imports["wasm_engine"] = { [Instrumented.slice]: () => 0 };
  }

  /** Instantiates a module, prepares its counters and runs its former start function. */
  instantiate(file: ConformanceFile, filename: string, name: string | undefined): void {
    this.#current = undefined;
    const bytes = this.#prepare(file.module(filename));
    const module = new WebAssembly.Module(bytes as BufferSource); // never shared memory
    const instance = new WebAssembly.Instance(module, this.#imports);
    this.#all.push(instance);
    this.#current = instance;
    if (name !== undefined) this.#named.set(name, instance);
    this.#refill();
    const start = instance.exports[Instrumented.start];
    if (start !== undefined) (start as () => void)(); // exported by instrumentation as a function
  }

  register(as: string, name: string | undefined): void {
    this.#imports[as] = this.#instance(name).exports;
  }

  /** Every counter full, in every instance: calls may cross instances. */
  #refill(): void {
    for (const { exports } of this.#all) {
      set(exports, Instrumented.fuel, PLENTY);
      set(exports, Instrumented.status, 0);
      set(exports, Instrumented.depth, DEPTH_BYTES);
      set(exports, Instrumented.pagesMax, 65_536);
    }
  }

  /** Fuel used by all instances since the last action began. */
  fuelUsed(): bigint {
    let used = 0n;
    for (const { exports } of this.#all) {
      const counter = exports[Instrumented.fuel];
      if (counter instanceof WebAssembly.Global) used += PLENTY - BigInt(counter.value as bigint); // an i64 global
    }
    return used;
  }

  /** Value of an added global of one instance. */
  counter(name: string, module: string | undefined): unknown {
    const counter = this.#instance(module).exports[name];
    return counter instanceof WebAssembly.Global ? counter.value : undefined;
  }

  exportsOf(module: string | undefined): WebAssembly.Exports {
    return this.#instance(module).exports;
  }

  perform(action: ConformanceAction, results: readonly string[], budget: bigint = PLENTY): Outcome {
    const { exports } = this.#instance(action.module);
    const subject = exports[action.field];
    if (subject === undefined) throw new Error(`no export ${action.field}`);
    this.#refill();
    if (budget !== PLENTY) set(exports, Instrumented.fuel, budget);
    if (subject instanceof WebAssembly.Global) return { kind: "values", values: [subject.value] };
    const parameters = action.args ?? [];
    const numeric = [...parameters.map((value) => value.type), ...results].every(isNumeric);
    try {
      if (numeric) return { kind: "bits", bits: callForBits(subject, parameters, results) };
      const call = subject as (...values: unknown[]) => unknown; // invoked fields are functions
      const value = call(...parameters.map(referenceArgument));
      if (results.length === 0) return { kind: "values", values: [] };
      // Several results arrive as an array.
      return { kind: "values", values: results.length > 1 ? [...(value as Iterable<unknown>)] : [value] };
    } catch (error) {
      return trapOf(error);
    }
  }

  #instance(name: string | undefined): WebAssembly.Instance {
    const instance = name === undefined ? this.#current : this.#named.get(name);
    if (instance === undefined) throw new Error("no instance");
    return instance;
  }
}

/** Traps become outcomes; everything else is a failure of the test. */
export function trapOf(error: unknown): Outcome {
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
    return { kind: "trap", message: error.message };
  }
  throw error;
}

function set(exports: WebAssembly.Exports, name: string, value: bigint | number): void {
  const counter = exports[name];
  if (counter instanceof WebAssembly.Global) counter.value = value;
}

function referenceArgument(value: ConformanceValue): unknown {
  if (value.type === "externref") return value.value === "null" ? null : externalOf(String(value.value));
  if (value.type === "funcref") return null;
  if (value.type === "f32" || value.type === "f64") {
    const bits = new DataView(Uint8Array.from(argumentBits(value)).buffer);
    return value.type === "f32" ? bits.getFloat32(0, true) : bits.getFloat64(0, true);
  }
  return value.type === "i64" ? BigInt.asIntN(64, BigInt(String(value.value))) : Number(value.value) | 0;
}

/** True where a reference result is what the suite expects. */
export function referenceMatches(expected: ConformanceValue, actual: unknown): boolean {
  if (expected.type === "externref") {
    if (expected.value === "null") return actual === null;
    return expected.value === undefined ? actual !== null : actual === externalOf(String(expected.value));
  }
  if (expected.type === "funcref")
    return expected.value === "null" ? actual === null : typeof actual === "function";
  if (expected.type === "i64")
    return typeof actual === "bigint" && actual === BigInt.asIntN(64, BigInt(String(expected.value)));
  if (expected.type === "i32") return actual === (Number(expected.value) | 0);
  return false;
}
