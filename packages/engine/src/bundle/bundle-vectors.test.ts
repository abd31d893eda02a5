/** spec/vectors/bundle.json: the format as bytes, and columns that nobody packed. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { encodeCanonical } from "@wasm-engine/core";
import type { CborValue } from "@wasm-engine/core";
import { hexOfBytes, nodeHasher } from "../crypto/node-crypto.js";
import { flipped } from "../testing/damage.js";
import { ColumnReader, ColumnWriter } from "./byte-column.js";
import type { Refuse } from "./byte-column.js";
import { contentDigest, encodeBundle } from "./bundle-file.js";
import { bundleError } from "./errors.js";
import { packLog, unpackLog } from "./log-columns.js";
import { readBundle } from "./open-bundle.js";
import { readTemplate, splitRecord, writeHead } from "./record-template.js";

const folder = new URL("../../../../spec/vectors/", import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

interface Vector {
  readonly runJson: string;
  readonly sideRecords: string;
  readonly contentDigest: string;
  readonly table: string;
  readonly columns: string;
  readonly file: string;
}
const vector = read("bundle.json") as Vector; // committed beside this test's specification
const { segments: segmentTexts } = read("event-log.json") as { segments: readonly string[] }; // likewise
const segments = segmentTexts.map(unhex);
const refuse: Refuse = (reason) => {
  throw bundleError("WE_BUNDLE_DAMAGED", { path: "vector", reason });
};

test("[S14.open] the bundle of the vectors reads as specified", () => {
  const { content } = readBundle("vector", unhex(vector.file));
  assert.deepEqual(
    content.parts.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]),
    [
      ["run.json", vector.runJson],
      ["side.jsonl", vector.sideRecords],
    ],
  );
  assert.deepEqual(
    content.log.map(({ bytes }) => hexOfBytes(bytes)),
    segmentTexts,
  );
  assert.equal(hexOfBytes(contentDigest(content)), vector.contentDigest);
});

test("[S14.bundle] table and columns of the vectors are written as specified, whatever compresses them", () => {
  const { content } = readBundle("vector", unhex(vector.file));
  assert.equal(hexOfBytes(packLog(segments, nodeHasher, refuse)), vector.columns);
  const file = encodeBundle(content, "0.1.0");
  const tableBytes = Buffer.from(file).readUInt32LE(12);
  // The table holds the compressed sizes too, which are zlib's business; up to there it is ours.
  const table = hexOfBytes(file.subarray(32, 32 + tableBytes));
  const streams = Buffer.from("gstreams").toString("hex");
  assert.equal(table.split(streams)[0], vector.table.split(streams)[0]);
});

test("[G10] columns with any byte changed are refused with a code, or restore other bytes: nothing worse", () => {
  const columns = unhex(vector.columns);
  const sizes = segments.map(({ length }) => length);
  let refused = 0;
  for (let offset = 0; offset < columns.length; offset += 1) {
    for (const mask of [1, 0x10, 0x80, 0xff]) {
      try {
        const restored = unpackLog(flipped(columns, offset, mask), { sizes, hasher: nodeHasher, refuse });
        assert.deepEqual(
          restored.map(({ length }) => length),
          sizes,
        );
        assert.notDeepEqual(restored, segments, `byte ${offset}`);
      } catch (error) {
        assert.ok(
          EngineError.is(error) && !error.code.startsWith("WE_INTERNAL_"),
          `byte ${offset}: ${String(error)}`,
        );
        refused += 1;
      }
    }
  }
  assert.ok(refused > 100);
  for (let length = 0; length < columns.length; length += 1) {
    const cut = (): unknown => unpackLog(columns.subarray(0, length), { sizes, hasher: nodeHasher, refuse });
    assert.throws(cut, { code: "WE_BUNDLE_DAMAGED" }, `${length} bytes`);
  }
});

const values: readonly CborValue[] = [
  0,
  -1,
  0xffff_ffff_ffff_ffffn,
  -0x8000_0000_0000_0000n,
  1.5,
  1e300,
  true,
  null,
  "",
  "ü".repeat(300),
  new Uint8Array(70_000),
  [],
  {},
  [1, [2, [3, { a: [-4, "x"], bb: { c: null } }]], 23, 24, 255, 256, 65_535, 65_536, 0xffff_ffff, 2 ** 40],
  Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index])),
];

test("[S14.bundle] a record is its template filled with its leaves", () => {
  for (const value of values) {
    const payload = encodeCanonical(value);
    const { template, leaves } = splitRecord(payload, refuse);
    const out = new ColumnWriter();
    let next = 0;
    for (const step of readTemplate(template, refuse)) {
      if (step.kind === "verbatim") {
        out.raw(step.bytes);
        continue;
      }
      const leaf = leaves[next++] ?? 0n;
      writeHead(out, step.major, typeof leaf === "bigint" ? leaf : BigInt(leaf.length));
      if (typeof leaf !== "bigint") out.raw(leaf);
    }
    assert.equal(next, leaves.length);
    assert.deepEqual(out.bytes(), payload);
  }
});

test("varints take 64 bits and no more; counts are bounded", () => {
  const out = new ColumnWriter();
  const numbers = [0n, 127n, 128n, 0xffff_ffff_ffff_ffffn];
  for (const number of numbers) out.varint(number);
  const reader = new ColumnReader(out.bytes(), refuse);
  assert.deepEqual(
    numbers.map(() => reader.varint()),
    numbers,
  );
  assert.ok(reader.done);
  const long = new ColumnReader(new Uint8Array(11).fill(0xff), refuse);
  assert.throws(() => long.varint(), { code: "WE_BUNDLE_DAMAGED" });
  const large = new ColumnReader(Uint8Array.of(200, 1), refuse);
  assert.throws(() => large.count(199), { code: "WE_BUNDLE_DAMAGED" });
});
