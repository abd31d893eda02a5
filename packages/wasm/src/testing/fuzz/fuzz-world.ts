/** One running copy of a module in a fuzz test, with or without counters: its calls become comparable outcomes. */

import { Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { COVER_EXPORT, NAN_EXPORT } from "../fuel-oracle.js";
import { FuzzHost } from "./fuzz-host.js";
import type { Passable } from "./fuzz-host.js";
import type { ModuleShape } from "./module-shape.js";

/** `values` and calls of the host as text, so that outcomes are compared as they are printed. */
export type Outcome =
  | { readonly kind: "returned"; readonly values: string; readonly host: string }
  | { readonly kind: "trapped"; readonly trap: string; readonly host: string }
  | { readonly kind: "out-of-fuel" | "out-of-depth" | "host-memory" | "native-stack"; readonly host: string };

export function describeOutcome(outcome: Outcome): string {
  if (outcome.kind === "returned") return `returned ${outcome.values} [${outcome.host}]`;
  return outcome.kind === "trapped" ? `trapped ${outcome.trap} [${outcome.host}]` : outcome.kind;
}

/** Where nothing else is said: more than any program here needs, and little enough to stop endless ones soon. */
export const FUEL_PER_CALL = 30_000n;
export const DEPTH_PER_CALL: number = 96 * 1024;
const pagesCeiling = 65_536;

export interface FuzzBudget {
  readonly fuel?: bigint;
  readonly depth?: number;
  /** Fuel granted whenever it is used up, 0: none. The sum stays below the usual fuel. */
  readonly slice?: bigint;
}

export interface CallReport {
  readonly outcome: Outcome;
  /** Fuel used; exact where the call returned. */
  readonly fuel: bigint;
}

/** Everything that an instrumented instance can change. */
export interface FuzzState {
  readonly memory: Uint8Array;
  readonly globals: Uint8Array;
}

export class FuzzWorld {
  readonly #module: WebAssembly.Module;
  readonly #shape: ModuleShape;
  readonly #stateBytes: number;
  readonly host: FuzzHost;
  /** Quota of memory. */
  pagesMax: number = pagesCeiling;
  #exports: WebAssembly.Exports;

  /** Instantiates. A start section that is still there is executed. */
  constructor(module: WebAssembly.Module, shape: ModuleShape, stateBytes = 0) {
    this.#module = module;
    this.#shape = shape;
    this.#stateBytes = stateBytes;
    this.host = new FuzzHost(shape.imports);
    this.#exports = new WebAssembly.Instance(module, this.host.imports).exports;
  }

  get #memory(): WebAssembly.Memory | undefined {
    const memory = this.#exports[this.#shape.memory ?? ""];
    return memory instanceof WebAssembly.Memory ? memory : undefined;
  }

  get memory(): Uint8Array | undefined {
    const memory = this.#memory;
    return memory === undefined ? undefined : new Uint8Array(memory.buffer);
  }

  /** Exported globals as text. */
  get globals(): string {
    return this.#shape.globals.map(({ name }) => String(this.#global(name)?.value)).join();
  }

  get nanCount(): number {
    return Number(this.#global(NAN_EXPORT)?.value ?? 0);
  }

  /** Bits of executed instructions, 64 each. */
  get coverage(): bigint[] {
    const words: bigint[] = [];
    for (let global = this.#global(`${COVER_EXPORT}0`); global !== undefined;) {
      words.push(BigInt.asUintN(64, BigInt(global.value as bigint))); // an i64 global
      global = this.#global(`${COVER_EXPORT}${words.length}`);
    }
    return words;
  }

  #global(name: string): WebAssembly.Global | undefined {
    const global = this.#exports[name];
    return global instanceof WebAssembly.Global ? global : undefined;
  }

  #set(name: string, value: bigint | number): void {
    const global = this.#global(name);
    if (global !== undefined) global.value = value;
  }

  /** Fuel that a start section used, of a world that cannot be stopped. */
  get initialFuel(): bigint {
    return (1n << 61n) - this.#fuelLeft();
  }

  #fuelLeft(): bigint {
    return BigInt((this.#global(Instrumented.fuel)?.value as bigint | undefined) ?? 0n); // an i64 global
  }

  has(name: string): boolean {
    return this.#exports[name] !== undefined;
  }

  /** Counters do nothing in a module that has none. */
  call(name: string, parameters: readonly Passable[], budget: FuzzBudget = {}): CallReport {
    const metered = this.#global(Instrumented.status) !== undefined;
    let granted = budget.fuel ?? FUEL_PER_CALL;
    const before = metered ? granted : this.#fuelLeft();
    this.#prepare(granted, budget.depth ?? DEPTH_PER_CALL);
    this.host.slice = () => {
      const slice = budget.slice ?? 0n;
      if (slice === 0n || granted > FUEL_PER_CALL) return 0;
      granted += slice;
      this.#set(Instrumented.fuel, this.#fuelLeft() + slice);
      return 1;
    };
    this.host.takeLog();
    // What a sliced call is in debt at its end belongs to its total; the engine goes by the total.
    const outcome = this.#outcome(name, parameters, metered && budget.slice === undefined);
    const fuel = before - this.#fuelLeft() + (metered ? granted - before : 0n);
    return { outcome, fuel };
  }

  #prepare(fuel: bigint, depth: number): void {
    if (this.#global(Instrumented.status) === undefined) return;
    this.#set(Instrumented.fuel, fuel);
    this.#set(Instrumented.depth, depth);
    this.#set(Instrumented.status, 0);
    this.#set(Instrumented.charge, 0);
    this.#set(Instrumented.pagesMax, this.pagesMax);
  }

  #outcome(name: string, parameters: readonly Passable[], inAdvance: boolean): Outcome {
    const callee = this.#exports[name] as (...values: Passable[]) => unknown; // an exported function
    let value: unknown;
    try {
      value = callee(...parameters);
    } catch (error) {
      return this.#failure(error);
    }
    const host = this.host.takeLog();
    if (inAdvance && this.#fuelLeft() < 0n) return { kind: "out-of-fuel", host };
    const values = Array.isArray(value) ? value.map(String).join() : String(value);
    return { kind: "returned", values, host };
  }

  #failure(error: unknown): Outcome {
    const host = this.host.takeLog();
    if (error instanceof RangeError) return { kind: "native-stack", host };
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    const status: unknown = this.#global(Instrumented.status)?.value;
    if (status === InstrumentedStatus.OUT_OF_FUEL) return { kind: "out-of-fuel", host };
    if (status === InstrumentedStatus.OUT_OF_DEPTH) return { kind: "out-of-depth", host };
    if (status === InstrumentedStatus.HOST_MEMORY) return { kind: "host-memory", host };
    return { kind: "trapped", trap: error.message, host };
  }

  /** Whether its state can be saved and loaded: there is a memory with room, or nothing to save. */
  get movable(): boolean {
    return this.#shape.open && (this.memory?.length ?? 0) >= this.#stateBytes;
  }

  /** Through the functions that instrumentation adds, over the first bytes of memory. */
  save(): FuzzState {
    const memory = this.memory?.slice() ?? new Uint8Array();
    const globals = new Uint8Array(this.#stateBytes);
    if (this.#stateBytes > 0) {
      this.#move(Instrumented.stateSave);
      globals.set(this.memory?.subarray(0, this.#stateBytes) ?? []);
      this.memory?.set(memory.subarray(0, this.#stateBytes));
    }
    return { memory, globals };
  }

  /** Into this instance, or into a fresh one where the memory has another size. */
  load({ memory, globals }: FuzzState): void {
    if ((this.memory?.length ?? 0) !== memory.length) this.#renew(memory.length);
    if (this.#stateBytes > 0) {
      this.memory?.set(globals);
      this.#move(Instrumented.stateLoad);
    }
    this.memory?.set(memory);
  }

  #move(name: string): void {
    const move = this.#exports[name] as (pointer: number) => void; // added by instrumentation
    move(0);
  }

  #renew(memoryBytes: number): void {
    this.#exports = new WebAssembly.Instance(this.#module, this.host.imports).exports;
    this.#memory?.grow((memoryBytes - (this.memory?.length ?? 0)) / 65_536);
  }

  /** A fresh instance with nothing of this one. */
  twin(): FuzzWorld {
    return new FuzzWorld(this.#module, this.#shape, this.#stateBytes);
  }
}

/** First byte that differs, or `undefined`. Missing memories are equal to each other. */
export function firstDifference(
  left: Uint8Array | undefined,
  right: Uint8Array | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return left === right ? undefined : -1;
  if (left.length !== right.length) return Math.min(left.length, right.length);
  if (Buffer.compare(left, right) === 0) return undefined;
  return left.findIndex((byte, index) => byte !== right[index]);
}
