/** Records of a CSV or JSON Lines stream with their fields by name. Knows formats, not what the fields mean. */

import type { Json } from "@wasm-engine/core";
import { cellValue } from "./cell-value.js";
import { parseCsvRecord } from "./csv.js";
import { inputError } from "./errors.js";
import { fileChunks } from "./file-chunks.js";
import { RecordSplitter } from "./record-splitter.js";
import type { TextRecord } from "./record-splitter.js";

export type RecordFormat = "csv" | "jsonl";

/** One record; `undefined` for a field that it does not have. */
export interface FieldRecord {
  /** Line it starts on, from 1. */
  readonly line: number;
  /** The record as JSON text: what an agent gets where no fields are chosen. */
  readonly json: () => string;
  /** Value of a field; CSV cells are numbers where they are written as one. */
  readonly value: (field: string) => Json | undefined;
  /** Value of a field as it is written. */
  readonly text: (field: string) => string | undefined;
  readonly names: () => readonly string[];
}

/** `csv` or `jsonl` by the extension of a path, with or without `.gz`; else `undefined`. */
export function formatOfPath(path: string): RecordFormat | undefined {
  const plain = path.endsWith(".gz") ? path.slice(0, -3) : path;
  if (plain.endsWith(".csv")) return "csv";
  return plain.endsWith(".jsonl") || plain.endsWith(".ndjson") ? "jsonl" : undefined;
}

/** Turns the text records of one stream into field records. */
export class RecordReader {
  readonly #file: string;
  readonly #splitter: RecordSplitter;
  readonly #isCsv: boolean;
  #header: ReadonlyMap<string, number> | undefined;

  constructor(file: string, format: RecordFormat) {
    this.#file = file;
    this.#isCsv = format === "csv";
    this.#splitter = new RecordSplitter(file, format);
  }

  *push(chunk: Uint8Array): Generator<FieldRecord> {
    for (const record of this.#splitter.push(chunk)) yield* this.#read(record);
  }

  /** The stream has ended. */
  *end(): Generator<FieldRecord> {
    for (const record of this.#splitter.end()) yield* this.#read(record);
    if (this.#isCsv && this.#header === undefined)
      throw this.#wrong(1, "the file is empty; a header line was expected");
  }

  *#read(record: TextRecord): Generator<FieldRecord> {
    if (record.text === "" || (!this.#isCsv && record.text.trim() === "")) return;
    if (!this.#isCsv) {
      yield this.#jsonRecord(record);
      return;
    }
    const parsed = parseCsvRecord(record.text);
    if ("cause" in parsed) throw this.#wrong(record.line + parsed.linesBefore, parsed.cause);
    if (this.#header === undefined) this.#header = this.#headerOf(record.line, parsed.cells);
    else yield this.#csvRecord(record.line, parsed.cells, this.#header);
  }

  #headerOf(line: number, cells: readonly string[]): ReadonlyMap<string, number> {
    const header = new Map<string, number>();
    for (const [index, name] of cells.entries()) {
      if (name.trim() === "") throw this.#wrong(line, `column ${index + 1} of the header has no name`);
      if (header.has(name))
        throw this.#wrong(line, `column ${JSON.stringify(name)} occurs twice in the header`);
      header.set(name, index);
    }
    return header;
  }

  #csvRecord(line: number, cells: readonly string[], header: ReadonlyMap<string, number>): FieldRecord {
    if (cells.length !== header.size) {
      throw this.#wrong(line, `the record has ${cells.length} cells, the header has ${header.size}`);
    }
    const text = (field: string): string | undefined => {
      const index = header.get(field);
      return index === undefined ? undefined : cells[index];
    };
    const value = (field: string): Json | undefined => {
      const cell = text(field);
      return cell === undefined ? undefined : cellValue(cell);
    };
    const names = (): readonly string[] => [...header.keys()];
    const json = (): string => JSON.stringify(Object.fromEntries(names().map((name) => [name, value(name)])));
    return { line, value, text, names, json };
  }

  #jsonRecord(record: TextRecord): FieldRecord {
    const parsed = this.#parseJson(record);
    const members = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : {};
    // Own members only: a field called "constructor" is not there unless the record has it.
    const value = (field: string): Json | undefined =>
      Object.hasOwn(members, field) ? (members as Record<string, Json>)[field] : undefined;
    const text = (field: string): string | undefined => {
      const found = value(field);
      return found === undefined || typeof found === "string" ? found : JSON.stringify(found);
    };
    return {
      line: record.line,
      value,
      text,
      names: () => Object.keys(members),
      json: () => record.text.trim(),
    };
  }

  #parseJson(record: TextRecord): Json {
    try {
      return JSON.parse(record.text) as Json; // what JSON.parse returns
    } catch (error) {
      // The message differs between Node versions and is for people only.
      const detail = error instanceof Error ? error.message : String(error);
      throw this.#wrong(record.line, `the line is not valid JSON: ${detail}`);
    }
  }

  #wrong(line: number, cause: string): Error {
    return inputError("WE_INPUT_SYNTAX", { at: `${this.#file}:${line}`, file: this.#file, line, cause });
  }
}

/** Every record of a file, read chunk by chunk. `seen` gets the bytes on the disk, for a digest. */
export function* readRecords(
  path: string,
  options: { readonly format: RecordFormat; readonly seen?: (bytes: Uint8Array) => void },
): Generator<FieldRecord> {
  const reader = new RecordReader(path, options.format);
  for (const chunk of fileChunks(path, options.seen)) yield* reader.push(chunk);
  yield* reader.end();
}
