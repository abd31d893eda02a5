/**
 * One instance of an instrumented module: a slot. It owns the exports, the memory views and the reserved globals;
 * which agent it holds is not its business.
 */

import { Instrumented, assert, limits } from "@wasm-engine/abi";
import { fail } from "./errors.js";
import type { Gate, GateHub } from "./gate-module.js";
import { GuestMemory } from "./guest-memory.js";
import type { WasmGlobal, WasmInstance, WasmMemory } from "./webassembly.js";

/** Entry points of the ABI; optional ones may be absent. */
export interface GuestEntries {
  readonly agent_init: () => number;
  readonly agent_step: (context: number) => number;
  readonly agent_receive: (message: number) => number;
  readonly agent_shutdown: () => number;
  readonly agent_alloc: (bytes: number) => number;
  readonly _initialize: (() => void) | undefined;
  readonly agent_export_state: (() => number) | undefined;
  readonly agent_import_state: ((pointer: number) => number) | undefined;
  readonly agent_describe: (() => number) | undefined;
  /** The module's former start function. */
  readonly start: (() => void) | undefined;
}

/** What an instance belongs to. */
export interface GuestSurroundings {
  readonly digest: string;
  readonly gates: GateHub;
}

/** What memory holds where state is saved for a moment: mostly little. */
const covered = new Uint8Array(1024);

export class GuestInstance {
  readonly entries: GuestEntries;
  readonly memory: GuestMemory;
  /** Where the hub finds the gate. */
  readonly place: number;
  /** The short way in, which the hub of the executor finds: what is done for every message goes through it. */
  readonly gate: Gate;
  readonly #charge: WasmGlobal<number>;
  readonly #fuel: WasmGlobal<bigint>;
  readonly #depth: WasmGlobal<number>;
  readonly #status: WasmGlobal<number>;
  readonly #pagesMax: WasmGlobal<number>;
  readonly #stateSave: (pointer: number) => void;
  readonly #stateLoad: (pointer: number) => void;
  readonly #stateBytes: number;
  readonly #exports: Readonly<Record<string, unknown>>;

  /** @param stateBytes bytes that `__we_state_save` writes; undefined where they are not known yet: measured. */
  constructor(instance: WasmInstance, surroundings: GuestSurroundings, stateBytes?: number) {
    const { digest, gates } = surroundings;
    this.#exports = instance.exports;
    const exports = new ExportReader(instance, digest);
    this.entries = exports.entries();
    const memory = exports.object<WasmMemory>("memory");
    this.memory = new GuestMemory(memory);
    this.#charge = exports.object(Instrumented.charge);
    this.#fuel = exports.object(Instrumented.fuel);
    this.#depth = exports.object(Instrumented.depth);
    this.#status = exports.object(Instrumented.status);
    this.#pagesMax = exports.object(Instrumented.pagesMax);
    this.#stateSave = exports.function(Instrumented.stateSave);
    this.#stateLoad = exports.function(Instrumented.stateLoad);
    if (this.memory.size < limits.wasmPageBytes) {
      throw fail("WE_EXECUTOR_MODULE_LINK", { digest, reason: "its memory has no page" });
    }
    this.gate = gates.open({
      memory,
      fuel: this.#fuel,
      depth: this.#depth,
      charge: this.#charge,
      alloc: this.entries.agent_alloc,
      receive: this.entries.agent_receive,
      step: this.entries.agent_step,
    });
    this.place = this.gate.place;
    this.#stateBytes = stateBytes ?? this.#measureState();
  }

  /** An exported function without parameters that returns a number or nothing; not one of the engine's or the ABI's. */
  plainFunction(name: string): (() => number | undefined) | undefined {
    const found = this.#exports[name];
    if (typeof found !== "function" || found.length > 0 || isReserved(name)) return undefined;
    const call = found as () => unknown; // kind checked here
    return () => {
      const result = call();
      return result === undefined ? undefined : Number(result);
    };
  }

  get stateBytes(): number {
    return this.#stateBytes;
  }

  /** Fuel left; negative where the last block overdrew it. */
  get fuel(): number {
    return Number(this.#fuel.value);
  }

  set fuel(value: number) {
    this.#fuel.value = BigInt(value);
  }

  get status(): number {
    return this.#status.value;
  }

  /** Logical stack for the next entry: every entry starts with all of it. */
  set depth(bytes: number) {
    this.#depth.value = bytes;
  }

  /** Gives the slot to an agent: quota set, nothing left of the last one in the reserved globals. */
  assign(memoryBytesMax: number): void {
    this.#pagesMax.value = Math.floor(memoryBytesMax / limits.wasmPageBytes);
    this.#status.value = 0;
    this.#charge.value = 0;
  }

  /**
   * Mutable globals and segment flags, bit by bit. Guest memory is as before.
   * @param known what they were; returned where they are the same
   */
  saveState(known?: Uint8Array): Uint8Array {
    const bytes = this.memory.bytes;
    const count = this.#stateBytes;
    const kept = covered.length < count ? new Uint8Array(count) : covered;
    for (let index = 0; index < count; index += 1) kept[index] = bytes[index] ?? 0;
    this.#stateSave(0);
    let isKnown = known?.length === count;
    for (let index = 0; isKnown && index < count; index += 1) isKnown = known?.[index] === bytes[index];
    const state = isKnown && known !== undefined ? known : bytes.slice(0, count);
    for (let index = 0; index < count; index += 1) bytes[index] = kept[index] ?? 0;
    return state;
  }

  loadState(state: Uint8Array): void {
    assert(state.length === this.#stateBytes, "state belongs to this module");
    const bytes = this.memory.bytes;
    const kept = bytes.slice(0, state.length);
    bytes.set(state, 0);
    this.#stateLoad(0);
    bytes.set(kept, 0);
  }

  /** Saves over two different patterns: what differs afterwards was not written. */
  #measureState(): number {
    const bytes = this.memory.bytes.subarray(0, limits.wasmPageBytes);
    const kept = bytes.slice();
    bytes.fill(0x55);
    this.#stateSave(0);
    const first = bytes.slice();
    bytes.fill(0xaa);
    this.#stateSave(0);
    let end = bytes.length;
    while (end > 0 && first[end - 1] === 0x55 && bytes[end - 1] === 0xaa) end -= 1;
    bytes.set(kept);
    return end;
  }
}

/** Entry points are called as turns do or not at all. */
function isReserved(name: string): boolean {
  return name.startsWith("agent_") || name.startsWith("__we_") || name === "_initialize";
}

/** Reads exports by name with the types that validation and instrumentation have established. */
class ExportReader {
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #digest: string;

  constructor(instance: WasmInstance, digest: string) {
    this.#exports = instance.exports;
    this.#digest = digest;
  }

  entries(): GuestEntries {
    return {
      agent_init: this.function("agent_init"),
      agent_step: this.function("agent_step"),
      agent_receive: this.function("agent_receive"),
      agent_shutdown: this.function("agent_shutdown"),
      agent_alloc: this.function("agent_alloc"),
      _initialize: this.#optional("_initialize"),
      agent_export_state: this.#optional("agent_export_state"),
      agent_import_state: this.#optional("agent_import_state"),
      agent_describe: this.#optional("agent_describe"),
      start: this.#optional(Instrumented.start),
    };
  }

  object<Type>(name: string): Type {
    const value = this.#exports[name];
    if (typeof value !== "object" || value === null) throw this.#missing(name);
    return value as Type; // kind checked here, type by the validator
  }

  function<Type extends (...values: never[]) => unknown>(name: string): Type {
    const value = this.#optional<Type>(name);
    if (value === undefined) throw this.#missing(name);
    return value;
  }

  #optional<Type extends (...values: never[]) => unknown>(name: string): Type | undefined {
    const value = this.#exports[name];
    return typeof value === "function" ? (value as Type) : undefined; // kind checked here, type by the validator
  }

  #missing(name: string): Error {
    return fail("WE_EXECUTOR_MODULE_LINK", { digest: this.#digest, reason: `export "${name}" is missing` });
  }
}
