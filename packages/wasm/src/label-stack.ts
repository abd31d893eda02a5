/** Depths of branches where the written code nests deeper than the original: in its wrapper and guarded loops. */

import { assert } from "@wasm-engine/abi";

export class LabelStack {
  /** Level of each open construct's label in the written code; the first is the function's. */
  readonly #levels: number[] = [];
  readonly #guards: (number | undefined)[] = [];

  /** Begins a function, whose label is the wrapper's where there is one. */
  reset(wrapped: boolean): void {
    this.#levels.length = 0;
    this.#guards.length = 0;
    this.#levels.push(wrapped ? 1 : 0);
    this.#guards.push(undefined);
  }

  /** A construct begins; one with a guard is written inside of three others. */
  open(guard?: number): void {
    this.#levels.push(this.#level + (guard === undefined ? 1 : 4));
    this.#guards.push(guard);
  }

  /** The innermost construct ends. Gives its guard. */
  close(): number | undefined {
    assert(this.#levels.length > 1, "a construct is open");
    this.#levels.pop();
    return this.#guards.pop();
  }

  /** True where the innermost construct is guarded. */
  get guarded(): boolean {
    return this.#guards[this.#guards.length - 1] !== undefined;
  }

  /** True outside of all constructs. */
  get inFunction(): boolean {
    return this.#levels.length === 1;
  }

  leavesFunction(label: number): boolean {
    return label === this.#levels.length - 1;
  }

  /** Depth in the written code of a label of the original. */
  depth(label: number): number {
    const target = this.#levels[this.#levels.length - 1 - label];
    assert(target !== undefined, "the label exists");
    return this.#level - target;
  }

  get #level(): number {
    return this.#levels[this.#levels.length - 1] ?? 0;
  }
}
