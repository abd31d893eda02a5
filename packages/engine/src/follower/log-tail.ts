/**
 * Reads the committed ticks of a log in order, and goes on where it stopped when the log has grown. What a writer has
 * begun and not finished is left for the next look. Changes nothing on the disk.
 */

import { join } from "node:path";
import { LogReader, damageError, segmentHeaderBytes, segmentName } from "@wasm-engine/core";
import type { KnownGenesis, LogDamage } from "@wasm-engine/core";
import { seekLog } from "../storage/log-seek.js";
import { segmentBytesMax } from "../storage/limits.js";
import { segmentIndexes } from "../storage/log-segments.js";
import type { LogPlace, RecoveredTick } from "../storage/index.js";

/** A committed tick, and the chain head after it. */
export interface TailedTick extends Required<RecoveredTick> {
  readonly chainHead: Uint8Array;
}

export class LogTail {
  readonly #place: LogPlace;
  #reader: LogReader;
  /** Segments of the folder that were read, and the bytes that the last one had. */
  #segment = -1;
  #bytes = 0;

  /** The part before the reader was passed over, so damage may be that of a part that does not read by itself. */
  #isSought = false;

  /** `from`: commits up to this tick are not wanted, and what holds them need not be read. */
  constructor(place: LogPlace, from?: KnownGenesis & { readonly tick: number }) {
    this.#place = place;
    const sought = from === undefined ? undefined : seekLog(place, from, { tick: from.tick });
    this.#reader = sought?.reader ?? new LogReader(place.hasher);
    if (sought === undefined) return;
    [this.#segment, this.#isSought] = [sought.segment, true];
  }

  /** Tick of the last commit that was read. */
  get tick(): number {
    return this.#reader.state.tick;
  }

  /** The log was closed, and everything of it has been read. */
  get isClosed(): boolean {
    return this.#reader.closed;
  }

  /** Commits that have come since the last call. @throws {WE_LOG_DAMAGED} */
  *read(): Generator<TailedTick, void, undefined> {
    const last = this.tick;
    if (!this.#isSought) return yield* this.#readOn();
    let told = last;
    for (const entry of this.#readOn()) {
      told = entry.tick;
      yield entry;
    }
    if (this.#isSought) return;
    for (const entry of this.#readOn()) if (entry.tick > told) yield entry;
  }

  *#readOn(): Generator<TailedTick, void, undefined> {
    const { system, logFolder } = this.#place;
    const indexes = segmentIndexes(this.#place);
    for (const index of indexes) {
      if (index < this.#segment) continue;
      const bytes = system.read(join(logFolder, segmentName(index)), segmentBytesMax) ?? new Uint8Array();
      const isKnown = index === this.#segment;
      if (bytes.length < segmentHeaderBytes || (isKnown && bytes.length <= this.#bytes)) continue;
      const reader = this.#reader;
      const records = isKnown ? reader.readOn({ index, bytes }) : reader.read({ index, bytes });
      [this.#segment, this.#bytes] = [index, bytes.length];
      for (const record of records) {
        if (record.kind !== "commit") continue;
        const { commit, inputs } = record;
        yield { tick: commit.tick, commit, inputs, chainHead: reader.state.chainHead };
      }
      const damage = reader.damage;
      if (damage === undefined) continue;
      // A writer leaves what it has not finished in the last segment alone.
      if (damage.kind === "torn" && index === indexes.at(-1)) return;
      if (this.#isSought) {
        [this.#reader, this.#segment, this.#bytes] = [new LogReader(this.#place.hasher), -1, 0];
        this.#isSought = false;
        return;
      }
      throw damageError(damage satisfies LogDamage);
    }
  }
}
