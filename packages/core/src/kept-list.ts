/**
 * A list that keeps its storage when it is emptied, for what is collected anew in every tick. It does not keep the
 * items: who has left the world is free.
 */

import { assert } from "@wasm-engine/abi";

/** Storage beyond this many places is given back where much less was used. */
const keptPlacesMax = 1024;

export class KeptList<Item> {
  /** Undefined beyond the length. */
  #items: (Item | undefined)[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(index: number): Item {
    const item = this.#items[index];
    assert(item !== undefined, "the list has that item");
    return item;
  }

  push(item: Item): void {
    if (this.#length < this.#items.length) this.#items[this.#length] = item;
    else this.#items.push(item);
    this.#length += 1;
  }

  /** Replaces an item that is there. */
  put(index: number, item: Item): void {
    assert(index < this.#length, "only items that are there are replaced");
    this.#items[index] = item;
  }

  clear(): void {
    if (this.#items.length > keptPlacesMax && this.#length * 8 < this.#items.length) this.#items = [];
    else this.#items.fill(undefined, 0, this.#length);
    this.#length = 0;
  }

  toArray(): Item[] {
    return Array.from({ length: this.#length }, (_, index) => this.at(index));
  }
}
