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

/** Seed of one case: neighbours of the same run share nothing. */
export function derivedSeed(seed: number, index: number): number {
  let mixed = (seed ^ Math.imul(index + 1, 0x9e37_79b9)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0 || 1;
}

/** 32 random bits. */
export function bits(random: Random): number {
  return random.below(0x1_0000_0000);
}

export function oneIn(random: Random, count: number): boolean {
  return random.below(count) === 0;
}

export function pick<T>(random: Random, list: readonly T[]): T {
  const found = list[random.below(list.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}
