/** A snapshot as the tick loop hands it over: memories by page, with the bytes of the pages that changed. */

import type { Snapshot, SnapshotImage } from "@wasm-engine/core";

/** Memory of one agent by page; the executor's `PagedImage`. */
export interface DraftImage extends Omit<SnapshotImage, "memory"> {
  readonly memoryBytes: number;
  /** Numbers of the pages that hold anything but zeros, ascending. */
  readonly pages: readonly number[];
  /** SHA-256 of each of `pages`, one after the other. */
  readonly digests: Uint8Array;
  /** Which of `pages`, by position, have their content in `bytes`. */
  readonly changed: readonly number[];
  readonly bytes: Uint8Array;
}

export interface SnapshotDraft extends Omit<Snapshot, "images"> {
  readonly images: readonly DraftImage[];
}

/** `incomplete`: pages that were given with an earlier snapshot are not there; the next must hold all. */
export type SaveResult =
  | { readonly kind: "saved"; readonly name: string }
  | { readonly kind: "incomplete"; readonly missing: number };
