/**
 * A compiled module with its initial image and its idle slots. Compilation happens once per digest; an instance
 * that is given back serves any later agent of the module whose memory is not smaller.
 */

import { assert, limits } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import { BaseImage } from "./base-image.js";
import type { ImageHost } from "./base-image.js";
import { fail } from "./errors.js";
import { EMPTY_LEDGER } from "./executor-contract.js";
import type { GuestModule } from "./executor-contract.js";
import type { GateHub } from "./gate-module.js";
import { GuestInstance } from "./guest-instance.js";
import { HostFailure, asHostFailure } from "./trap.js";
import { compileModule, instantiateModule } from "./webassembly.js";
import type { WasmImports, WasmModule } from "./webassembly.js";

/** What one executor shares between its modules. */
export interface ModuleSurroundings {
  readonly images: ImageHost;
  readonly imports: WasmImports;
  readonly gates: GateHub;
  /** Idle instances kept for the next agents. */
  readonly idleSlotsMax: number;
}

export class LoadedModule {
  readonly digest: ModuleDigest;
  /** Image of a new instance before any of its code ran. */
  readonly initial: BaseImage;
  readonly stateBytes: number;
  /** Exports `agent_export_state`. */
  readonly offersExport: boolean;
  /** Exports `agent_import_state`. */
  readonly offersImport: boolean;
  readonly offersDescribe: boolean;
  readonly #compiled: WasmModule;
  readonly #imports: WasmImports;
  readonly #gates: GateHub;
  /** By the size of their memories, the smallest first. */
  readonly #idle: GuestInstance[] = [];
  readonly #idleMax: number;
  #instantiations = 0;

  /** @throws {WE_EXECUTOR_MODULE_LINK} */
  constructor(module: GuestModule, surroundings: ModuleSurroundings) {
    this.digest = module.digest;
    this.#imports = { ...surroundings.imports, ...module.imports };
    this.#gates = surroundings.gates;
    this.#idleMax = surroundings.idleSlotsMax;
    this.#compiled = this.#guard(() => compileModule(module.bytes));
    const first = this.#instantiate();
    this.stateBytes = first.stateBytes;
    this.offersExport = first.entries.agent_export_state !== undefined;
    this.offersImport = first.entries.agent_import_state !== undefined;
    this.offersDescribe = first.entries.agent_describe !== undefined;
    this.initial = new BaseImage(surroundings.images, { ledger: EMPTY_LEDGER, initialised: false });
    this.initial.capture(first, { ledger: EMPTY_LEDGER, initialised: false });
    this.#idle.push(first);
  }

  get gates(): GateHub {
    return this.#gates;
  }

  /** Instances ever made. */
  get instantiations(): number {
    return this.#instantiations;
  }

  /** An instance whose memory has exactly `memoryBytes`; its content is of no account. */
  takeSlot(memoryBytes: number, memoryBytesMax: number): GuestInstance {
    assert(memoryBytes >= this.initial.memoryBytes, "memory never shrinks below its start");
    const index = this.#idle.findLastIndex((slot) => slot.memory.size <= memoryBytes);
    const slot = index < 0 ? this.#instantiate() : this.#idle.splice(index, 1)[0];
    assert(slot !== undefined, "a slot was found or made");
    const missing = (memoryBytes - slot.memory.size) / limits.wasmPageBytes;
    if (missing > 0) this.#guard(() => slot.memory.grow(missing));
    slot.assign(memoryBytesMax);
    assert(slot.memory.size === memoryBytes, "a slot has the size of its image");
    return slot;
  }

  /** Takes a slot back; what it holds is overwritten before it is used again. The largest serve fewest: they go. */
  giveBack(slot: GuestInstance): void {
    const before = this.#idle.findLastIndex((idle) => idle.memory.size <= slot.memory.size);
    this.#idle.splice(before + 1, 0, slot);
    const largest = this.#idle.length > this.#idleMax ? this.#idle.pop() : undefined;
    if (largest !== undefined) this.#gates.close(largest.gate);
  }

  #instantiate(): GuestInstance {
    const instance = this.#guard(() => instantiateModule(this.#compiled, this.#imports));
    this.#instantiations += 1;
    return new GuestInstance(instance, this, this.#instantiations === 1 ? undefined : this.stateBytes);
  }

  /** What the machine cannot bear is told from what is wrong with the module. */
  #guard<Result>(body: () => Result): Result {
    try {
      return body();
    } catch (error) {
      const failure = asHostFailure(error);
      if (failure instanceof HostFailure) throw failure;
      const reason = error instanceof Error ? error.message : String(error);
      throw fail("WE_EXECUTOR_MODULE_LINK", { digest: this.digest, reason });
    }
  }
}
