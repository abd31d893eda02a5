/**
 * What a snapshot holds beside memories: the world's own state, the host's, and what executors need to know of
 * every image. One canonical CBOR value, stored as the snapshot's `world` section; its integrity is the container's.
 */

import type { AgentHandle } from "@wasm-engine/abi";
import { decodeCanonical, encodeCanonical, encodedList, encodedMap } from "@wasm-engine/core";
import type { CborValue, Snapshot, SnapshotImage } from "@wasm-engine/core";
import type { AgentImage, JournalEntry, PagedImage } from "@wasm-engine/executor";
import type { DraftImage, SnapshotDraft } from "../storage/index.js";
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

/** All but the images; `host` by {@link encodeHost}. */
export interface EncodedWorld extends Pick<SnapshotContent, "world" | "stateHash"> {
  readonly host: Uint8Array;
}

type StoredJournalEntry = Omit<JournalEntry, "timeNanos"> & { readonly timeNanos: string };
type ImageHead = Omit<AgentImage, keyof SnapshotImage | "pending" | "isKept"> & {
  readonly agent: AgentHandle;
  readonly pending?: readonly StoredJournalEntry[];
};

interface StoredContent {
  readonly world: Uint8Array;
  readonly stateHash: Uint8Array;
  readonly host: HostState;
  readonly images: readonly ImageHead[];
}

/** The sections `world` and `images` of a snapshot that holds whole memories. */
export function encodeContent(content: SnapshotContent): Pick<Snapshot, "world" | "images"> {
  const { stateHash, images } = content;
  const world = joinContent(
    { world: content.world, stateHash, host: encodeHost(content.host) },
    images.map((image) => encodeHead(image)),
  );
  return {
    world,
    images: images.map(({ agent, module, memory, state, initialised }) => {
      return { agent, module, memory, state, initialised };
    }),
  };
}

/** The state of the host as it is now. */
export function encodeHost(host: HostState): Uint8Array {
  return encodeCanonical(withoutUndefined(host));
}

/** What stands before and behind the ledger in the head of an agent, which is all that changes from day to day. */
interface KnownHead extends Pick<ImageHead, "agent" | "id" | "limits"> {
  readonly before: Uint8Array;
  readonly behind: Uint8Array;
}

/** By the agent's own seed, which an executor in this thread gives out as the same object again and again. */
const knownHeads = new WeakMap<Uint8Array, KnownHead>();

/** What restoring an image needs beside its memory and globals. */
export function encodeHead(image: Omit<AgentImage, "memory">): Uint8Array {
  if (image.pending !== undefined) return encodeWholeHead(image);
  const { agent, id, limits, streamSeed, ledger } = image;
  const known = knownHeads.get(streamSeed);
  const encoded = encodeCanonical({ ...ledger });
  if (known !== undefined && known.limits === limits && known.agent === agent && known.id === id) {
    return joined([known.before, encoded, known.behind]);
  }
  const whole = encodeWholeHead(image);
  // In canonical order the ledger stands behind two shorter names.
  const first = encodeCanonical({ id, agent }).length + encodeCanonical("ledger").length;
  const before = whole.slice(0, first);
  knownHeads.set(streamSeed, { agent, id, limits, before, behind: whole.slice(first + encoded.length) });
  return whole;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    bytes.set(part, length);
    length += part.length;
  }
  return bytes;
}

function encodeWholeHead(image: Omit<AgentImage, "memory">): Uint8Array {
  const { agent, id, limits, streamSeed, ledger, pending } = image;
  const stored = pending?.map((entry) => ({ ...entry, timeNanos: String(entry.timeNanos) }));
  const head: ImageHead = {
    agent,
    id,
    limits,
    streamSeed,
    ledger,
    ...(stored === undefined ? {} : { pending: stored }),
  };
  return encodeCanonical(withoutUndefined(head));
}

/** An image of a snapshot that is to be kept. */
export function draftImage(image: PagedImage): DraftImage {
  const { agent, module, state, initialised, memoryBytes, pages, digests, changed, bytes } = image;
  return { agent, module, state, initialised, memoryBytes, pages, digests, changed, bytes };
}

/** `world` and `images` of a snapshot that is to be kept. */
export function encodePages(
  part: EncodedWorld,
  images: readonly PagedImage[],
): Pick<SnapshotDraft, "world" | "images"> {
  return { world: joinContent(part, images.map(encodeHead)), images: images.map(draftImage) };
}

/** The section `world`. @param heads of the images, by {@link encodeHead}, in the order of their agents */
export function joinContent(
  { world, stateHash, host }: EncodedWorld,
  heads: readonly Uint8Array[],
): Uint8Array {
  return encodedMap([
    ["host", host],
    ["world", encodeCanonical(world)],
    ["images", encodedList(heads.length, heads)],
    ["stateHash", encodeCanonical(stateHash)],
  ]);
}

/**
 * The section `world` for a place where none of the run's outputs is there: they begin anew behind the snapshot.
 * Undefined where it is none.
 */
export function withEmptyOutputs(world: Uint8Array): Uint8Array | undefined {
  const content = decodeCanonical(world) as Partial<StoredContent> | null; // looked at next
  const { host } = content ?? {};
  const positions: unknown = host?.sinkPositions;
  if (!Array.isArray(positions)) return undefined;
  const emptied = { ...host, sinkPositions: positions.map(() => 0) };
  return encodeCanonical({ ...content, host: emptied } as unknown as CborValue); // what was decoded, but positions
}

/** What {@link encodeContent} was given. @param isKept the next snapshot is to be built on this one */
export function decodeContent(snapshot: Pick<Snapshot, "world" | "images">, isKept = false): SnapshotContent {
  const value: unknown = decodeCanonical(snapshot.world);
  const stored = value as StoredContent; // written by encodeContent; the container's digest has been checked
  const heads = new Map(stored.images.map((head) => [head.agent, head]));
  const images = snapshot.images.flatMap((image): AgentImage[] => {
    const head = heads.get(image.agent);
    if (head === undefined) return [];
    const { pending, ...rest } = head;
    const entries = pending?.map((entry) => ({ ...entry, timeNanos: BigInt(entry.timeNanos) }));
    return [{ ...rest, ...image, ...(entries && { pending: entries }), ...(isKept && { isKept }) }];
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
