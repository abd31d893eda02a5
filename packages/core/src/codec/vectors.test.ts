/** The formats as bytes: spec/vectors/{cbor,event-log,snapshot}.json, which other implementations test against too. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import { concatBytes } from "../testing/bytes.js";
import { LogImage } from "../testing/log-image.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { sampleGenesis, sampleModule } from "../testing/sample.js";
import { goldenVectors } from "../testing/vector-file.js";
import { decodeCanonical, encodeCanonical, type CborValue } from "./cbor.js";
import { genesisDigest, inputsDigest, nextChainHead } from "./chain.js";
import { encodeCommit } from "./commit-codec.js";
import { encodeGenesis } from "./genesis-codec.js";
import { encodeInput, encodeWorldInput } from "./input-codec.js";
import { verifyLog } from "./log-verdict.js";
import { decodeSnapshot, encodeSnapshot } from "./snapshot-codec.js";
import { encodeSyncedMark } from "./synced-mark.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

/** Diagnostic notation of RFC 8949, and the value. */
const cborValues: readonly (readonly [string, CborValue])[] = [
  ["0", 0],
  ["23", 23],
  ["24", 24],
  ["255", 255],
  ["256", 256],
  ["65536", 65_536],
  ["4294967296", 4_294_967_296],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ["18446744073709551615", 18_446_744_073_709_551_615n],
  ["-1", -1],
  ["-9007199254740991", Number.MIN_SAFE_INTEGER],
  ["-9223372036854775808", -9_223_372_036_854_775_808n],
  ["1.5", 1.5],
  ["100000.5", 100_000.5],
  ["1.1", 1.1],
  ["5.960464477539063e-8", 5.960464477539063e-8],
  ["1.0e+300", 1e300],
  ["false", false],
  ["null", null],
  ['"ü"', "ü"],
  ['"\\ufeffx"', "\ufeffx"],
  ["h'010203'", new Uint8Array([1, 2, 3])],
  ["[1, [2], {}]", [1, [2], {}]],
  ['{"a": 1, "b": 2, "aa": 3}', { aa: 3, b: 2, a: 1 }],
];

const cborRefused: readonly (readonly [string, string])[] = [
  ["1817", "integer not in its shortest form"],
  ["fa3fc00000", "float not in its shortest form"],
  ["f93c00", "whole number as float"],
  ["f98000", "minus zero"],
  ["f97e00", "NaN"],
  ["f97c00", "infinity"],
  ["f7", "undefined"],
  ["c100", "tag"],
  ["9fff", "indefinite length"],
  ["a2626161016162 02".replace(" ", ""), "keys out of order"],
  ["a2616101616102", "duplicate key"],
  ["a10101", "key that is not text"],
  ["61ff", "invalid UTF-8"],
  ["0000", "bytes after the value"],
];

test("[G1] spec/vectors/cbor.json: canonical CBOR", () => {
  const current = {
    values: cborValues.map(([diagnostic, value]) => ({ diagnostic, hex: hex(encodeCanonical(value)) })),
    refused: cborRefused.map(([bytes, why]) => ({ hex: bytes, why })),
  };
  const golden = goldenVectors("cbor", () => current);
  assert.deepEqual(current, golden);
  for (const { hex: bytes } of golden.values) {
    assert.equal(hex(encodeCanonical(decodeCanonical(unhex(bytes)))), bytes);
  }
  for (const { hex: bytes, why } of golden.refused) {
    assert.throws(() => decodeCanonical(unhex(bytes)), { code: "WE_CBOR_MALFORMED" }, why);
  }
});

function logVectors(): object {
  const image = LogImage.sample({ ticks: 6, segmentBytes: 1100 });
  let head = genesisDigest(nodeHasher, sampleGenesis);
  const chainHeads = image.commits.map((commit) => {
    head = nextChainHead(nodeHasher, head, commit);
    return hex(head);
  });
  const inputsOf = (tick: number): typeof image.inputs => image.inputs.filter((input) => input.tick === tick);
  return {
    genesis: {
      hex: hex(encodeGenesis(sampleGenesis)),
      digest: hex(genesisDigest(nodeHasher, sampleGenesis)),
    },
    inputs: image.inputs.map((input) => ({
      seq: input.seq,
      tick: input.tick,
      stored: hex(encodeInput(input)),
      world: hex(encodeWorldInput(input)),
    })),
    upgrades: [{}, { drainTicks: 600 }].map((wait) => {
      const agent = "a" as AgentId; // brand: test data
      const body = { kind: "upgrade", agent, module: sampleModule, ...wait } as const;
      const input = { seq: 1, tick: 2, body };
      return { seq: 1, tick: 2, ...wait, hex: hex(encodeInput(input)) };
    }),
    commits: image.commits.map((commit, index) => ({
      tick: commit.tick,
      hex: hex(encodeCommit(commit)),
      inputsDigest: hex(inputsDigest(nodeHasher, inputsOf(commit.tick)) ?? new Uint8Array()),
      chainHead: chainHeads[index],
    })),
    records: image.places().all,
    segments: image.segments.map(({ bytes }) => hex(bytes)),
    syncedMark: hex(encodeSyncedMark(genesisDigest(nodeHasher, sampleGenesis), image.encoder.state.position)),
  };
}

test("[G4] spec/vectors/event-log.json: genesis, inputs, commits, chain, segments", () => {
  const current = logVectors();
  const golden = goldenVectors("event-log", () => current) as { readonly segments: readonly string[] };
  assert.deepEqual(current, golden);
  const segments = golden.segments.map((bytes, index) => ({ index, bytes: unhex(bytes) }));
  assert.equal(verifyLog(segments, nodeHasher).ok, true);
});

test("[G4] spec/vectors/snapshot.json: a snapshot container", () => {
  const digest = new Uint8Array(32).fill(5);
  const memory = new Uint8Array(65_536);
  memory.set([1, 2, 3], 8192);
  const image = {
    agent: 77 as AgentHandle,
    module: sampleModule,
    memory,
    state: new Uint8Array([4]),
    initialised: true,
  };
  const snapshot = {
    genesisDigest: digest,
    tick: 9,
    chainHead: digest,
    inputSeq: 3,
    logRecords: 14,
    positions: [{ name: "out/scores.jsonl", position: 512 }],
    world: new Uint8Array([1, 2]),
    images: [image],
  };
  const current = { hex: hex(concatBytes(...encodeSnapshot(nodeHasher, snapshot))) };
  const golden = goldenVectors("snapshot", () => current);
  assert.deepEqual(current, golden);
  assert.deepEqual(decodeSnapshot(nodeHasher, unhex(golden.hex)), snapshot);
});
