/**
 * An input file as a source: delivery by tick, records of one tick in file order. What fits is held in memory
 * (and sorted where needed); a larger file must be sorted and is read a second time while the world runs.
 */

import { assert } from "@wasm-engine/abi";
import type { Genesis } from "@wasm-engine/core";
import type { InputSource, InputSourceSpec, SourceInput } from "../world/contract.js";
import { inputError } from "./errors.js";
import { inputMapper } from "./input-mapper.js";
import type { MappedRecord } from "./input-mapper.js";
import { scanInput } from "./input-scan.js";
import { keptBytesMax } from "./limits.js";
import { readRecords } from "./record-reader.js";

interface DueRecord extends MappedRecord {
  readonly tick: number;
}

export class FileInputSource implements InputSource {
  readonly #records: () => Iterator<DueRecord>;
  #iterator: Iterator<DueRecord>;
  #next: DueRecord | undefined;
  #record = 0;

  /** @throws {WE_INPUT_CHANGED} {WE_INPUT_UNSORTED} and what a record of the file may have wrong. */
  constructor(spec: InputSourceSpec, genesis: Genesis) {
    const scan = scanInput(spec, genesis, true);
    if (spec.sha256 !== undefined && spec.sha256 !== scan.sha256) {
      const parameters = { file: spec.path, expected: spec.sha256, actual: scan.sha256 };
      throw inputError("WE_INPUT_CHANGED", parameters);
    }
    if (scan.records !== undefined) {
      const sorted = scan.records.map(due);
      // Array.prototype.sort is stable: records of one tick keep the order of the file.
      if (!scan.isSorted) sorted.sort((left, right) => left.tick - right.tick);
      this.#records = () => sorted[Symbol.iterator]();
    } else {
      if (!scan.isSorted) throw inputError("WE_INPUT_UNSORTED", { file: spec.path, bytesMax: keptBytesMax });
      this.#records = () => streamed(spec, genesis);
    }
    this.#iterator = this.#records();
    this.#advance();
  }

  get done(): boolean {
    return this.#next === undefined;
  }

  peekTick(): number | undefined {
    return this.#next?.tick;
  }

  take(tick: number): readonly SourceInput[] {
    const taken: SourceInput[] = [];
    while (this.#next !== undefined && this.#next.tick <= tick) {
      const { body, key } = this.#next;
      taken.push({ body, record: this.#record, ...(key === undefined ? {} : { key }) });
      this.#record += 1;
      this.#advance();
    }
    return taken;
  }

  seek(record: number): void {
    assert(Number.isSafeInteger(record) && record >= 0, "records are counted from 0");
    this.#iterator.return?.();
    this.#iterator = this.#records();
    this.#record = record;
    for (let skipped = 0; skipped < record; skipped++) this.#iterator.next();
    this.#advance();
  }

  close(): void {
    this.#iterator.return?.();
    this.#next = undefined;
  }

  #advance(): void {
    const result = this.#iterator.next();
    this.#next = result.done === true ? undefined : result.value;
  }
}

/** Without a time, record n is due at tick n. */
function due(record: MappedRecord, index: number): DueRecord {
  return { ...record, tick: record.tick ?? index };
}

function* streamed(spec: InputSourceSpec, genesis: Genesis): Generator<DueRecord> {
  const map = inputMapper(spec, genesis);
  let index = 0;
  for (const record of readRecords(spec.path, { format: spec.format })) {
    yield due(map(record), index);
    index += 1;
  }
}
