/**
 * The consumer side of the ring: gathers what waits into few large writes, syncs by durability, reports. One
 * `step` is one
 * group commit. Runs in the log-writer thread; tests step it in their own.
 */

import { EngineError, unreachable } from "@wasm-engine/abi";
import { sealRecords } from "@wasm-engine/core";
import type { LogDurability } from "./contract.js";
import { logWriteBytesMax } from "./limits.js";
import { RingOperation, WriterState, type LogFrame, type LogRing } from "./log-ring.js";
import type { SegmentWriter } from "./segment-writer.js";

export interface WriterLoopOptions {
  readonly durability: LogDurability;
  readonly periodMs: number;
  readonly nowMs: () => number;
}

/**
 * idle: nothing to do; dirty: nothing to write, but a sync is due later; full: try again later; ended: close the
 * thread.
 */
export type StepOutcome = "worked" | "idle" | "dirty" | "full" | "ended";

export class LogWriterLoop {
  readonly #ring: LogRing;
  readonly #writer: SegmentWriter;
  readonly #options: WriterLoopOptions;
  readonly #gathered = new Uint8Array(logWriteBytesMax);
  /** What whoever started the writer had synced before. */
  readonly #startPosition: number;
  /** Bytes in `gathered`, and how many of them are written. */
  #length = 0;
  #written = 0;
  #syncedMs: number;

  constructor(ring: LogRing, writer: SegmentWriter, options: WriterLoopOptions) {
    this.#ring = ring;
    this.#writer = writer;
    this.#startPosition = writer.position;
    this.#options = options;
    this.#syncedMs = options.nowMs();
  }

  /** Takes everything that waits, up to one large write per run of bytes, then syncs and reports. */
  step(): StepOutcome {
    try {
      return this.#step();
    } catch (error) {
      const cause = EngineError.is(error)
        ? `${String(error.details["cause"])}|${String(error.details["operation"])}`
        : String(error);
      this.#report(WriterState.FAILED, cause);
      this.#writer.close();
      return "ended";
    }
  }

  #step(): StepOutcome {
    let isWorking = this.#length > 0;
    for (let frame = this.#ring.peek(); frame !== undefined; frame = this.#ring.peek()) {
      isWorking = true;
      const outcome = this.#apply(frame);
      if (outcome === "full") return this.#reportFull();
      this.#ring.release(frame);
      if (outcome === "close") return this.#end();
    }
    if (!this.#flush()) return this.#reportFull();
    const isSynced = this.#settle();
    if (isWorking || isSynced) this.#report(WriterState.OPEN);
    if (isWorking) return "worked";
    return this.#isDirty ? "dirty" : "idle";
  }

  /** Milliseconds until the next sync is due. */
  get syncDueMs(): number {
    return Math.max(0, this.#options.periodMs - (this.#options.nowMs() - this.#syncedMs));
  }

  get #isDirty(): boolean {
    return this.#options.durability === "periodic" && this.#writer.syncedPosition < this.#writer.position;
  }

  #apply({ operation, payload }: LogFrame): "done" | "full" | "close" {
    switch (operation) {
      case RingOperation.WRITE:
        return this.#gather(payload) ? "done" : "full";
      case RingOperation.RECORDS:
        if (!this.#gather(payload)) return "full";
        this.#seal(payload.length);
        return "done";
      case RingOperation.BEGIN: {
        const segment = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
        return this.#flush() && this.#writer.begin(segment) ? "done" : "full";
      }
      case RingOperation.CLOSE:
        return this.#flush() ? "close" : "full";
      default:
        return unreachable(operation);
    }
  }

  /** False: the disk is full and the frame stays in the ring. */
  #gather(payload: Uint8Array): boolean {
    if (this.#length + payload.length > this.#gathered.length && !this.#flush()) return false;
    this.#gathered.set(payload, this.#length);
    this.#length += payload.length;
    return true;
  }

  /** The loop has better to do than to compute CRCs. */
  #seal(bytes: number): void {
    const start = this.#length - bytes;
    const position = this.#writer.position + start - this.#written;
    sealRecords(this.#gathered, { start, end: this.#length, position });
  }

  #flush(): boolean {
    this.#written += this.#writer.write(this.#gathered.subarray(this.#written, this.#length));
    if (this.#written < this.#length) return false;
    this.#length = 0;
    this.#written = 0;
    return true;
  }

  /** Syncs where the durability asks for it now. */
  #settle(): boolean {
    const { durability } = this.#options;
    const isDue = durability === "sync" || (durability === "periodic" && this.syncDueMs === 0);
    if (!isDue || this.#writer.syncedPosition === this.#writer.position) return false;
    this.#writer.sync();
    this.#syncedMs = this.#options.nowMs();
    return true;
  }

  #end(): StepOutcome {
    this.#writer.sync();
    this.#report(WriterState.CLOSED);
    this.#writer.close();
    return "ended";
  }

  #reportFull(): StepOutcome {
    this.#report(WriterState.FULL, "no space is left");
    return "full";
  }

  #report(state: WriterState, cause = ""): void {
    const synced = Math.max(this.#startPosition, this.#writer.syncedPosition);
    this.#ring.report(this.#writer.position, synced, state, cause);
  }
}
