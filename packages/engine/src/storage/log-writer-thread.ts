/**
 * Entry of the log-writer thread: steps the loop until the log is closed or has failed, sleeping where nothing
 * is to do.
 */

import { workerData } from "node:worker_threads";
import { unreachable } from "@wasm-engine/abi";
import type { LogDurability } from "./contract.js";
import { nodeFileSystem } from "./file-system.js";
import { fullRetryMs, waitStepMs } from "./limits.js";
import { LogRing } from "./log-ring.js";
import { LogWriterLoop } from "./log-writer-loop.js";
import { SegmentWriter, type SegmentWriterStart } from "./segment-writer.js";

/** What the thread is started with. */
export interface WriterThreadData {
  readonly buffer: SharedArrayBuffer;
  readonly start: SegmentWriterStart;
  readonly durability: LogDurability;
  readonly periodMs: number;
  readonly bell?: SharedArrayBuffer;
}

function runWriter({ buffer, start, durability, periodMs, bell }: WriterThreadData): void {
  const ring = new LogRing(buffer, bell);
  try {
    const writer = new SegmentWriter(nodeFileSystem, start);
    stepUntilEnded(
      ring,
      new LogWriterLoop(ring, writer, { durability, periodMs, nowMs: () => performance.now() }),
    );
  } catch (error) {
    // Whoever waits for the log must learn that nobody writes it any more.
    ring.fail(`${String(error)}|start`);
  }
}

function stepUntilEnded(ring: LogRing, loop: LogWriterLoop): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const outcome = loop.step();
    switch (outcome) {
      case "worked":
        break;
      case "idle":
        ring.sleep(waitStepMs);
        break;
      case "dirty":
        ring.sleep(Math.min(waitStepMs, loop.syncDueMs));
        break;
      case "full":
        Atomics.wait(pause, 0, 0, fullRetryMs);
        break;
      case "ended":
        return;
      default:
        unreachable(outcome);
    }
  }
}

runWriter(workerData as WriterThreadData); // the one caller is ThreadedEventLog
