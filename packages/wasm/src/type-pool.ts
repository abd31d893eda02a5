/** Function types of the instrumented module: the original ones in their order, added ones behind them. */

import { assert } from "@wasm-engine/abi";
import { Encoder } from "./encoder.js";

/** Parameters and results as bytes of value types. */
export interface Signature {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export class TypePool {
  readonly #signatures: Signature[];
  readonly #indices = new Map<string, number>();

  constructor(original: readonly Signature[]) {
    this.#signatures = [...original];
    for (const [index, signature] of original.entries()) {
      const key = keyOf(signature);
      if (!this.#indices.has(key)) this.#indices.set(key, index);
    }
  }

  /** Index of a type; it is added where the module has none like it. */
  index(parameters: readonly number[], results: readonly number[]): number {
    const signature: Signature = { parameters, results };
    const key = keyOf(signature);
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const index = this.#signatures.length;
    this.#signatures.push(signature);
    this.#indices.set(key, index);
    return index;
  }

  at(index: number): Signature {
    const signature = this.#signatures[index];
    assert(signature !== undefined, `type ${index} exists`);
    return signature;
  }

  /** Content of the type section. */
  encode(): Encoder {
    const content = new Encoder().u32(this.#signatures.length);
    for (const { parameters, results } of this.#signatures) {
      content
        .byte(0x60)
        .u32(parameters.length)
        .op(...parameters);
      content.u32(results.length).op(...results);
    }
    return content;
  }
}

function keyOf(signature: Signature): string {
  return `${signature.parameters.join(",")}:${signature.results.join(",")}`;
}
