/** An instrumented module with a host for tests: sets the counters before an entry and reads them after. */

import { HOST_MODULE, Instrumented, InstrumentedStatus } from "@wasm-engine/abi";
import { ProbeImport } from "../fuel-probe.js";

export interface GuestHost {
  /** Host functions of the module under test, by import name. */
  readonly functions?: Readonly<Record<string, (...values: never[]) => unknown>>;
  /** Fuel to add when a slice is used up; 0 ends the invocation. Gets the negative counter. */
  readonly slice?: (left: bigint) => bigint;
  /** Functions that a profiled module tells. */
  readonly probes?: WebAssembly.ModuleImports;
}

export interface CallResult {
  /** `undefined` where the call trapped. */
  readonly value: unknown;
  readonly trap: string | undefined;
  readonly status: number;
  readonly fuelLeft: bigint;
  /** The rule of the engine: trapped for fuel, or below zero at the end. */
  readonly outOfFuel: boolean;
}

export interface Budget {
  readonly fuel?: bigint;
  readonly depth?: number;
  readonly pages?: number;
}

export const PLENTY_OF_FUEL: bigint = 1n << 60n;

export class MeteredGuest {
  readonly exports: WebAssembly.Exports;
  /** Slices granted since the last call began. */
  granted = 0n;

  constructor(bytes: Uint8Array, host: GuestHost = {}) {
    const module = new WebAssembly.Module(bytes as BufferSource); // never shared memory
    const slice = (): number => {
      const more = host.slice?.(this.global(Instrumented.fuel)) ?? 0n;
      if (more === 0n) return 0;
      this.granted += more;
      this.set(Instrumented.fuel, this.global(Instrumented.fuel) + more);
      return 1;
    };
    const imports = { ...host.functions, [Instrumented.slice]: slice } as WebAssembly.ModuleImports; // functions only
    const all = { [HOST_MODULE]: imports, [ProbeImport.module]: host.probes ?? {} };
    this.exports = new WebAssembly.Instance(module, all).exports;
  }

  get memory(): Uint8Array {
    const memory = this.exports["memory"];
    if (!(memory instanceof WebAssembly.Memory)) throw new Error("no memory is exported");
    return new Uint8Array(memory.buffer);
  }

  global(name: string): bigint {
    const global = this.exports[name];
    if (!(global instanceof WebAssembly.Global)) throw new Error(`no global ${name}`);
    return BigInt(global.value as bigint | number); // counters are integers
  }

  set(name: string, value: bigint): void {
    const global = this.exports[name];
    if (!(global instanceof WebAssembly.Global)) throw new Error(`no global ${name}`);
    global.value = typeof global.value === "bigint" ? value : Number(value);
  }

  call(name: string, parameters: readonly (number | bigint)[] = [], budget: Budget = {}): CallResult {
    this.granted = 0n;
    this.set(Instrumented.fuel, budget.fuel ?? PLENTY_OF_FUEL);
    this.set(Instrumented.depth, BigInt(budget.depth ?? 256 * 1024));
    this.set(Instrumented.status, 0n);
    this.set(Instrumented.charge, 0n);
    this.set(Instrumented.pagesMax, BigInt(budget.pages ?? 65_536));
    const callee = this.exports[name] as (...values: (number | bigint)[]) => unknown; // called by name in tests
    let value: unknown;
    let trap: string | undefined;
    try {
      value = callee(...parameters);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      trap = error.message;
    }
    const status = Number(this.global(Instrumented.status));
    const fuelLeft = this.global(Instrumented.fuel);
    const outOfFuel = trap === undefined ? fuelLeft < 0n : status === InstrumentedStatus.OUT_OF_FUEL;
    return { value, trap, status, fuelLeft, outOfFuel };
  }

  /** Fuel of a call that succeeds. */
  fuelOf(name: string, parameters: readonly (number | bigint)[] = []): bigint {
    const result = this.call(name, parameters);
    if (result.trap !== undefined) throw new Error(`${name} trapped: ${result.trap}`);
    return PLENTY_OF_FUEL - result.fuelLeft;
  }
}

/** A module metered by the oracle: its counter starts at 2^61 and only falls. */
export class OracleGuest {
  readonly #exports: WebAssembly.Exports;

  constructor(bytes: Uint8Array, functions: GuestHost["functions"] = {}) {
    const module = new WebAssembly.Module(bytes as BufferSource); // never shared memory
    const imports = { [HOST_MODULE]: functions as WebAssembly.ModuleImports }; // functions only
    this.#exports = new WebAssembly.Instance(module, imports).exports;
  }

  #left(): bigint {
    const counter = this.#exports[Instrumented.fuel] as WebAssembly.Global; // added by the oracle
    return BigInt(counter.value as bigint); // an i64 global
  }

  /** Fuel and value, or the trap. */
  call(
    name: string,
    parameters: readonly (number | bigint)[],
  ): { fuel: bigint; value: unknown; trap: string | undefined } {
    const before = this.#left();
    const callee = this.#exports[name] as (...values: (number | bigint)[]) => unknown; // called by name in tests
    try {
      const value = callee(...parameters);
      return { fuel: before - this.#left(), value, trap: undefined };
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return { fuel: before - this.#left(), value: undefined, trap: error.message };
    }
  }
}
