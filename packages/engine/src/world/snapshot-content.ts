/**
 * What a snapshot holds beside memories: the world's own state, the host's, and what executors need to know of
 * every image. One canonical CBOR value, stored as the snapshot's `world` section; its integrity is the container's.
 */

import type { AgentHandle } from "@wasm-engine/abi";
import { decodeCanonical, encodeCanonical } from "@wasm-engine/core";
import type { CborValue, Snapshot, SnapshotImage } from "@wasm-engine/core";
import type { AgentImage, JournalEntry, PagedImage } from "@wasm-engine/executor";
import type { SnapshotDraft } from "../storage/index.js";
import { storedHostState } from "./host-state.js";
import type { HostState } from "./host-state.js";

/** Everything that going on from a snapshot needs. */
export interface SnapshotContent {
  /** Output of the world's `exportState`. */
  readonly world: Uint8Array;
  readonly stateHash: Uint8Array;
  readonly host: HostState;
  readonly images: readonly AgentImage[];
}

type StoredJournalEntry = Omit<JournalEntry, "timeNanos"> & { readonly timeNanos: string };
type ImageHead = Omit<AgentImage, keyof SnapshotImage | "pending"> & {
  readonly agent: AgentHandle;
  readonly pending?: readonly StoredJournalEntry[];
};

interface StoredContent {
  readonly world: Uint8Array;
  readonly stateHash: Uint8Array;
  readonly host: HostState;
  readonly images: readonly ImageHead[];
}

/** The same, with memories by page. */
export interface PagedContent extends Omit<SnapshotContent, "images"> {
  readonly images: readonly PagedImage[];
}

/** The sections `world` and `images` of a snapshot that holds whole memories. */
export function encodeContent(content: SnapshotContent): Pick<Snapshot, "world" | "images"> {
  const images = content.images.map(({ agent, module, memory, state, initialised }) => {
    return { agent, module, memory, state, initialised };
  });
  return { world: encodeStored(content), images };
}

/** `world` and `images` of a snapshot that is to be kept. */
export function encodePages(content: PagedContent): Pick<SnapshotDraft, "world" | "images"> {
  const images = content.images.map((image) => {
    const { agent, module, state, initialised, memoryBytes, pages, digests, changed, bytes } = image;
    return { agent, module, state, initialised, memoryBytes, pages, digests, changed, bytes };
  });
  return { world: encodeStored(content), images };
}

function encodeStored(content: SnapshotContent | PagedContent): Uint8Array {
  const heads = content.images.map(({ agent, id, limits, streamSeed, ledger, pending }): ImageHead => {
    const stored = pending?.map((entry) => ({ ...entry, timeNanos: String(entry.timeNanos) }));
    return { agent, id, limits, streamSeed, ledger, ...(stored === undefined ? {} : { pending: stored }) };
  });
  const { world, stateHash, host } = content;
  const stored: StoredContent = { world, stateHash, host, images: heads };
  return encodeCanonical(withoutUndefined(stored));
}

/** What {@link encodeContent} was given. */
export function decodeContent(snapshot: Pick<Snapshot, "world" | "images">): SnapshotContent {
  const value: unknown = decodeCanonical(snapshot.world);
  const stored = value as StoredContent; // written by encodeContent; the container's digest has been checked
  const heads = new Map(stored.images.map((head) => [head.agent, head]));
  const images = snapshot.images.flatMap((image): AgentImage[] => {
    const head = heads.get(image.agent);
    if (head === undefined) return [];
    const { pending, ...rest } = head;
    const entries = pending?.map((entry) => ({ ...entry, timeNanos: BigInt(entry.timeNanos) }));
    return [{ ...rest, ...image, ...(entries === undefined ? {} : { pending: entries }) }];
  });
  return { world: stored.world, stateHash: stored.stateHash, host: storedHostState(stored.host), images };
}

/** Plain data as CBOR takes it: optional members that are undefined are left out. */
function withoutUndefined(value: unknown): CborValue {
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value as CborValue; // strings, numbers, booleans, null
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, withoutUndefined(member)]));
}
