/**
 * Cuts a byte stream into records at line ends, for CSV only at those outside quotes. Works on bytes because
 * every byte it looks for is ASCII, which UTF-8 uses for nothing else; each record is decoded once, whole.
 */

import { decodeUtf8 } from "@wasm-engine/abi";
import { inputError } from "./errors.js";
import { recordBytesMax } from "./limits.js";

/** A record as text, without its line end, and the line it starts on, from 1. */
export interface TextRecord {
  readonly line: number;
  readonly text: string;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;

export class RecordSplitter {
  readonly #file: string;
  readonly #isCsv: boolean;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #line = 1;
  #linesInside = 0;
  #isQuoted = false;
  #isFirst = true;

  constructor(file: string, format: "csv" | "jsonl") {
    this.#file = file;
    this.#isCsv = format === "csv";
  }

  /** Records that are complete with this chunk. */
  push(chunk: Uint8Array): TextRecord[] {
    const records: TextRecord[] = [];
    let start = 0;
    for (let offset = 0; offset < chunk.length; offset++) {
      const byte = chunk[offset];
      if (byte === quote && this.#isCsv) this.#isQuoted = !this.#isQuoted;
      if (byte !== lineFeed) continue;
      if (this.#isQuoted) {
        this.#linesInside += 1;
        continue;
      }
      this.#keep(chunk.subarray(start, offset));
      this.#flush(records);
      start = offset + 1;
    }
    // Copied: the caller may fill the same buffer again.
    if (start < chunk.length) this.#keep(new Uint8Array(chunk.subarray(start)));
    return records;
  }

  /** The last record, where the stream did not end with a line end. */
  end(): TextRecord[] {
    const records: TextRecord[] = [];
    if (this.#keptBytes > 0) this.#flush(records);
    return records;
  }

  #keep(bytes: Uint8Array): void {
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    if (this.#keptBytes <= recordBytesMax) return;
    const at = `${this.#file}:${this.#line}`;
    throw inputError("WE_INPUT_RECORD_SIZE", { at, bytes: this.#keptBytes, bytesMax: recordBytesMax });
  }

  #flush(records: TextRecord[]): void {
    const line = this.#line;
    let bytes = this.#kept.length === 1 ? (this.#kept[0] ?? new Uint8Array()) : Buffer.concat(this.#kept);
    if (bytes[bytes.length - 1] === carriageReturn) bytes = bytes.subarray(0, -1);
    const decoded = decodeUtf8(bytes);
    const cause = "the record is not valid UTF-8";
    if (decoded === undefined) throw inputError("WE_INPUT_SYNTAX", { at: `${this.#file}:${line}`, cause });
    const text = this.#isFirst && decoded.startsWith("\ufeff") ? decoded.slice(1) : decoded;
    records.push({ line, text });
    this.#isFirst = false;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#line += 1 + this.#linesInside;
    this.#linesInside = 0;
  }
}
