/** Renames the modules that a WebAssembly module imports from, leaving every other byte alone. */

import { assert } from "@wasm-engine/abi";

const headerBytes = 8;
const importSection = 2;

/** `rename(module, name)` gives the new module name of each import. */
export function renameImportModules(
  wasm: Uint8Array,
  rename: (module: string, name: string) => string,
): Uint8Array {
  const parts: Uint8Array[] = [wasm.subarray(0, headerBytes)];
  const reader = new Cursor(wasm, headerBytes);
  while (reader.offset < wasm.length) {
    const id = wasm[reader.offset++] ?? 0;
    const size = reader.unsigned();
    const body = wasm.subarray(reader.offset, reader.offset + size);
    reader.offset += size;
    const renamed = id === importSection ? renameSection(body, rename) : body;
    parts.push(Uint8Array.of(id), unsigned(renamed.length), renamed);
  }
  return Buffer.concat(parts);
}

function renameSection(body: Uint8Array, rename: (module: string, name: string) => string): Uint8Array {
  const reader = new Cursor(body, 0);
  const count = reader.unsigned();
  const parts: Uint8Array[] = [unsigned(count)];
  for (let index = 0; index < count; index++) {
    const module = reader.text();
    const name = reader.text();
    const start = reader.offset;
    reader.skipDescription();
    parts.push(text(rename(module, name)), text(name), body.subarray(start, reader.offset));
  }
  return Buffer.concat(parts);
}

class Cursor {
  readonly #bytes: Uint8Array;
  offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.offset = offset;
  }

  unsigned(): number {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.offset++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }

  text(): string {
    const bytes = this.unsigned();
    this.offset += bytes;
    return Buffer.from(this.#bytes.subarray(this.offset - bytes, this.offset)).toString();
  }

  /** Functions, tables, memories and globals: what toolchains emit. */
  skipDescription(): void {
    const kind = this.#bytes[this.offset++] ?? 0;
    assert(kind <= 3, "an import is a function, table, memory or global");
    if (kind === 0) this.unsigned();
    if (kind === 1) this.offset += 1;
    if (kind === 3) this.offset += 2;
    if (kind !== 1 && kind !== 2) return;
    const hasMaximum = (this.unsigned() & 1) === 1;
    this.unsigned();
    if (hasMaximum) this.unsigned();
  }
}

function unsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([unsigned(bytes.length), bytes]);
}
