/**
 * Decimal text to the nearest double, exactly: every number that JavaScript reads reads the same here.
 * Small numbers take one multiplication; the rest is integer arithmetic on 32-bit limbs.
 */

/** Digits that can decide a rounding; one more stands for whatever follows. */
const DIGITS_MAX: i32 = 800;
/** Bits of 800 digits times 2^3900, the largest number that occurs, in limbs. */
const LIMBS_MAX: i32 = 256;

const powersOfTen: StaticArray<f64> = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22,
];

/** Little-endian limbs of the number at work. */
const limbs = memory.data(LIMBS_MAX * 4, 8);
let limbCount: i32 = 0;

/** Reads the checked JSON number in [start, end). */
export function decimalToDouble(start: usize, end: usize): f64 {
  let at = start;
  const negative = load<u8>(at) == 0x2d;
  if (negative) at += 1;
  const digitsStart = at;
  let mantissa: u64 = 0;
  let digits = 0;
  let scale = 0;
  let fraction = false;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e) {
      fraction = true;
      continue;
    }
    if (<u32>byte - 0x30 >= 10) break;
    if (mantissa != 0 || byte != 0x30) digits += 1;
    if (digits < 20) mantissa = mantissa * 10 + (<u64>byte - 0x30);
    if (fraction) scale -= 1;
  }
  const digitsEnd = at;
  if (at < end) scale += readExponent(at + 1, end);
  let value: f64;
  if (mantissa == 0) value = 0;
  else if (digits < 20 && mantissa <= 0x20000000000000 && scale >= -22 && scale <= 22) {
    value = scale < 0 ? <f64>mantissa / powersOfTen[-scale] : <f64>mantissa * powersOfTen[scale];
  } else if (digits + scale > 310) value = Infinity;
  else if (digits + scale < -330) value = 0;
  else value = exactly(digitsStart, digitsEnd, digits, scale);
  return negative ? -value : value;
}

function readExponent(start: usize, end: usize): i32 {
  let at = start;
  const negative = load<u8>(at) == 0x2d;
  if (negative || load<u8>(at) == 0x2b) at += 1;
  let exponent = 0;
  for (; at < end; at++) if (exponent < 100_000_000) exponent = exponent * 10 + (<i32>load<u8>(at) - 0x30);
  return negative ? -exponent : exponent;
}

/** The digits of [start, end), which may hold a point, times ten to the `scale`; rounded to nearest, ties to even. */
function exactly(start: usize, end: usize, digits: i32, scale: i32): f64 {
  let rest = scale;
  if (digits > DIGITS_MAX) rest += digits - DIGITS_MAX - 1;
  readDigits(start, end);
  let shift = 0;
  let sticky = false;
  if (rest >= 0) {
    for (; rest >= 9; rest -= 9) multiplyAdd(1_000_000_000, 0);
    for (; rest > 0; rest--) multiplyAdd(10, 0);
  } else {
    shift = (((-rest * 10) / 3 + 96) >> 5) << 5;
    shiftLeft(shift >> 5);
    for (; rest <= -9; rest += 9) if (divide(1_000_000_000) != 0) sticky = true;
    for (; rest < 0; rest++) if (divide(10) != 0) sticky = true;
  }
  return rounded(shift, sticky);
}

function readDigits(start: usize, end: usize): void {
  limbCount = 0;
  let taken = 0;
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x2e || (taken == 0 && byte == 0x30)) continue;
    taken += 1;
    if (taken <= DIGITS_MAX) multiplyAdd(10, <u32>byte - 0x30);
  }
  if (taken > DIGITS_MAX) multiplyAdd(10, 1);
}

function multiplyAdd(factor: u32, summand: u32): void {
  let carry: u64 = summand;
  for (let index = 0; index < limbCount; index++) {
    const at = limbs + ((<usize>index) << 2);
    carry += <u64>load<u32>(at) * factor;
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
  if (carry == 0) return;
  store<u32>(limbs + ((<usize>limbCount) << 2), <u32>carry);
  limbCount += 1;
}

function shiftLeft(count: i32): void {
  memory.copy(limbs + ((<usize>count) << 2), limbs, (<usize>limbCount) << 2);
  memory.fill(limbs, 0, (<usize>count) << 2);
  limbCount += count;
}

/** Divides in place; the remainder. */
function divide(divisor: u32): u32 {
  let rest: u64 = 0;
  for (let index = limbCount - 1; index >= 0; index--) {
    const at = limbs + ((<usize>index) << 2);
    rest = (rest << 32) | load<u32>(at);
    store<u32>(at, <u32>(rest / divisor));
    rest %= divisor;
  }
  if (load<u32>(limbs + ((<usize>limbCount - 1) << 2)) == 0) limbCount -= 1;
  return <u32>rest;
}

/** The limbs times 2^-shift as the nearest double; `sticky` says that a little more is meant. */
function rounded(shift: i32, sticky: bool): f64 {
  const count = limbCount;
  const high = load<u32>(limbs + ((<usize>count - 1) << 2));
  const zeros = <i32>clz<u32>(high);
  let top: u64 = (<u64>high) << 32;
  if (count > 1) top |= load<u32>(limbs + ((<usize>count - 2) << 2));
  let below: u32 = count > 2 ? load<u32>(limbs + ((<usize>count - 3) << 2)) : 0;
  if (zeros > 0) {
    top = (top << zeros) | ((<u64>below) >> (32 - zeros));
    below <<= zeros;
  }
  let more = sticky || below != 0;
  for (let index = count - 4; index >= 0 && !more; index--)
    more = load<u32>(limbs + ((<usize>index) << 2)) != 0;
  const exponent = count * 32 - zeros - 1 - shift;
  if (exponent > 1023) return Infinity;
  const precision = exponent >= -1022 ? 53 : 53 + 1022 + exponent;
  if (precision < 0) return 0;
  const dropped = 64 - precision;
  let kept: u64 = dropped == 64 ? 0 : top >> dropped;
  const half: u64 = (<u64>1) << (dropped - 1);
  const rest: u64 = dropped == 64 ? top : top & ((half << 1) - 1);
  if (rest > half || (rest == half && (more || (kept & 1) != 0))) kept += 1;
  if (exponent < -1022) return reinterpret<f64>(kept);
  return reinterpret<f64>(((<u64>(exponent + 1022)) << 52) + kept);
}
