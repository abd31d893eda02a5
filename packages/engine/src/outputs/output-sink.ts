/**
 * An output file, written exactly once over crashes: its bytes are a function of the committed run. Lines are
 * offered as ticks commit, and written when their cause is durable. What a crashed process had already written
 * beyond the position of the last snapshot is compared with what is offered again, and never written twice.
 *
 *   0 ............ position at opening ........ content left by a crash ........ end of file
 *   trusted: part of the snapshot    compared, then continued (a torn line is completed)    appended
 */

import { dirname } from "node:path";
import { assert } from "@wasm-engine/abi";
import type { Departure, Genesis } from "@wasm-engine/core";
import { isScarcity, nodeFileSystem, writeSome } from "../storage/file-system.js";
import type { FileSystem } from "../storage/file-system.js";
import { writeError } from "../storage/write-error.js";
import { formatTime } from "../time/virtual-time.js";
import type { OpenOutputSink, OutputSink, OutputSpec } from "../world/contract.js";
import { departureLine } from "./departure-line.js";
import { outputError } from "./errors.js";
import { compareBytes, excerptBytes } from "./limits.js";

interface OfferedLine {
  readonly tick: number;
  readonly bytes: Uint8Array;
}

/** Opens the file and creates its folder. @throws {WE_OUTPUT_OPEN} {WE_OUTPUT_SHORT} {WE_DISK_FULL} */
export const openOutputSink: OpenOutputSink = (spec, start, system = nodeFileSystem) =>
  new FileOutputSink(spec, start, system);

class FileOutputSink implements OutputSink {
  readonly #system: FileSystem;
  readonly #spec: OutputSpec;
  readonly #genesis: Genesis;
  readonly #descriptor: number;
  #pending: OfferedLine[] = [];
  /** Bytes already in the file when it was opened. */
  readonly #existingBytes: number;
  /** Bytes of the file that are known to be as they must be. */
  #written: number;
  #position: number;
  #lastTick = -1;
  /** What a killed process left may not be on the disk yet. */
  #isDirty = true;
  /** The file may be new: its name is not on the disk before its folder is synced. */
  #isNameDirty = true;
  #isClosed = false;

  constructor(
    spec: OutputSpec,
    start: { readonly genesis: Genesis; readonly position: number },
    system: FileSystem,
  ) {
    this.#system = system;
    this.#spec = spec;
    this.#genesis = start.genesis;
    this.#descriptor = open(system, spec.path);
    this.#existingBytes = system.length(spec.path) ?? 0;
    this.#written = start.position;
    this.#position = start.position;
    if (this.#existingBytes >= start.position) return;
    system.close(this.#descriptor);
    const parameters = { file: spec.path, bytes: this.#existingBytes, expected: start.position };
    throw outputError("WE_OUTPUT_SHORT", parameters);
  }

  get position(): number {
    return this.#position;
  }

  offer(tick: number, departures: readonly Departure[]): void {
    assert(tick > this.#lastTick, "ticks are offered in order, each once");
    this.#lastTick = tick;
    const due = departures.filter(
      (departure) => departure.kind === "publish" && this.#follows(departure.topic),
    );
    if (due.length === 0) return;
    const timestamp = formatTime(this.#genesis.epochNanos + BigInt(tick) * this.#genesis.tickNanos);
    for (const departure of due) {
      const bytes = departureLine(departure, timestamp);
      this.#pending.push({ tick, bytes });
      this.#position += bytes.length;
    }
  }

  release(tick: number): void {
    assert(!this.#isClosed, "a closed sink writes nothing");
    const waiting = this.#pending.findIndex((line) => line.tick > tick);
    const count = waiting < 0 ? this.#pending.length : waiting;
    if (count === 0) return;
    const bytes = Buffer.concat(this.#pending.slice(0, count).map((line) => line.bytes));
    const begin = this.#written;
    try {
      this.#settle(bytes);
    } finally {
      this.#drop(count, this.#written - begin);
    }
  }

  sync(): void {
    if (!this.#isDirty || this.#isClosed) return;
    attempt(this.#spec.path, () => {
      this.#system.sync(this.#descriptor);
      if (this.#isNameDirty) this.#system.syncFolder(dirname(this.#spec.path));
    });
    this.#isNameDirty = false;
    this.#isDirty = false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.sync();
    this.#isClosed = true;
    this.#system.close(this.#descriptor);
  }

  #follows(topic: string): boolean {
    const pattern = this.#spec.topic;
    return pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern;
  }

  /** Makes the file hold `bytes` from `#written` on: first what is there is compared, then the rest appended. */
  #settle(bytes: Uint8Array): void {
    const present = Math.min(bytes.length, Math.max(0, this.#existingBytes - this.#written));
    for (let offset = 0; offset < present; offset += compareBytes) {
      this.#compare(bytes.subarray(offset, Math.min(present, offset + compareBytes)));
    }
    this.#append(bytes.subarray(present));
  }

  #append(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length;) {
      const count = attempt(this.#spec.path, () =>
        writeSome(this.#system, this.#descriptor, bytes.subarray(offset), this.#written),
      );
      this.#isDirty = true;
      this.#written += count;
      offset += count;
    }
  }

  #compare(expected: Uint8Array): void {
    const found = attempt(this.#spec.path, () =>
      this.#system.readPart(this.#spec.path, this.#written, expected.length),
    );
    const actual = Buffer.from(found ?? []);
    const count = actual.length;
    if (count === expected.length && actual.equals(expected)) {
      this.#written += count;
      return;
    }
    // A power cut may leave holes in what was not synced: they read as zeros, which no line has.
    if (expected.every((byte, index) => byte === (actual[index] ?? 0) || (actual[index] ?? 0) === 0)) {
      return this.#append(expected);
    }
    const first = expected.findIndex((byte, index) => byte !== actual[index]);
    throw outputError("WE_OUTPUT_FOREIGN", {
      file: this.#spec.path,
      offset: this.#written + first,
      expected: excerpt(expected, first),
      actual: excerpt(actual, first),
    });
  }

  /** Forgets what is in the file; a line that is there in part stays, shortened to its rest. */
  #drop(count: number, settledBytes: number): void {
    let rest = settledBytes;
    const left: OfferedLine[] = [];
    for (const [index, line] of this.#pending.entries()) {
      const settled = index < count ? Math.min(rest, line.bytes.length) : 0;
      rest -= settled;
      if (settled < line.bytes.length) left.push({ tick: line.tick, bytes: line.bytes.subarray(settled) });
    }
    this.#pending = left;
  }
}

function open(system: FileSystem, path: string): number {
  try {
    system.makeFolder(dirname(path));
    // Created where missing, never truncated: existing content may be the run's own.
    return system.open(path);
  } catch (error) {
    if (isScarcity(error)) throw writeError(path, error);
    throw outputError("WE_OUTPUT_OPEN", { file: path, cause: causeOf(error) });
  }
}

function attempt<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (isScarcity(error)) throw writeError(path, error);
    throw outputError("WE_OUTPUT_WRITE", { file: path, cause: causeOf(error) });
  }
}

function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function excerpt(bytes: Uint8Array, offset: number): string {
  const slice = bytes.subarray(Math.max(0, offset - 8), offset + excerptBytes);
  return slice.length === 0 ? "the end of the file" : JSON.stringify(Buffer.from(slice).toString("latin1"));
}
