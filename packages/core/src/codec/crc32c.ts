/** CRC-32C (Castagnoli), eight bytes at a time: finds damage, proves nothing against a forger. */

const polynomial = 0x82f6_3b78;
const tables: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    first[byte] = crc >>> 0;
  }
  const made = [first];
  while (made.length < 8) {
    const previous = made.at(-1);
    made.push(Uint32Array.from(first, (_, byte) => nextZero(first, at(previous, byte))));
  }
  return made;
}

/** The CRC register after one more zero byte. */
function nextZero(first: Uint32Array, crc: number): number {
  return ((crc >>> 8) ^ at(first, crc & 0xff)) >>> 0;
}

function at(table: Uint32Array | Uint8Array | undefined, index: number): number {
  return table?.[index] ?? 0;
}

/** CRC of bytes `start` to `end` of `bytes`, going on from `crc` (the CRC of what came before). */
export function crc32c(bytes: Uint8Array, crc = 0, start = 0, end: number = bytes.length): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let value = ~crc;
  let index = start;
  for (const last = end - 7; index < last; index += 8) {
    value ^=
      at(bytes, index) |
      (at(bytes, index + 1) << 8) |
      (at(bytes, index + 2) << 16) |
      (at(bytes, index + 3) << 24);
    value =
      at(t7, value & 0xff) ^
      at(t6, (value >>> 8) & 0xff) ^
      at(t5, (value >>> 16) & 0xff) ^
      at(t4, value >>> 24) ^
      at(t3, at(bytes, index + 4)) ^
      at(t2, at(bytes, index + 5)) ^
      at(t1, at(bytes, index + 6)) ^
      at(t0, at(bytes, index + 7));
  }
  for (; index < end; index += 1) value = at(t0, (value ^ at(bytes, index)) & 0xff) ^ (value >>> 8);
  return ~value >>> 0;
}
