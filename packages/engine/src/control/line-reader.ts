/** Lines of a byte stream. Holds one unfinished line, at most as long as it was told. */

import { decodeUtf8 } from "@wasm-engine/abi";

const newline = 10;

export class LineReader {
  readonly #bytesMax: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that `chunk` completes, without empty ones; undefined where one is longer than allowed. */
  push(chunk: Uint8Array): readonly string[] | undefined {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      if (!this.#keep(chunk.subarray(start, end))) return undefined;
      const line = this.#take();
      if (line !== "") lines.push(line);
      start = end + 1;
    }
    return this.#keep(chunk.subarray(start)) ? lines : undefined;
  }

  #keep(part: Uint8Array): boolean {
    if (part.length === 0) return true;
    this.#chunks.push(part);
    this.#bytes += part.length;
    return this.#bytes <= this.#bytesMax;
  }

  #take(): string {
    // What is not UTF-8 is no JSON either, and must not be taken for what it would be replaced by.
    const text = decodeUtf8(Buffer.concat(this.#chunks, this.#bytes)) ?? "\u0000";
    this.#chunks = [];
    this.#bytes = 0;
    return text.trim();
  }
}
