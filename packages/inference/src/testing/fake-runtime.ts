/**
 * A runtime whose sessions are functions of their inputs: for providers that break, kernels that mix rows, and other
 * things that no runtime at hand does on demand. It is a port's second adapter, not a mock: nothing counts its calls.
 */

import type { TensorBlock } from "@wasm-engine/abi";
import type { ProviderName } from "@wasm-engine/core";
import type { OnnxRuntime, RuntimeSource } from "../runtime/onnx-runtime.js";

export type Answer = (inputs: readonly TensorBlock[]) => readonly TensorBlock[];

/** Output `y` of the inputs' `x`, element by element; `at` is the row. */
export function rowwise(change: (value: number, row: number, rowCount: number) => number): Answer {
  return ([x]) => {
    if (x === undefined) return [];
    const values = new Float32Array(Uint8Array.from(x.data).buffer);
    const [rows = 1] = x.dimensions;
    const width = values.length / rows;
    const changed = values.map((value, index) => change(value, Math.floor(index / width), rows));
    return [{ ...x, name: "y", data: new Uint8Array(changed.buffer) }];
  };
}

export function fakeRuntime(name: string, answer: Answer): OnnxRuntime {
  return {
    describe: () => ({ runtime: `fake ${name}`, platform: "any", options: "none" }),
    createSession: () =>
      Promise.resolve({
        outputNames: ["y"],
        run: (inputs) => Promise.resolve().then(() => answer(inputs)),
        dispose: () => Promise.resolve(),
      }),
  };
}

/** Runtimes by provider; a text is the reason why there is none. */
export function fakeSource(runtimes: Partial<Record<ProviderName, OnnxRuntime | string>>): RuntimeSource {
  return (provider) => Promise.resolve(runtimes[provider] ?? `no ${provider} here`);
}
