/**
 * Snapshots of version 2: the same content as version 1, but pages of memory lie in packs that snapshots share, and
 * the rest is compressed. What a snapshot refers to is bound by the digests of its packs. The rest of the sealed
 * container is the body, raw-deflated where `storedBytes` is not `bodyBytes`: canonical CBOR (SnapshotBody). See
 * spec/snapshot.md.
 */

import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";
import type { Hasher } from "../ports.js";
import { decodeCanonical, encodeCanonical } from "./cbor.js";
import { digestBytes } from "./commit-codec.js";
import { moduleDigestShape } from "./genesis-codec.js";
import { handleShape } from "./input-codec.js";
import { inflated, snapshotPageBytes, type PackPorts, type PagePack } from "./page-pack-codec.js";
import {
  containerVersion,
  damaged,
  openContainer,
  sealContainer,
  type ContainerKind,
} from "./sealed-container.js";
import { bytes, decodeShape, encodeShape, flag, integer, list, record, type Shape } from "./shape.js";
import {
  SNAPSHOT_CONTAINER,
  decodeSnapshot,
  snapshotPlaceFields,
  type Snapshot,
  type SnapshotImage,
} from "./snapshot-codec.js";

/** Image of one agent whose pages lie in packs. */
export interface PackedImage extends Omit<SnapshotImage, "memory"> {
  readonly memoryBytes: number;
  /** Runs: first page of the memory, number of pages, number of the pack, first page in it; flattened. */
  readonly pages: readonly number[];
}

export interface PagedSnapshot extends Omit<Snapshot, "images"> {
  /** Digests of the packs that images refer to by number. */
  readonly packs: readonly Uint8Array[];
  readonly images: readonly PackedImage[];
}

/** What can be known of a snapshot without its body. */
export type SnapshotPlace = Omit<Snapshot, "world" | "images"> & Pick<PagedSnapshot, "packs">;

interface PagedIndex extends SnapshotPlace {
  readonly bodyBytes: number;
  readonly storedBytes: number;
}

interface StoredImage extends Omit<PackedImage, "agent" | "module"> {
  readonly agent: AgentHandle;
  readonly module: ModuleDigest;
}

interface SnapshotBody {
  readonly world: Uint8Array;
  readonly images: readonly StoredImage[];
}

const kind: ContainerKind<PagedIndex> = {
  ...SNAPSHOT_CONTAINER,
  version: 2,
  index: record<PagedIndex>({
    ...snapshotPlaceFields,
    packs: list(bytes(digestBytes)),
    bodyBytes: integer(),
    storedBytes: integer(),
  }),
};

const bodyShape: Shape<SnapshotBody> = record<SnapshotBody>({
  world: bytes(),
  images: list(
    record<StoredImage>({
      agent: handleShape,
      module: moduleDigestShape,
      initialised: flag,
      memoryBytes: integer(),
      state: bytes(),
      pages: list(integer()),
    }),
  ),
});

/** The container as parts to be stored one after the other. */
export function encodePagedSnapshot(
  { hasher, compression }: PackPorts,
  snapshot: PagedSnapshot,
): readonly Uint8Array[] {
  const { world, images, ...place } = snapshot;
  const body = encodeCanonical(encodeShape(bodyShape, "snapshot", { world, images }));
  const deflated = compression.deflate(body);
  const stored = deflated.length < body.length ? deflated : body;
  const index: PagedIndex = { ...place, bodyBytes: body.length, storedBytes: stored.length };
  return sealContainer(hasher, kind, { index, rest: [stored] }).parts;
}

/**
 * Where a snapshot of any version stands, and which packs it needs; checks its digest.
 * @throws {WE_SNAPSHOT_DAMAGED}
 */
export function readSnapshotPlace(hasher: Hasher, container: Uint8Array): SnapshotPlace {
  if (containerVersion(kind, container) !== kind.version) {
    return { ...placeOf(decodeSnapshot(hasher, container)), packs: [] };
  }
  const { index } = openContainer(hasher, kind, container);
  return { ...placeOf(index), packs: index.packs };
}

function placeOf(place: Omit<SnapshotPlace, "packs">): Omit<SnapshotPlace, "packs"> {
  const { genesisDigest, tick, chainHead, inputSeq, logRecords, positions } = place;
  return { genesisDigest, tick, chainHead, inputSeq, logRecords, positions };
}

/** A snapshot of version 2 as it is stored; undefined for one of another version. @throws {WE_SNAPSHOT_DAMAGED} */
export function decodePagedSnapshot(ports: PackPorts, container: Uint8Array): PagedSnapshot | undefined {
  if (containerVersion(kind, container) !== kind.version) return undefined;
  const { index, rest } = openContainer(ports.hasher, kind, container);
  const { bodyBytes, storedBytes, ...place } = index;
  if (rest.length !== storedBytes) throw damaged("its body has another length than its index says");
  const body = storedBytes === bodyBytes ? rest : inflated(ports.compression, rest, bodyBytes);
  return { ...place, ...decodeShape(bodyShape, "snapshot", decodeCanonical(body)) };
}

/** The snapshot with whole memories. @param packs the packs it names, in its order @throws {WE_SNAPSHOT_DAMAGED} */
export function assembleSnapshot(snapshot: PagedSnapshot, packs: readonly PagePack[]): Snapshot {
  const { images, world } = snapshot;
  return {
    ...placeOf(snapshot),
    world,
    images: images.map(({ memoryBytes, pages, ...image }) => {
      return { ...image, memory: assembled(memoryBytes, pages, packs) };
    }),
  };
}

function assembled(memoryBytes: number, runs: readonly number[], packs: readonly PagePack[]): Uint8Array {
  const memory = new Uint8Array(memoryBytes);
  for (let run = 0; run + 3 < runs.length; run += 4) {
    const [first = 0, count = 0, number = 0, at = 0] = runs.slice(run, run + 4);
    const source = packs[number]?.pages.subarray(at * snapshotPageBytes, (at + count) * snapshotPageBytes);
    const end = (first + count) * snapshotPageBytes;
    if (source?.length !== count * snapshotPageBytes || end > memoryBytes) {
      throw damaged("an image names pages that are not there");
    }
    memory.set(source, first * snapshotPageBytes);
  }
  return memory;
}
