/** Sections of a WebAssembly module as bytes, and the integers in them. Knows no meaning. */

export const SectionId = {
  custom: 0,
  import: 2,
  memory: 5,
  export: 7,
  start: 8,
  data: 11,
  dataCount: 12,
} as const;

export interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

const headerBytes = 8;

export function readSections(wasm: Uint8Array): Section[] {
  const reader = new SectionReader(wasm, headerBytes);
  const sections: Section[] = [];
  while (reader.offset < wasm.length) {
    const id = reader.byte();
    const bytes = reader.unsigned();
    sections.push({ id, body: reader.take(bytes) });
  }
  return sections;
}

/** A module of these sections, in their order. */
export function writeSections(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  const header = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  return concatenate([
    header,
    ...sections.flatMap(({ id, body }) => [Uint8Array.of(id), unsigned(body.length), body]),
  ]);
}

export class SectionReader {
  readonly #bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  byte(): number {
    return this.#bytes[this.offset++] ?? 0;
  }

  unsigned(): number {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  take(bytes: number): Uint8Array {
    this.offset += bytes;
    return this.#bytes.subarray(this.offset - bytes, this.offset);
  }

  /** A name: its length and UTF-8. */
  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }
}

/** Unsigned LEB128. */
export function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** Signed LEB128 of 32 bits. */
export function signed(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const isLast = (rest >> 6 === 0 && (rest & 64) === 0) || (rest >> 6 === -1 && (rest & 64) !== 0);
    bytes.push((rest & 127) | (isLast ? 0 : 128));
    if (isLast) return Uint8Array.from(bytes);
  }
}

export function name(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return concatenate([unsigned(bytes.length), bytes]);
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
