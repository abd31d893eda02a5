/**
 * e^x and the logistic function from additions, multiplications and divisions alone: IEEE 754 fixes their bits, so
 * training gives the same model on every machine and version of Node. `Math.exp` may differ in its last bit.
 */

const ln2High = 0.69314718036912381649; // ln 2 without its last 21 bits: multiples up to 2^20 are exact
const ln2Low = 1.90821492927058770002e-10;
/** Degree at which the rest of the series is below 2^-53 for |r| ≤ ln 2 / 2. */
const seriesDegree = 13;

/** e^x within 2 units in the last place for |x| ≤ 700. */
export function exponential(x: number): number {
  const power = Math.round(x / (ln2High + ln2Low));
  const rest = x - power * ln2High - power * ln2Low;
  let sum = 1;
  for (let degree = seriesDegree; degree >= 1; degree -= 1) sum = 1 + (sum * rest) / degree;
  return sum * powerOfTwo(power);
}

/** 1 / (1 + e^-x). */
export function logistic(x: number): number {
  const bounded = Math.max(-700, Math.min(700, x));
  return 1 / (1 + exponential(-bounded));
}

function powerOfTwo(power: number): number {
  const factor = power < 0 ? 0.5 : 2;
  let result = 1;
  for (let count = Math.abs(power); count > 0; count -= 1) result *= factor;
  return result;
}
