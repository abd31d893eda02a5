/**
 * Images of all agents as they are at one tick, handed over little by little while the world goes on. What they
 * consist of stays where it is: heads are noted at once, pages are read from the bases, and a base that is about to
 * change is handed over before it does. It does not decide when a tick is one at which bases are up to date.
 */

import { assert } from "@wasm-engine/abi";
import type { BaseImage } from "./base-image.js";
import type { AgentImage, PagedImage } from "./executor-contract.js";

/** An image whose pages are still to be read. */
export interface OwedImage {
  readonly head: Omit<AgentImage, "memory">;
  readonly base: BaseImage;
}

export class OwedImages {
  #owed: readonly OwedImage[] = [];
  #next = 0;
  #all = false;
  /** Handed over before their turn, because their bases changed. */
  #early: PagedImage[] = [];
  readonly #given = new Set<BaseImage>();

  /** Images of this moment; what was still owed is forgotten. @param all with the bytes of every page */
  begin(images: readonly OwedImage[], all: boolean): void {
    for (const { base } of this.#owed) base.notOwed();
    this.#given.clear();
    this.#early = [];
    this.#owed = images;
    this.#next = 0;
    this.#all = all;
    for (const image of images) {
      image.base.owe(() => {
        this.#early.push(this.#read(image));
      });
    }
  }

  /** About `count` images that were not handed over yet; none where all were. */
  take(count: number): readonly PagedImage[] {
    assert(count > 0, "something is taken");
    const images = this.#early;
    this.#early = [];
    for (; images.length < count && this.#next < this.#owed.length; this.#next += 1) {
      const image = this.#owed[this.#next];
      if (image !== undefined && !this.#given.has(image.base)) images.push(this.#read(image));
    }
    if (images.length === 0) {
      this.#owed = [];
      this.#given.clear();
    }
    return images;
  }

  #read({ head, base }: OwedImage): PagedImage {
    base.notOwed();
    this.#given.add(base);
    return { ...head, memoryBytes: base.memoryBytes, ...base.pagesSince(this.#all) };
  }
}
