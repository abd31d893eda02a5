/** CRC-32C (Castagnoli), eight bytes at a time: finds damage, proves nothing against a forger. */

const polynomial = 0x82f6_3b78;
/** Eight tables of 256 one after the other; table n is the register after n more zero bytes. */
const table: Int32Array = makeTables();
/** Shorter ranges are not worth a view. */
const viewBytesMin = 32;

/** Signed words: what has more than 31 bits would be a number of the heap. */
function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let index = 256; index < made.length; index += 1) {
    const previous = made[index - 256] ?? 0;
    made[index] = (previous >>> 8) ^ (made[previous & 0xff] ?? 0);
  }
  return made;
}

function at(index: number): number {
  return table[index] ?? 0;
}

let lastView: DataView = new DataView(new ArrayBuffer(0));

/** Records lie in few buffers, one after the other: a view of each record would cost more than its CRC. */
function viewOf(buffer: ArrayBufferLike): DataView {
  if (lastView.buffer !== buffer) lastView = new DataView(buffer);
  return lastView;
}

/** CRC of bytes `start` to `end` of `bytes`, going on from `crc` (the CRC of what came before). */
export function crc32c(bytes: Uint8Array, crc = 0, start = 0, end: number = bytes.length): number {
  let value = ~crc;
  let index = start;
  if (end - start >= viewBytesMin) {
    const view = viewOf(bytes.buffer);
    const first = bytes.byteOffset;
    for (const last = end - 7; index < last; index += 8) {
      const low = value ^ view.getInt32(first + index, true);
      const high = view.getInt32(first + index + 4, true);
      value =
        at(0x700 + (low & 0xff)) ^
        at(0x600 + ((low >>> 8) & 0xff)) ^
        at(0x500 + ((low >>> 16) & 0xff)) ^
        at(0x400 + (low >>> 24)) ^
        at(0x300 + (high & 0xff)) ^
        at(0x200 + ((high >>> 8) & 0xff)) ^
        at(0x100 + ((high >>> 16) & 0xff)) ^
        at(high >>> 24);
    }
  }
  for (; index < end; index += 1) value = at((value ^ (bytes[index] ?? 0)) & 0xff) ^ (value >>> 8);
  return ~value >>> 0;
}
