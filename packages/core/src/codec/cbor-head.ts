/** What CBOR reader and writer share: major types, limits, and the shortest float. */

export const Major = {
  UNSIGNED: 0,
  NEGATIVE: 1,
  BYTES: 2,
  TEXT: 3,
  LIST: 4,
  MAP: 5,
  TAG: 6,
  SIMPLE: 7,
} as const;

/** Additional information of major type 7. */
export const Simple = { FALSE: 20, TRUE: 21, NULL: 22, FLOAT16: 25, FLOAT32: 26, FLOAT64: 27 } as const;

/** Nesting beyond this is refused, so that no input can exhaust the native stack. */
export const cborDepthMax = 128;
export const u64Max = 0xffff_ffff_ffff_ffffn;
export const i64Min = -0x8000_0000_0000_0000n;

const float = new DataView(new ArrayBuffer(4));

/** The 16 bits of a finite number, or undefined where they do not hold it exactly. */
export function float16Bits(value: number): number | undefined {
  if (Math.fround(value) !== value) return undefined;
  const sign = value < 0 ? 0x8000 : 0;
  const units = Math.abs(value) * 2 ** 24;
  // Below 2^-14 a half float counts units of 2^-24.
  if (units < 1024) return Number.isInteger(units) ? sign | units : undefined;
  float.setFloat32(0, value);
  const bits = float.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 127;
  if (exponent > 15 || (bits & 0x1fff) !== 0) return undefined;
  return sign | ((exponent + 15) << 10) | ((bits & 0x7f_ffff) >>> 13);
}

/** The number that 16 bits stand for; NaN for infinities too, which canonical CBOR does not know. */
export function float16Value(bits: number): number {
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return NaN;
  const size = exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25);
  return (bits & 0x8000) === 0 ? size : -size;
}
