/**
 * The event log without a thread of its own: bytes wait in the heap until `poll`, which writes and syncs them. For
 * worlds that
 * run inside their client, for tests and for simulation.
 */

import { EngineError, assert, unreachable } from "@wasm-engine/abi";
import type { LogChunk, LogEncoder } from "@wasm-engine/core";
import type { EventLog, LogCondition, LogEntry, LogOptions } from "./contract.js";
import { DurableTrail } from "./durable-trail.js";
import { storageError } from "./errors.js";
import { inlinePendingBytesMax, periodMsDefault } from "./limits.js";
import type { SegmentWriter } from "./segment-writer.js";

export interface InlineLogParts {
  readonly encoder: LogEncoder;
  readonly writer: SegmentWriter;
  readonly options: LogOptions;
  /** Milliseconds of a clock that only goes forward; paces syncs in durability `periodic`. */
  readonly nowMs: () => number;
}

export class InlineEventLog implements EventLog {
  readonly #encoder: LogEncoder;
  readonly #writer: SegmentWriter;
  readonly #options: LogOptions;
  readonly #nowMs: () => number;
  readonly #trail: DurableTrail;
  #pending: LogChunk[] = [];
  #pendingBytes = 0;
  #syncedMs: number;
  #condition: LogCondition = "open";
  #failure: EngineError | undefined;
  /** The closing record is appended, though perhaps not written. */
  #isClosing = false;

  constructor({ encoder, writer, options, nowMs }: InlineLogParts) {
    this.#encoder = encoder;
    this.#writer = writer;
    this.#options = options;
    this.#nowMs = nowMs;
    this.#syncedMs = nowMs();
    const { records, lastSeq: seq, tick } = encoder.state;
    this.#trail = new DurableTrail({ records, seq, tick });
  }

  get records(): number {
    return this.#encoder.records;
  }

  get durableRecords(): number {
    return this.#trail.records;
  }

  get durableSeq(): number {
    return this.#trail.seq;
  }

  get durableTick(): number {
    return this.#trail.tick;
  }

  get ticksAhead(): number {
    return this.#trail.ticksAhead;
  }

  get condition(): LogCondition {
    return this.#condition;
  }

  get failure(): EngineError | undefined {
    return this.#failure;
  }

  append(entry: LogEntry): number {
    if (this.#isClosing) throw storageError("WE_LOG_CLOSED", { what: entry.kind });
    this.#requireUsable(entry.kind);
    const record = this.records;
    this.#take(encodeEntry(this.#encoder, entry));
    const isCommit = entry.kind === "commit";
    const seq = isCommit ? 0 : entry.input.seq;
    this.#trail.push(this.#encoder.position, this.records, seq, isCommit ? entry.commit.tick : -1);
    if (this.#options.durability === "ephemeral") this.#trail.advance(this.#encoder.position);
    if (this.#pendingBytes > inlinePendingBytesMax) this.poll();
    return record;
  }

  poll(): void {
    if (this.#condition === "closed") return;
    this.#requireUsable("record");
    this.#attempt(() => {
      const isWritten = this.#drain();
      this.#condition = isWritten ? "open" : "full";
      this.#failure = isWritten ? undefined : storageError("WE_LOG_FULL", { cause: "no space is left" });
      this.#settle();
    });
  }

  waitForSync(recordNumber: number = this.records - 1): void {
    assert(recordNumber < this.records, "only appended records become durable");
    if (this.durableRecords > recordNumber) return;
    this.poll();
    if (this.#failure !== undefined) throw this.#failure;
    assert(this.durableRecords > recordNumber, "what was written is durable");
  }

  close(reachedTick: number = this.#encoder.tick): void {
    if (this.#condition === "closed") return;
    if (this.#condition !== "failed") {
      if (!this.#isClosing) {
        this.#take(this.#encoder.close(reachedTick));
        this.#trail.push(this.#encoder.position, this.records, 0, -1);
      }
      this.#isClosing = true;
      this.poll();
      if (this.#failure !== undefined) throw this.#failure;
      this.#attempt(() => this.#sync());
    }
    this.release();
  }

  /** Gives up the files without a closing record: what a crash would do. */
  release(): void {
    this.#writer.close();
    this.#condition = "closed";
  }

  #take(chunks: readonly LogChunk[]): void {
    for (const chunk of chunks) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.bytes.length;
    }
  }

  /** Writes what waits; false where the disk is full. */
  #drain(): boolean {
    while (this.#pending.length > 0) {
      const [first] = this.#pending;
      assert(first !== undefined, "something waits");
      if (first.segment !== undefined) {
        if (!this.#writer.begin(first.segment)) return false;
        this.#pending[0] = { bytes: first.bytes };
        continue;
      }
      const end = this.#pending.findIndex((chunk) => chunk.segment !== undefined);
      const run = this.#pending.splice(0, end === -1 ? this.#pending.length : end);
      const bytes = joined(run);
      const written = this.#writer.write(bytes);
      this.#pendingBytes -= written;
      if (written === bytes.length) continue;
      this.#pending.unshift({ bytes: bytes.subarray(written) });
      return false;
    }
    return true;
  }

  #settle(): void {
    const { durability, periodMs = periodMsDefault } = this.#options;
    switch (durability) {
      case "sync":
        this.#sync();
        return this.#trail.advance(this.#writer.syncedPosition);
      case "periodic":
        if (this.#nowMs() - this.#syncedMs >= periodMs) this.#sync();
        return this.#trail.advance(this.#writer.position);
      case "ephemeral":
        return;
      default:
        return unreachable(durability);
    }
  }

  #sync(): void {
    this.#writer.sync();
    this.#syncedMs = this.#nowMs();
  }

  #requireUsable(what: string): void {
    if (this.#condition === "closed") throw storageError("WE_LOG_CLOSED", { what });
    if (this.#condition === "failed" && this.#failure !== undefined) throw this.#failure;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (EngineError.is(error) && error.code === "WE_LOG_FAILED") {
        this.#condition = "failed";
        this.#failure = error;
      }
      throw error;
    }
  }
}

/** The bytes of one entry. */
export function encodeEntry(encoder: LogEncoder, entry: LogEntry): LogChunk[] {
  switch (entry.kind) {
    case "input":
      return encoder.input(entry.input);
    case "commit":
      return encoder.commit(entry.commit, entry.chainHead);
    default:
      return unreachable(entry);
  }
}

function joined(chunks: readonly LogChunk[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only.bytes;
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.bytes, offset);
    offset += chunk.bytes.length;
  }
  return bytes;
}
