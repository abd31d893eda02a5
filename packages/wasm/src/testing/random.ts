/** Seeded random numbers for fuzz tests: xorshift32. The seed is the bug report. */

export interface Random {
  /** Whole number below `bound`. */
  below(bound: number): number;
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 0x9e37_79b9;
  return {
    below(bound) {
      state ^= state << 13;
      state >>>= 0;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state % bound;
    },
  };
}
