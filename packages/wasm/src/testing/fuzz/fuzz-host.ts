/**
 * The outside of a module in fuzz tests: functions whose results depend on their arguments alone, fresh memories,
 * tables and globals, and a log of everything that was asked.
 */

import { HOST_MODULE, Instrumented } from "@wasm-engine/abi";
import { ValueType } from "../../value-type.js";
import type { ImportShape } from "./module-shape.js";

export type Passable = number | bigint;

export class FuzzHost {
  readonly imports: WebAssembly.Imports = {};
  /** Calls since the last look, in words. */
  #log: string[] = [];
  /** Asked by instrumented modules when a slice is used up. */
  slice: () => number = () => 0;

  constructor(imports: readonly ImportShape[]) {
    for (const shape of imports) {
      const found = (this.imports[shape.module] ??= {});
      found[shape.name] = this.#item(shape);
    }
    const own = (this.imports[HOST_MODULE] ??= {});
    own[Instrumented.slice] = () => this.slice();
  }

  takeLog(): string {
    const text = this.#log.join(" ");
    this.#log = [];
    return text;
  }

  #item(shape: ImportShape): WebAssembly.ImportValue {
    switch (shape.kind) {
      case "function":
        return (...values: Passable[]) => this.#answer(shape.name, values, shape.type.results);
      case "memory":
        return new WebAssembly.Memory(limitsOf(shape.limits));
      case "table": {
        const element = shape.element === ValueType.FUNCREF ? "anyfunc" : "externref";
        // Left out, the elements of externref tables would be undefined, which is no null reference.
        return new WebAssembly.Table({ ...limitsOf(shape.limits), element }, null);
      }
      case "global":
        return new WebAssembly.Global(
          { value: globalTypes[shape.type] ?? "i32", mutable: shape.mutable },
          shape.type === ValueType.I64 ? 7n : 7,
        );
    }
  }

  #answer(name: string, values: readonly Passable[], results: readonly ValueType[]): unknown {
    // The bits of a NaN do not survive the way through JavaScript, so only that it is one is told.
    this.#log.push(`${name}(${values.map(String).join()})`);
    const answers = hostAnswers(values, results);
    return results.length <= 1 ? answers[0] : answers;
  }
}

/** Results of a host function: small numbers that depend on all arguments. */
export function hostAnswers(values: readonly Passable[], results: readonly ValueType[]): Passable[] {
  let mixed = 17;
  for (const character of values.map(String).join()) {
    mixed = (Math.imul(mixed, 31) + (character.codePointAt(0) ?? 0)) | 0;
  }
  return results.map((type, index) => {
    const number = (mixed >> index) % 1000;
    if (type === ValueType.I64) return BigInt(number);
    return type === ValueType.I32 ? number : number / 4;
  });
}

const globalTypes: Readonly<Record<number, "i32" | "i64" | "f32" | "f64" | "externref" | "anyfunc">> = {
  [ValueType.I32]: "i32",
  [ValueType.I64]: "i64",
  [ValueType.F32]: "f32",
  [ValueType.F64]: "f64",
};

function limitsOf({ minimum, maximum }: { minimum: number; maximum: number | undefined }): {
  initial: number;
  maximum?: number;
} {
  return maximum === undefined ? { initial: minimum } : { initial: minimum, maximum };
}
