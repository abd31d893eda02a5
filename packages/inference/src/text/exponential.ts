/**
 * e to the power of x from additions and multiplications of float64 alone, which every machine rounds alike. The
 * language leaves the last bits of `Math.exp` to its implementation, and a sampled token hangs on them.
 */

/** ln 2 in two parts: the first has few enough bits that its products with small whole numbers are exact. */
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;
const log2E = 1.4426950408889634;
/** Terms of the power series: the first left out is below 2^-60 for arguments up to ln 2 / 2. */
const terms = 14;

/** e^x within two units in the last place; 0 below the smallest float64, Infinity above the largest. */
export function exponential(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const power = Math.round(x * log2E);
  const rest = x - power * ln2High - power * ln2Low;
  let sum = 1;
  for (let term = terms; term >= 1; term -= 1) sum = 1 + (sum * rest) / term;
  // In two steps: 2^power alone may be no normal number where the product is one.
  const half = Math.trunc(power / 2);
  return sum * twoTo(half) * twoTo(power - half);
}

const bits = new DataView(new ArrayBuffer(8));

/** 2^power by its exponent bits, for powers of normal numbers. */
function twoTo(power: number): number {
  bits.setUint32(0, (power + 1023) * 2 ** 20);
  return bits.getFloat64(0);
}
