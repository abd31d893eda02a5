/**
 * Writes snapshots of a live run: in the calling thread, or in a thread of its own, so that the tick loop only waits
 * where the snapshot before is still being written.
 */

import { dirname } from "node:path";
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { EngineError, assert, unreachable } from "@wasm-engine/abi";
import type { ErrorRecord } from "@wasm-engine/abi";
import { storageError } from "./errors.js";
import { ImageArea } from "./image-area.js";
import type { ImageList } from "./image-area.js";
import { waitStepMs } from "./limits.js";
import type { FileSystem } from "./file-system.js";
import type { DraftImage, SaveResult, SnapshotDraft } from "./snapshot-draft.js";
import type { SnapshotKeep } from "./snapshot-retention.js";
import type { SnapshotStore } from "./snapshot-store.js";
import { isShortage, writeError } from "./write-error.js";

/** What became of a snapshot. */
export type KeepResult =
  | { readonly kind: "kept"; readonly removed: readonly number[] }
  | Exclude<SaveResult, { readonly kind: "saved" }>
  | { readonly kind: "failed"; readonly error: ErrorRecord }
  /** A file of others could not be synced: nobody knows what of it is on the disk, and another sync would not tell. */
  | { readonly kind: "unsynced"; readonly error: ErrorRecord };

export interface SnapshotKeeper {
  /** Nothing is being written; what became of the last snapshot may still be asked for. */
  readonly isIdle: boolean;
  /** Hands over images of the snapshot that is begun next. The one before must be finished. */
  add(images: readonly DraftImage[]): void;
  /** Forgets what was added. */
  drop(): void;
  /**
   * Hands a snapshot over; the one before must be finished.
   * @param draft its images are those that were not added @param syncFirst files that must be on the disk before it is
   */
  begin(draft: SnapshotDraft, syncFirst?: readonly string[]): void;
  /** Waits until the snapshot begun last is on the disk or has failed; undefined where none was begun since. */
  finish(): KeepResult | undefined;
  /** Ends the thread. What was begun must be finished. */
  close(): void;
}

/** Where snapshots go, and how many of them stay. */
export interface KeepParts {
  readonly system: FileSystem;
  readonly store: SnapshotStore;
  readonly keep: SnapshotKeep;
}

/** Keeps a snapshot whose images came in parts, once `syncFirst` is on the disk. */
export function keepParts(
  { system, store, keep }: KeepParts,
  draft: SnapshotDraft,
  rest: { readonly added: readonly DraftImage[]; readonly syncFirst: readonly string[] },
): KeepResult {
  for (const path of rest.syncFirst) {
    try {
      syncFile(system, path);
    } catch (error) {
      const coded = writeError(path, error);
      return { kind: isShortage(coded) ? "failed" : "unsynced", error: coded.toRecord() };
    }
  }
  const images = [...rest.added, ...draft.images].sort((left, right) => left.agent - right.agent);
  return keepSnapshot(store, { ...draft, images }, keep);
}

/** Bytes and name of a file are on the disk when this returns. */
function syncFile(system: FileSystem, path: string): void {
  const file = system.open(path);
  try {
    system.sync(file);
  } finally {
    system.close(file);
  }
  system.syncFolder(dirname(path));
}

/** Keeps one snapshot and lets retention remove others. */
export function keepSnapshot(store: SnapshotStore, draft: SnapshotDraft, keep: SnapshotKeep): KeepResult {
  try {
    const result = store.save(draft);
    if (result.kind === "incomplete") return result;
    return { kind: "kept", removed: store.prune(keep) };
  } catch (error) {
    if (EngineError.is(error) && error.code !== "WE_INTERNAL_ASSERTION") {
      return { kind: "failed", error: error.toRecord() };
    }
    throw error;
  }
}

/** Writes in the calling thread. */
export class InlineSnapshotKeeper implements SnapshotKeeper {
  readonly isIdle = true;
  readonly #parts: KeepParts;
  #added: DraftImage[] = [];
  #result: KeepResult | undefined;

  constructor(parts: KeepParts) {
    this.#parts = parts;
  }

  add(images: readonly DraftImage[]): void {
    this.#added.push(...images);
  }

  drop(): void {
    this.#added = [];
  }

  begin(draft: SnapshotDraft, syncFirst: readonly string[] = []): void {
    assert(this.#result === undefined, "the snapshot before is finished");
    const added = this.#added;
    this.#added = [];
    this.#result = keepParts(this.#parts, draft, { added, syncFirst });
  }

  finish(): KeepResult | undefined {
    const result = this.#result;
    this.#result = undefined;
    return result;
  }

  close(): void {
    this.#result = undefined;
  }
}

/** What the thread is told: a snapshot without its images, and where these are. */
export interface KeeperCall {
  readonly draft: SnapshotDraft;
  readonly images: ImageList;
  readonly syncFirst: readonly string[];
}

/** What the thread is started with. */
export interface KeeperThreadData {
  readonly run: string;
  readonly keep: SnapshotKeep;
  readonly port: MessagePort;
  /** Words: snapshots finished, and 1 where the thread has ended. */
  readonly words: SharedArrayBuffer;
}

/** Places of the words. */
export const KeeperWord = { FINISHED: 0, ENDED: 1 } as const;

/** Writes in a thread that is started with the first snapshot. */
export class ThreadedSnapshotKeeper implements SnapshotKeeper {
  readonly #run: string;
  readonly #keep: SnapshotKeep;
  readonly #words = new Int32Array(new SharedArrayBuffer(8));
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  readonly #area = new ImageArea();
  /** What is in the area belongs to the snapshot that was begun last. */
  #isRead = false;
  #begun = 0;
  #taken = 0;

  /** @param run folder of the run */
  constructor(run: string, keep: SnapshotKeep) {
    this.#run = run;
    this.#keep = keep;
  }

  get isIdle(): boolean {
    const isWritten = Atomics.load(this.#words, KeeperWord.FINISHED) === this.#begun;
    return isWritten || Atomics.load(this.#words, KeeperWord.ENDED) === 1;
  }

  add(images: readonly DraftImage[]): void {
    // What the thread has read is of no use any more once it has answered: nothing is begun before.
    if (this.#isRead) this.drop();
    for (const image of images) this.#area.add(image);
  }

  drop(): void {
    if (this.#isRead && !this.isIdle) return;
    this.#area.clear();
    this.#isRead = false;
  }

  begin(draft: SnapshotDraft, syncFirst: readonly string[] = []): void {
    assert(this.#begun === this.#taken, "the snapshot before is finished");
    this.add(draft.images);
    this.#begun += 1;
    this.#isRead = true;
    const call: KeeperCall = { draft: { ...draft, images: [] }, images: this.#area.list, syncFirst };
    this.#start().postMessage(call);
  }

  finish(): KeepResult | undefined {
    if (this.#begun === this.#taken) return undefined;
    this.#taken = this.#begun;
    for (;;) {
      const finished = Atomics.load(this.#words, KeeperWord.FINISHED);
      if (finished === this.#begun) break;
      if (Atomics.load(this.#words, KeeperWord.ENDED) === 1) return lost();
      Atomics.wait(this.#words, KeeperWord.FINISHED, finished, waitStepMs);
    }
    const received = this.#port === undefined ? undefined : receiveMessageOnPort(this.#port);
    return received === undefined ? lost() : (received.message as KeepResult); // what snapshot-thread.ts posts
  }

  close(): void {
    this.#port?.close();
    void this.#worker?.terminate();
  }

  #start(): MessagePort {
    if (this.#port !== undefined) return this.#port;
    const { port1, port2 } = new MessageChannel();
    const words = this.#words;
    const workerData: KeeperThreadData = {
      run: this.#run,
      keep: this.#keep,
      port: port2,
      words: words.buffer,
    };
    const worker = new Worker(new URL("./snapshot-thread.js", import.meta.url), {
      workerData,
      transferList: [port2],
    });
    const end = (): void => void Atomics.store(words, KeeperWord.ENDED, 1);
    worker.once("error", end);
    worker.once("exit", end);
    worker.unref();
    port1.unref();
    this.#worker = worker;
    this.#port = port1;
    return port1;
  }
}

function lost(): KeepResult {
  return {
    kind: "failed",
    error: storageError("WE_RUN_UNWRITABLE", {
      path: "snapshots",
      cause: "the thread that writes snapshots has ended",
    }).toRecord(),
  };
}

/** @throws what a snapshot failed with */
export function requireKept(result: Exclude<KeepResult, { readonly kind: "incomplete" }>): readonly number[] {
  switch (result.kind) {
    case "kept":
      return result.removed;
    case "failed":
    case "unsynced":
      throw EngineError.fromRecord(result.error);
    default:
      return unreachable(result);
  }
}
