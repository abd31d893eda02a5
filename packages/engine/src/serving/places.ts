/** How many texts may be under way: what finds no place is refused at once. */

import { fail } from "./errors.js";

export class Places {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Does `work`, which has so many texts under way. @throws {WE_SERVE_TOO_MANY} and what it throws */
  async during<Result>(count: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#taken + count > this.#max)
      throw fail("WE_SERVE_TOO_MANY", { count: this.#taken, max: this.#max });
    this.#taken += count;
    try {
      return await work();
    } finally {
      this.#taken -= count;
    }
  }
}
