/**
 * Snapshots of version 1: the world's state, every agent's image, and where the run stood, in a sealed container. Its
 * rest are the sections that the index lists, one after the other: world state, then per image its state and its stored
 * pages. Pages of zeros are not stored. See spec/snapshot.md.
 */

import { encodeUtf8, type AgentHandle, type ModuleDigest } from "@wasm-engine/abi";
import type { Hasher } from "../ports.js";
import { digestBytes } from "./commit-codec.js";
import { moduleDigestShape } from "./genesis-codec.js";
import { handleShape } from "./input-codec.js";
import { damaged, openContainer, sealContainer, type ContainerKind } from "./sealed-container.js";
import { bytes, flag, integer, list, record, text, type Shape } from "./shape.js";

/** Image of one agent; the executor's `AgentImage`. */
export interface SnapshotImage {
  readonly agent: AgentHandle;
  readonly module: ModuleDigest;
  readonly memory: Uint8Array;
  readonly state: Uint8Array;
  readonly initialised: boolean;
}

/** Everything that going on from a tick needs. */
export interface Snapshot {
  readonly genesisDigest: Uint8Array;
  /** Last tick that is part of the snapshot. */
  readonly tick: number;
  readonly chainHead: Uint8Array;
  /** Sequence of the last input that the world has seen. */
  readonly inputSeq: number;
  /** Records of the log that must be there for this snapshot to be of use. */
  readonly logRecords: number;
  /** Where inputs and outputs stood: name to position. */
  readonly positions: readonly { readonly name: string; readonly position: number }[];
  /** Output of `exportState`. */
  readonly world: Uint8Array;
  readonly images: readonly SnapshotImage[];
}

interface ImageIndex {
  readonly agent: AgentHandle;
  readonly module: ModuleDigest;
  readonly initialised: boolean;
  readonly memoryBytes: number;
  readonly stateBytes: number;
  /** First page and number of pages of every stored run, in order, flattened. */
  readonly pages: readonly number[];
}

interface SnapshotIndex extends Omit<Snapshot, "world" | "images"> {
  readonly worldBytes: number;
  readonly images: readonly ImageIndex[];
}

/** Common to all versions. */
export const SNAPSHOT_CONTAINER = { name: "snapshot", magic: encodeUtf8("WESNAPSH") } as const;
const pageBytes = 4096;

/** Where a snapshot stands, in all versions. */
export const snapshotPlaceFields = {
  genesisDigest: bytes(digestBytes),
  tick: integer(-1),
  chainHead: bytes(digestBytes),
  inputSeq: integer(),
  logRecords: integer(),
  positions: list(record<Snapshot["positions"][number]>({ name: text, position: integer() })),
};

const indexShape: Shape<SnapshotIndex> = record<SnapshotIndex>({
  ...snapshotPlaceFields,
  worldBytes: integer(),
  images: list(
    record<ImageIndex>({
      agent: handleShape,
      module: moduleDigestShape,
      initialised: flag,
      memoryBytes: integer(),
      stateBytes: integer(),
      pages: list(integer()),
    }),
  ),
});

const kind: ContainerKind<SnapshotIndex> = { ...SNAPSHOT_CONTAINER, version: 1, index: indexShape };

/** The container as parts to be stored one after the other; large memories are not copied. */
export function encodeSnapshot(hasher: Hasher, snapshot: Snapshot): readonly Uint8Array[] {
  const sections: Uint8Array[] = [snapshot.world];
  const images = snapshot.images.map(({ agent, module, initialised, memory, state }): ImageIndex => {
    const pages = storedRuns(memory);
    sections.push(state);
    for (let run = 0; run < pages.length; run += 2) sections.push(runBytes(memory, pages, run));
    return { agent, module, initialised, memoryBytes: memory.length, stateBytes: state.length, pages };
  });
  const { genesisDigest, tick, chainHead, inputSeq, logRecords, positions, world } = snapshot;
  const place = { genesisDigest, tick, chainHead, inputSeq, logRecords, positions };
  const index: SnapshotIndex = { ...place, worldBytes: world.length, images };
  return sealContainer(hasher, kind, { index, rest: sections }).parts;
}

/**
 * The snapshot in `container`. World state and agent states alias it; memories are copies.
 * @throws {WE_SNAPSHOT_DAMAGED}
 */
export function decodeSnapshot(hasher: Hasher, container: Uint8Array): Snapshot {
  const { index, rest } = openContainer(hasher, kind, container);
  const section = sections(rest);
  const { worldBytes, images, ...place } = index;
  const world = section(worldBytes);
  return { ...place, world, images: images.map((image) => readImage(image, section)) };
}

type TakeSection = (size: number) => Uint8Array;

function sections(body: Uint8Array): TakeSection {
  let offset = 0;
  return (size) => {
    if (size > body.length - offset) throw damaged("a section is longer than the file");
    offset += size;
    return body.subarray(offset - size, offset);
  };
}

function readImage(image: ImageIndex, section: TakeSection): SnapshotImage {
  const { agent, module, initialised, memoryBytes, stateBytes, pages } = image;
  const state = section(stateBytes);
  const memory = new Uint8Array(memoryBytes);
  for (let run = 0; run < pages.length; run += 2) {
    const target = runBytes(memory, pages, run);
    if (target.length === 0) throw damaged("an image has pages outside its memory");
    target.set(section(target.length));
  }
  return { agent, module, memory, state, initialised };
}

/** The bytes of one stored run; the last page of a memory may be short. */
function runBytes(memory: Uint8Array, pages: readonly number[], run: number): Uint8Array {
  const first = pages[run] ?? 0;
  const count = pages[run + 1] ?? 0;
  return memory.subarray(first * pageBytes, (first + count) * pageBytes);
}

/** Runs of pages that hold anything but zeros: first page, number of pages, and so on. */
function storedRuns(memory: Uint8Array): number[] {
  const runs: number[] = [];
  const pageCount = Math.ceil(memory.length / pageBytes);
  let first = -1;
  for (let page = 0; page <= pageCount; page += 1) {
    const isStored = page < pageCount && !isZero(memory.subarray(page * pageBytes, (page + 1) * pageBytes));
    if (isStored && first === -1) first = page;
    if (isStored || first === -1) continue;
    runs.push(first, page - first);
    first = -1;
  }
  return runs;
}

function isZero(page: Uint8Array): boolean {
  const isAligned = page.byteOffset % 4 === 0;
  const words = isAligned ? page.length >>> 2 : 0;
  const view = new Int32Array(
    isAligned ? page.buffer : new ArrayBuffer(0),
    isAligned ? page.byteOffset : 0,
    words,
  );
  for (let word = 0; word < words; word += 1) if (view[word] !== 0) return false;
  for (let byte = words * 4; byte < page.length; byte += 1) if (page[byte] !== 0) return false;
  return true;
}
