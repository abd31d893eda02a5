import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { imageDigest } from "./base-image.js";
import { MerkleTree, merkleRoot } from "./merkle-tree.js";
import { hex, sha256 } from "./testing/test-world.js";
import { vectorsOf } from "./testing/vector-file.js";

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const repeat = `repeat with FUZZ_SEED=${seed} node --test packages/executor/dist/merkle-tree.test.js`;

/** The definition, written a second time and without any cleverness. */
function definition(digests: readonly Uint8Array[]): Uint8Array {
  if (digests.length === 0) return sha256(new Uint8Array(0));
  if (digests.length === 1) return digests[0] ?? new Uint8Array(0);
  const parents: Uint8Array[] = [];
  for (let first = 0; first < digests.length; first += 16) {
    parents.push(sha256(new Uint8Array(Buffer.concat(digests.slice(first, first + 16)))));
  }
  return definition(parents);
}

function pagesOf(memory: Uint8Array): Uint8Array[] {
  return Array.from({ length: memory.length / 4096 }, (_, index) =>
    sha256(memory.slice(index * 4096, (index + 1) * 4096)),
  );
}

test(`[G1] a tree kept up to date by changed page equals the definition (${repeat})`, () => {
  const change = fc.tuple(fc.nat(600), fc.nat(255));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.array(fc.array(change, { maxLength: 5 })),
      (pages, rounds) => {
        const digests = Array.from({ length: pages }, () => sha256(new Uint8Array(1)));
        const tree = new MerkleTree(sha256, pages);
        for (const [index, digest] of digests.entries()) tree.setLeaf(index, digest);
        for (const changes of rounds) {
          for (const [page, value] of changes) {
            digests[page % pages] = sha256(Uint8Array.of(value));
            tree.setLeaf(page % pages, sha256(Uint8Array.of(value)));
          }
          assert.deepEqual(tree.root(), definition(digests));
        }
        const grown = new MerkleTree(sha256, pages + 7, tree);
        for (let index = pages; index < pages + 7; index += 1)
          grown.setLeaf(index, sha256(Uint8Array.of(index % 256)));
        const more = Array.from({ length: 7 }, (_, index) => sha256(Uint8Array.of((pages + index) % 256)));
        assert.deepEqual(grown.root(), definition([...digests, ...more]));
      },
    ),
    { seed, numRuns: 60 },
  );
});

interface StateCase {
  readonly memoryBytes: number;
  /** [offset, hex bytes] */
  readonly writes: readonly (readonly [number, string])[];
  readonly state: string;
  readonly initialised: boolean;
}

const CASES: readonly StateCase[] = [
  { memoryBytes: 0, writes: [], state: "", initialised: false },
  { memoryBytes: 65_536, writes: [], state: "", initialised: false },
  { memoryBytes: 65_536, writes: [], state: "", initialised: true },
  { memoryBytes: 65_536, writes: [[0, "01"]], state: "00".repeat(16), initialised: true },
  { memoryBytes: 65_536, writes: [[65_535, "01"]], state: "0100f07f00000000".repeat(2), initialised: true },
  {
    memoryBytes: 17 * 65_536,
    writes: [
      [4095, "aabb"],
      [1_114_111, "ff"],
    ],
    state: "ff".repeat(32),
    initialised: true,
  },
];

test("[G1] spec/vectors/state-hash.json: roots and image digests", () => {
  const computed = CASES.map((entry) => {
    const memory = new Uint8Array(entry.memoryBytes);
    for (const [offset, bytes] of entry.writes) memory.set(Buffer.from(bytes, "hex"), offset);
    const root = merkleRoot(sha256, memory);
    assert.deepEqual(root, definition(pagesOf(memory)));
    const state = new Uint8Array(Buffer.from(entry.state, "hex"));
    const digest = imageDigest(
      sha256,
      { bytes: memory.length, root },
      { state, initialised: entry.initialised },
    );
    return { ...entry, root: hex(root), digest: hex(digest) };
  });
  assert.deepEqual(vectorsOf("state-hash", computed), computed);
});
