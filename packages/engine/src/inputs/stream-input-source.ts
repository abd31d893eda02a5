/**
 * Records that arrive while the world runs: standard input. The order of delivery is the order of arrival; a
 * record with a time waits for its tick and holds back those behind it, one without enters the next tick.
 * Record numbers go on after a resume, whose stream holds what has not been sent yet.
 */

import type { Genesis } from "@wasm-engine/core";
import type { InputSource, InputSourceSpec, SourceInput } from "../world/contract.js";
import { inputMapper } from "./input-mapper.js";
import type { MapRecord, MappedRecord } from "./input-mapper.js";
import { RecordReader } from "./record-reader.js";
import type { FieldRecord } from "./record-reader.js";

export class StreamInputSource implements InputSource {
  readonly #reader: RecordReader;
  readonly #map: MapRecord;
  readonly #queue: MappedRecord[] = [];
  #record = 0;
  #hasEnded = false;
  /** The first bad record: thrown once what came before it is delivered. */
  #failure: { readonly error: unknown } | undefined;

  constructor(spec: InputSourceSpec, genesis: Genesis) {
    this.#reader = new RecordReader("<stdin>", spec.format);
    this.#map = inputMapper({ ...spec, path: "<stdin>" }, genesis);
  }

  /** Bytes have arrived. */
  push(chunk: Uint8Array): void {
    this.#collect(() => this.#reader.push(chunk));
  }

  /** No more bytes will arrive. */
  end(): void {
    if (this.#hasEnded) return;
    this.#collect(() => this.#reader.end());
    this.#hasEnded = true;
  }

  get done(): boolean {
    return this.#hasEnded && this.#queue.length === 0 && this.#failure === undefined;
  }

  peekTick(): number | undefined {
    const next = this.#queue[0];
    if (next !== undefined) return next.tick ?? 0;
    if (this.#failure !== undefined) throw this.#failure.error;
    return undefined;
  }

  take(tick: number): readonly SourceInput[] {
    const waiting = this.#queue.findIndex((record) => (record.tick ?? 0) > tick);
    const due = this.#queue.splice(0, waiting < 0 ? this.#queue.length : waiting);
    return due.map(({ body, key }) => {
      const record = this.#record;
      this.#record += 1;
      return { body, record, ...(key === undefined ? {} : { key }) };
    });
  }

  seek(record: number): void {
    this.#record = record;
  }

  close(): void {
    this.#hasEnded = true;
    this.#failure = undefined;
    this.#queue.length = 0;
  }

  #collect(records: () => Iterable<FieldRecord>): void {
    if (this.#failure !== undefined || this.#hasEnded) return;
    try {
      for (const record of records()) this.#queue.push(this.#map(record));
    } catch (error) {
      this.#failure = { error };
    }
  }
}
