/**
 * Copies bytes between buffers. Messages and effect records begin at multiples of 8: short ones are moved eight
 * bytes at a time, because a call of `set` costs more than they do; everything else is left to `set`. What lies
 * behind the last byte stays as it was.
 */

/** Bytes above which `set` is faster. */
const bytesByHandMax = 384;
/** Offsets up to here may be divided by shifting; those of large memories go beyond. */
const shiftedOffsetMax = 0x7fff_ffff;

/** One buffer, byte by byte and eight bytes by eight. */
export class Words {
  readonly bytes: Uint8Array;
  readonly longs: BigInt64Array;

  /** `bytes` begins at a multiple of 8 of its buffer; a last part of less than 8 bytes is in `bytes` only. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.longs = new BigInt64Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 8));
  }
}

/** Copies `bytes` bytes from byte `sourceStart` of `source` to byte `targetStart` of `target`; both have them. */
export function copyAligned(
  source: Words,
  sourceStart: number,
  target: Words,
  targetStart: number,
  bytes: number,
): void {
  const isLong = bytes > bytesByHandMax || sourceStart + targetStart > shiftedOffsetMax;
  if (isLong || ((sourceStart | targetStart) & 7) !== 0) {
    target.bytes.set(source.bytes.subarray(sourceStart, sourceStart + bytes), targetStart);
    return;
  }
  const from = source.longs;
  const to = target.longs;
  const fromFirst = sourceStart >> 3;
  const toFirst = targetStart >> 3;
  const longCount = bytes >> 3;
  for (let index = 0; index < longCount; index += 1) to[toFirst + index] = from[fromFirst + index] ?? 0n;
  for (let index = bytes & ~7; index < bytes; index += 1) {
    target.bytes[targetStart + index] = source.bytes[sourceStart + index] ?? 0;
  }
}
