/** Small seeded generator for random tests (splitmix32): the same seed gives the same choices everywhere. */

export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Whole number in [0, bound). */
  below(bound: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % bound;
  }

  /** True once in `odds` on average. */
  oneIn(odds: number): boolean {
    return this.below(odds) === 0;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  }
}

/**
 * Seeds of a random test: `SEED` repeats one, `ROUNDS` sets how many follow. Printed with
 * the command that repeats it.
 */
export function seeds(name: string, roundsDefault: number): number[] {
  const fixed = process.env["SEED"];
  const first = fixed === undefined ? 1 : Number(fixed);
  const rounds = Number(process.env["ROUNDS"] ?? (fixed === undefined ? roundsDefault : 1));
  process.stdout.write(`# ${name}: seeds ${first} to ${first + rounds - 1}; ROUNDS sets their number\n`);
  return Array.from({ length: rounds }, (_, index) => first + index);
}

/** Runs `body` and, where it fails, says how to repeat it. */
export function repeatable(seed: number, file: string, body: () => void): void {
  try {
    body();
  } catch (error) {
    process.stdout.write(`# repeat: SEED=${seed} node --test packages/core/dist/${file}\n`);
    throw error;
  }
}
