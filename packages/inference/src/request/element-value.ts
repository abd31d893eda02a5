/** Single elements between bytes and JSON numbers: what each type can hold, exactly or rounded. */

import { TensorType, unreachable } from "@wasm-engine/abi";

/** Writes a JSON value as an element; a text says why it cannot be one. */
export function writeElement(
  view: DataView,
  offset: number,
  type: TensorType,
  value: unknown,
): string | undefined {
  if (type === TensorType.BOOL) {
    if (typeof value !== "boolean" && value !== 0 && value !== 1) return `${shown(value)} is no boolean`;
    view.setUint8(offset, Number(value));
    return undefined;
  }
  if (typeof value !== "number") return `${shown(value)} is no number`;
  const range = INTEGER_RANGES.get(type);
  if (range !== undefined) {
    const [least, most] = range;
    if (!Number.isInteger(value) || value < least || value > most)
      return `${value} is no whole number from ${least} to ${most}`;
  }
  return writeNumber(view, offset, type, value);
}

const INTEGER_RANGES: ReadonlyMap<TensorType, readonly [number, number]> = new Map([
  [TensorType.UINT8, [0, 255]],
  [TensorType.INT8, [-128, 127]],
  [TensorType.INT16, [-32768, 32767]],
  [TensorType.INT32, [-2147483648, 2147483647]],
  [TensorType.INT64, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
]);

function writeNumber(
  view: DataView,
  offset: number,
  type: Exclude<TensorType, 9>,
  value: number,
): string | undefined {
  switch (type) {
    case TensorType.FLOAT32:
      view.setFloat32(offset, value, true);
      return Number.isFinite(Math.fround(value)) ? undefined : `${value} is beyond float32`;
    case TensorType.FLOAT16: {
      const bits = halfBits(value);
      view.setUint16(offset, bits, true);
      return (bits & 0x7c00) === 0x7c00 ? `${value} is beyond float16` : undefined;
    }
    case TensorType.FLOAT64:
      view.setFloat64(offset, value, true);
      return undefined;
    case TensorType.UINT8:
      view.setUint8(offset, value);
      return undefined;
    case TensorType.INT8:
      view.setInt8(offset, value);
      return undefined;
    case TensorType.INT16:
      view.setInt16(offset, value, true);
      return undefined;
    case TensorType.INT32:
      view.setInt32(offset, value, true);
      return undefined;
    case TensorType.INT64:
      view.setBigInt64(offset, BigInt(value), true);
      return undefined;
    default:
      return unreachable(type);
  }
}

/** An element as a JSON value; a text says what JSON cannot say of it. */
export function readElement(
  view: DataView,
  offset: number,
  type: TensorType,
): { readonly value: number | boolean } | string {
  if (type === TensorType.BOOL) return { value: view.getUint8(offset) !== 0 };
  const value = readNumber(view, offset, type);
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? { value: number } : `${value}, which no JSON number holds exactly`;
  }
  return Number.isFinite(value) ? { value } : String(value);
}

function readNumber(view: DataView, offset: number, type: Exclude<TensorType, 9>): number | bigint {
  switch (type) {
    case TensorType.FLOAT32:
      return view.getFloat32(offset, true);
    case TensorType.FLOAT16:
      return halfValue(view.getUint16(offset, true));
    case TensorType.FLOAT64:
      return view.getFloat64(offset, true);
    case TensorType.UINT8:
      return view.getUint8(offset);
    case TensorType.INT8:
      return view.getInt8(offset);
    case TensorType.INT16:
      return view.getInt16(offset, true);
    case TensorType.INT32:
      return view.getInt32(offset, true);
    case TensorType.INT64:
      return view.getBigInt64(offset, true);
    default:
      return unreachable(type);
  }
}

/** Bits of the nearest 16-bit float, ties to even. Node has no such array before version 24. */
export function halfBits(value: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  // Halfway between the largest half float and what would come next: ties go to the even one, which is infinity.
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  const exact = size < 2 ** exponent ? exponent - 1 : size >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  // A mantissa that rounds up to the next power of two carries into the exponent by the addition.
  return sign | (((exact + 15) << 10) + roundToEven((size / 2 ** exact - 1) * 1024));
}

export function halfValue(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Never the whole of it: a request may nest arrays deeper than a recursive writer gets. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return JSON.stringify(typeof value === "string" ? value.slice(0, 40) : value);
}
