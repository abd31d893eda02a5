/**
 * The event log with a writer thread: `append` copies into the ring and returns; the thread writes, syncs and
 * reports. What
 * the ring cannot hold waits in the heap, so `append` never waits for the disk.
 */

import { Worker } from "node:worker_threads";
import { assert, type EngineError } from "@wasm-engine/abi";
import type { LogChunk, LogEncoder } from "@wasm-engine/core";
import type { EventLog, LogCondition, LogEntry, LogOptions } from "./contract.js";
import { DurableTrail } from "./durable-trail.js";
import { storageError } from "./errors.js";
import { encodeEntry } from "./inline-event-log.js";
import { logGatherBytes, logRingBytes, logWriteBytesMax, periodMsDefault, waitStepMs } from "./limits.js";
import { LogRing, RingOperation, WriterState } from "./log-ring.js";
import type { WriterThreadData } from "./log-writer-thread.js";
import type { SegmentWriterStart } from "./segment-writer.js";

/** Starts whatever consumes the ring. Tests step a loop of their own. */
export type StartWriter = (data: WriterThreadData) => void;

interface RingPiece {
  readonly operation: RingOperation;
  readonly bytes: Uint8Array;
}

export class ThreadedEventLog implements EventLog {
  readonly #encoder: LogEncoder;
  readonly #options: LogOptions;
  readonly #ring: LogRing;
  readonly #trail: DurableTrail;
  /**
   * Records that were appended since the last commit or poll: thousands at a time would each wake the writer. Whole
   * ones; the writer puts in their CRCs.
   */
  readonly #gathered = new Uint8Array(logGatherBytes);
  #gatheredBytes = 0;
  /** What found no room in the ring, in order. */
  #overflow: RingPiece[] = [];
  #written: number;
  #synced: number;
  #isClosing = false;
  #isReleased = false;

  constructor(
    encoder: LogEncoder,
    start: SegmentWriterStart,
    options: LogOptions,
    startWriter: StartWriter = startThread,
  ) {
    this.#encoder = encoder;
    this.#options = options;
    this.#ring = LogRing.allocate(logRingBytes);
    const { records, lastSeq: seq, tick, position } = encoder.state;
    this.#trail = new DurableTrail({ records, seq, tick });
    this.#written = position;
    this.#synced = position;
    this.#ring.report(position, position, WriterState.OPEN);
    const { durability, periodMs = periodMsDefault, bell } = options;
    const { buffer } = this.#ring;
    startWriter({ buffer, start, durability, periodMs, ...(bell === undefined ? {} : { bell }) });
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
    if (this.#isReleased) return "closed";
    const { state } = this.#ring;
    return state === WriterState.FULL ? "full" : state === WriterState.FAILED ? "failed" : "open";
  }

  get failure(): EngineError | undefined {
    const { state } = this.#ring;
    if (state === WriterState.FULL) return storageError("WE_LOG_FULL", { cause: this.#ring.cause });
    if (state !== WriterState.FAILED) return undefined;
    const [cause, operation = "write"] = this.#ring.cause.split("|");
    return storageError("WE_LOG_FAILED", { cause, operation });
  }

  append(entry: LogEntry): number {
    if (this.#isClosing) throw storageError("WE_LOG_CLOSED", { what: entry.kind });
    this.#requireAlive();
    const record = this.records;
    const isCommit = entry.kind === "commit";
    if (!this.#takesInPlace(entry)) this.#take(encodeEntry(this.#encoder, entry));
    if (isCommit) this.#handOver();
    const seq = isCommit ? 0 : entry.input.seq;
    const { position } = this.#encoder;
    this.#trail.push(position, this.records, seq, isCommit ? entry.commit.tick : -1);
    if (this.#options.durability === "ephemeral") this.#trail.advance(position);
    return record;
  }

  poll(): void {
    if (this.#isReleased) return;
    this.#handOver();
    this.#written = this.#ring.widened("written", this.#written);
    this.#synced = this.#ring.widened("synced", this.#synced);
    const { durability } = this.#options;
    if (durability === "sync") this.#trail.advance(this.#synced);
    else if (durability === "periodic") this.#trail.advance(this.#written);
    this.#requireAlive();
  }

  waitForSync(recordNumber: number = this.records - 1): void {
    assert(recordNumber < this.records, "only appended records become durable");
    for (;;) {
      const { epoch } = this.#ring;
      this.poll();
      if (this.durableRecords > recordNumber) return;
      if (this.failure !== undefined) throw this.failure;
      this.#ring.awaitReport(epoch, waitStepMs);
    }
  }

  close(reachedTick: number = this.#encoder.tick): void {
    if (this.#isReleased) return;
    if (!this.#isClosing && this.condition !== "failed") {
      this.#take(this.#encoder.close(reachedTick));
      this.#trail.push(this.#encoder.position, this.records, 0, -1);
      this.#closeGathered();
      this.#overflow.push({ operation: RingOperation.CLOSE, bytes: new Uint8Array() });
    }
    this.#isClosing = true;
    this.#awaitEnd();
    this.#isReleased = true;
  }

  #awaitEnd(): void {
    for (;;) {
      const { epoch, state } = this.#ring;
      if (state === WriterState.CLOSED || state === WriterState.FAILED) break;
      this.poll();
      if (this.#ring.state === WriterState.FULL && this.failure !== undefined) throw this.failure;
      if (this.#ring.epoch === epoch) this.#ring.awaitReport(epoch, waitStepMs);
    }
    if (this.#ring.state === WriterState.CLOSED) this.#trail.advance(this.#encoder.position);
  }

  #requireAlive(): void {
    if (this.#ring.state !== WriterState.FAILED) return;
    if (this.failure !== undefined) throw this.failure;
  }

  /** An input is written where the others are gathered: false where there is no room, or it is none of the many. */
  #takesInPlace(entry: LogEntry): boolean {
    if (entry.kind !== "input") return false;
    const end = this.#encoder.inputInto(entry.input, this.#gathered, this.#gatheredBytes);
    if (end === undefined) return false;
    this.#gatheredBytes = end;
    return true;
  }

  #take(chunks: readonly LogChunk[]): void {
    for (const { segment, bytes } of chunks) {
      if (segment !== undefined) {
        const index = new Uint8Array(4);
        new DataView(index.buffer).setUint32(0, segment, true);
        this.#closeGathered();
        this.#overflow.push({ operation: RingOperation.BEGIN, bytes: index });
        this.#overflow.push({ operation: RingOperation.WRITE, bytes });
        continue;
      }
      if (bytes.length > logGatherBytes - this.#gatheredBytes) this.#handOver();
      if (bytes.length <= logGatherBytes) {
        this.#gathered.set(bytes, this.#gatheredBytes);
        this.#gatheredBytes += bytes.length;
        continue;
      }
      for (let start = 0; start < bytes.length; start += logWriteBytesMax) {
        const piece = bytes.subarray(start, start + logWriteBytesMax);
        this.#overflow.push({ operation: RingOperation.WRITE, bytes: piece });
      }
    }
  }

  /** What was gathered comes next. */
  #closeGathered(): void {
    const length = this.#gatheredBytes;
    if (length === 0) return;
    this.#gatheredBytes = 0;
    const bytes = this.#gathered.subarray(0, length);
    const isNext = this.#overflow.length === 0;
    if (isNext && this.#ring.offer(RingOperation.RECORDS, bytes)) return;
    this.#overflow.push({ operation: RingOperation.RECORDS, bytes: bytes.slice() });
  }

  #handOver(): void {
    this.#closeGathered();
    let count = 0;
    for (const { operation, bytes } of this.#overflow) {
      if (!this.#ring.offer(operation, bytes)) break;
      count += 1;
    }
    if (count > 0) this.#overflow.splice(0, count);
  }
}

/** The thread does not keep the process alive: a log that nobody closes is what recovery is for. */
function startThread(data: WriterThreadData): void {
  const worker = new Worker(new URL("./log-writer-thread.js", import.meta.url), { workerData: data });
  worker.once("error", (error) => {
    new LogRing(data.buffer, data.bell).fail(`${String(error)}|thread`);
  });
  worker.unref();
}
