/** Snapshots of version 2 and their packs: golden bytes, and every changed bit is found. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { AgentHandle } from "@wasm-engine/abi";
import { concatBytes } from "../testing/bytes.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { sampleModule } from "../testing/sample.js";
import { goldenVectors } from "../testing/vector-file.js";
import { decodePack, encodePack, snapshotPageBytes, type PackPorts } from "./page-pack-codec.js";
import {
  assembleSnapshot,
  decodePagedSnapshot,
  encodePagedSnapshot,
  readSnapshotPlace,
  type PagedSnapshot,
} from "./paged-snapshot-codec.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

const inflate = (block: Uint8Array, size: number): Uint8Array =>
  inflateRawSync(block, { maxOutputLength: Math.max(1, size) });
/** What deflate gives depends on its library; bytes that are to be equal everywhere are stored as they are. */
const plain: PackPorts = { hasher: nodeHasher, compression: { deflate: (block) => block, inflate } };
const deflated: PackPorts = {
  hasher: nodeHasher,
  compression: { deflate: (block) => deflateRawSync(block, { level: 1 }), inflate },
};

const pages = new Uint8Array(2 * snapshotPageBytes);
pages.set([1, 2, 3], 5);
pages.fill(7, snapshotPageBytes + 100, snapshotPageBytes + 200);
const pageOf = (index: number): Uint8Array =>
  pages.subarray(index * snapshotPageBytes, (index + 1) * snapshotPageBytes);
const digests = concatBytes(nodeHasher.sha256(pageOf(0)), nodeHasher.sha256(pageOf(1)));

interface Stored {
  readonly pack: Uint8Array;
  readonly packDigest: Uint8Array;
  readonly snapshot: Uint8Array;
}

function pagedSample(pack: Uint8Array): PagedSnapshot {
  const image = { module: sampleModule, state: new Uint8Array([4]), initialised: true, memoryBytes: 65_536 };
  return {
    genesisDigest: new Uint8Array(32).fill(5),
    tick: 9,
    chainHead: new Uint8Array(32).fill(6),
    inputSeq: 3,
    logRecords: 14,
    positions: [{ name: "out/scores.jsonl", position: 512 }],
    packs: [pack],
    world: new Uint8Array(300).fill(8),
    images: [
      { ...image, agent: 77 as AgentHandle, pages: [2, 1, 0, 1, 4, 1, 0, 0] }, // brand: test data
      { ...image, agent: 78 as AgentHandle, pages: [0, 2, 0, 0] },
    ],
  };
}

function stored(ports: PackPorts): Stored {
  const { parts, digest } = encodePack(ports, { digests, pages });
  const snapshot = concatBytes(...encodePagedSnapshot(ports, pagedSample(digest)));
  return { pack: concatBytes(...parts), packDigest: digest, snapshot };
}

interface Vector {
  readonly pack: string;
  readonly snapshot: string;
}

test("[G4] spec/vectors/paged-snapshot.json: a snapshot of version 2 and its pack, plain and deflated", () => {
  const vectorOf = ({ pack, snapshot }: Stored): Vector => ({ pack: hex(pack), snapshot: hex(snapshot) });
  const current = { plain: vectorOf(stored(plain)), deflated: vectorOf(stored(deflated)) };
  const golden = goldenVectors("paged-snapshot", () => current);
  assert.deepEqual(current.plain, golden.plain);
  for (const vector of [golden.plain, golden.deflated]) {
    const container = unhex(vector.pack);
    const pack = decodePack(deflated, container, container.subarray(-32));
    assert.deepEqual([pack.digests, pack.pages], [digests, pages]);
    const snapshot = decodePagedSnapshot(deflated, unhex(vector.snapshot));
    assert.deepEqual(snapshot, pagedSample(pack.digest));
    const [first, second] = assembleSnapshot(snapshot, [pack]).images.map(({ memory }) => memory);
    assert.deepEqual(first?.subarray(2 * snapshotPageBytes, 3 * snapshotPageBytes), pageOf(1));
    assert.deepEqual(first.subarray(4 * snapshotPageBytes, 5 * snapshotPageBytes), pageOf(0));
    assert.deepEqual(second?.subarray(0, 2 * snapshotPageBytes), pages);
  }
});

test("[G10] every flipped bit and every truncation of a snapshot of version 2 and of its pack is found", () => {
  const damaged = { code: "WE_SNAPSHOT_DAMAGED" };
  const { pack, packDigest, snapshot } = stored(deflated);
  const places: readonly (readonly [Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    [pack, (bytes) => decodePack(deflated, bytes, packDigest)],
    [snapshot, (bytes) => decodePagedSnapshot(deflated, bytes) ?? readSnapshotPlace(nodeHasher, bytes)],
    [snapshot, (bytes) => readSnapshotPlace(nodeHasher, bytes)],
  ];
  for (const [whole, read] of places) {
    read(whole);
    for (let offset = 0; offset < whole.length; offset += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = whole.slice();
        flipped[offset] = (flipped[offset] ?? 0) ^ (1 << bit);
        assert.throws(() => read(flipped), damaged, `byte ${offset}, bit ${bit}`);
      }
      assert.throws(() => read(whole.subarray(0, offset)), damaged, `${offset} bytes`);
    }
    assert.throws(() => read(concatBytes(whole, Uint8Array.of(0))), damaged);
  }
});

test("[G10] a pack of zeros, or of fewer blocks than pages, is refused before its pages are made", () => {
  const many = 4096;
  const zeros = new Uint8Array(many * snapshotPageBytes);
  zeros[0] = 1;
  const names = new Uint8Array(many * 32);
  const sealed = encodePack(deflated, { digests: names, pages: zeros });
  let inflatedBlocks = 0;
  const counting = (block: Uint8Array, size: number): Uint8Array => {
    inflatedBlocks += 1;
    return inflate(block, size);
  };
  const ports = { hasher: nodeHasher, compression: { ...deflated.compression, inflate: counting } };
  const reason = (expected: RegExp) => ({ code: "WE_SNAPSHOT_DAMAGED", message: expected });
  assert.throws(
    () => decodePack(ports, concatBytes(...sealed.parts), sealed.digest),
    reason(/page of zeros/),
  );
  assert.equal(inflatedBlocks, 1);
  const short = encodePack(deflated, { digests: names, pages: zeros.subarray(0, 32 * snapshotPageBytes) });
  assert.throws(() => decodePack(ports, concatBytes(...short.parts), short.digest), reason(/lacks blocks/));
  assert.equal(inflatedBlocks, 1);
});
