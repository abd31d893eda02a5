/** Numbers for self-tests, equal on every machine: xorshift on 32 bits, each exact in float32. */

export class SeededNumbers {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  }

  /** A whole number of 32 bits. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  /** From −1 up to but not including 1, in steps of 2^−23. */
  float(): number {
    return (this.next() >>> 8) / 2 ** 23 - 1;
  }

  floats(count: number): number[] {
    return Array.from({ length: count }, () => this.float());
  }
}
