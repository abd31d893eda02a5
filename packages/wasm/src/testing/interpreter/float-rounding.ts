/** Rounding that JavaScript does not offer: to even, minimum and maximum with signed zeros, integers to f32. */

/** To the nearest integer, halves to even, with the sign of zero kept. */
export function nearest(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const floor = Math.floor(value);
  const over = value - floor;
  const up = over > 0.5 || (over === 0.5 && floor % 2 !== 0);
  const rounded = up ? floor + 1 : floor;
  return rounded === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rounded;
}

/** NaN where either is; -0 lies below 0. */
export function minimum(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return NaN;
  if (a === 0 && b === 0) return Object.is(a, -0) || Object.is(b, -0) ? -0 : 0;
  return a < b ? a : b;
}

export function maximum(a: number, b: number): number {
  return -minimum(-a, -b);
}

/**
 * An integer of up to 64 bits to f32, rounded once. What lies below the 53 bits that a double holds is kept as one
 * sticky bit, so that the rounding to double before the one to f32 is exact.
 */
export function integerToF32(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  if (magnitude < 1n << 53n) return Math.fround(Number(value));
  const sticky = (magnitude & 0x7ffn) === 0n ? 0n : 1n;
  const rounded = Math.fround(Number((magnitude >> 11n) | sticky)) * 2048;
  return value < 0n ? -rounded : rounded;
}

/** Truncated towards zero and held within bounds; NaN gives 0. */
export function saturate(value: number, lowest: number, highest: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(Math.trunc(value), lowest), highest);
}

export function saturate64(value: number, lowest: bigint, highest: bigint): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value === Infinity) return highest;
  if (value === -Infinity) return lowest;
  const whole = BigInt(Math.trunc(value));
  if (whole < lowest) return lowest;
  return whole > highest ? highest : whole;
}
