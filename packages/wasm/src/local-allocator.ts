/** Locals that instrumentation appends behind those of a function, allocated by purpose when first needed. */

import { Encoder } from "./encoder.js";
import type { LocalsGroup } from "./module.js";

export class LocalAllocator {
  readonly #groups: LocalsGroup[];
  readonly #indices = new Map<string, number>();
  #next: number;

  /** @param first number of parameters and declared locals */
  constructor(groups: readonly LocalsGroup[], first: number) {
    this.#groups = [...groups];
    this.#next = first;
  }

  /** Local of this purpose. */
  get(purpose: string, type: LocalsGroup["type"]): number {
    const known = this.#indices.get(purpose);
    if (known !== undefined) return known;
    const index = this.#next;
    this.#next += 1;
    this.#indices.set(purpose, index);
    this.#groups.push({ count: 1, type });
    return index;
  }

  /** Declaration of all locals at the head of a body. */
  encode(): Encoder {
    const merged: { count: number; type: number }[] = [];
    for (const { count, type } of this.#groups) {
      const last = merged[merged.length - 1];
      if (last?.type === type) last.count += count;
      else if (count > 0) merged.push({ count, type });
    }
    const declaration = new Encoder(16).u32(merged.length);
    for (const { count, type } of merged) declaration.u32(count).byte(type);
    return declaration;
  }
}
