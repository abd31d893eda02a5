/** The other end of the probes of a profiled module: an instance of the probe module, and the words in its ring. */

import { ProbeImport, probeModule } from "@wasm-engine/wasm";
import { compileModule, instantiateModule } from "./webassembly.js";
import type { WasmGlobal, WasmImports, WasmMemory } from "./webassembly.js";

export interface ProbeRing {
  /** For the profiled module. */
  readonly imports: WasmImports;
  /** All words of the ring; those that count are at its beginning. */
  readonly words: Int32Array;
  /** Number of words since the last call, which are from now on overwritten. */
  take(): number;
}

/** @param onFull called while guest code runs: the words have to be taken */
export function openProbeRing(onFull: () => void): ProbeRing {
  const instance = instantiateModule(compileModule(probeModule()), { host: { flush: onFull } });
  // The module exports exactly these.
  const { memory, position, code, operand } = instance.exports as {
    readonly memory: WasmMemory;
    readonly position: WasmGlobal<number>;
    readonly code: unknown;
    readonly operand: unknown;
  };
  return {
    imports: { [ProbeImport.module]: { [ProbeImport.code]: code, [ProbeImport.operand]: operand } },
    words: new Int32Array(memory.buffer),
    take: () => {
      const count = position.value / Int32Array.BYTES_PER_ELEMENT;
      position.value = 0;
      return count;
    },
  };
}
