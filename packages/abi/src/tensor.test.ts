/** Tensor payloads against spec/vectors/tensors.json and spec/abi.md. WRITE_VECTORS=1 writes the vectors. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import {
  TensorType,
  decodeTensors,
  elementBytes,
  elementCount,
  encodeTensors,
  tensorRankMax,
  tensorsPerPayloadMax,
} from "./tensor.js";
import type { TensorBlock } from "./tensor.js";

const writes = process.env["WRITE_VECTORS"] === "1";
const page = new URL("../../../spec/abi.md", import.meta.url);
const vectorFile = new URL("../../../spec/vectors/tensors.json", import.meta.url);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const floats = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

const SETS: readonly (readonly [string, readonly TensorBlock[]])[] = [
  ["nothing", []],
  ["a scalar", [{ name: "", type: TensorType.FLOAT32, dimensions: [], data: floats(1.5) }]],
  ["two rows", [{ name: "x", type: TensorType.FLOAT32, dimensions: [2, 2], data: floats(1, -2, 0.1, 3e38) }]],
  ["no rows", [{ name: "x", type: TensorType.INT64, dimensions: [0, 3], data: new Uint8Array(0) }]],
  [
    "several types",
    [
      { name: "größe", type: TensorType.UINT8, dimensions: [3], data: Uint8Array.of(1, 2, 255) },
      {
        name: "mask",
        type: TensorType.BOOL,
        dimensions: [1, 9],
        data: Uint8Array.of(1, 0, 1, 0, 1, 0, 1, 0, 1),
      },
      { name: "half", type: TensorType.FLOAT16, dimensions: [1], data: Uint8Array.of(0x00, 0x3c) },
      { name: "id", type: TensorType.INT64, dimensions: [1, 1, 1], data: unhex("ffffffffffffff7f") },
    ],
  ],
];

/** Payloads that no reader may accept. */
const REFUSED: readonly (readonly [string, string])[] = [
  ["", "a tensor payload has at least 8 bytes, not 0"],
  ["0100000000000000", "tensor 0: its header is cut off"],
  ["4100000000000000", "a payload holds at most 64 tensors, not 65"],
  ["00000000000000000000000000000000", "8 bytes follow the last tensor"],
  ["0100000000000000" + "0400000000000000", "tensor 0: element type 4 is not known"],
  ["0100000000000000" + "0109000000000000" + "00".repeat(40), "tensor 0: rank 9 is above 8"],
  ["0100000000000000" + "0100000100000000" + "00".repeat(256), "tensor 0: a name of 256 bytes is too long"],
  ["0100000000000000" + "0101000008000000" + "0200000000000000", "tensor 0: its data is cut off"],
  // Sizes at and near the ends of 32 bits: none may wrap around to a block that fits.
  ["0100000000000000" + "0201000000000080" + "0000008000000000", "tensor 0: its data is cut off"],
  ["0100000000000000" + "02010000f9ffffff" + "f9ffffff00000000", "tensor 0: its data is cut off"],
  ["0200000000000000" + "0201000000000080" + "0000008000000000", "tensor 0: its data is cut off"],
  [
    "0100000000000000" + "0101000008000000" + "0300000000000000" + "00".repeat(8),
    "tensor 0: dimensions [3] need 12 bytes, not 8",
  ],
  [
    "0100000000000000" + "0200010001000000" + "ff00000000000000" + "0100000000000000",
    "tensor 0: its name is no UTF-8",
  ],
];

test("[G1] spec/vectors/tensors.json: sets of tensors and payloads that are refused", () => {
  const computed = {
    sets: SETS.map(([name, tensors]) => ({
      name,
      tensors: tensors.map((tensor) => ({ ...tensor, data: hex(tensor.data) })),
      bytes: hex(encodeTensors(tensors)),
    })),
    refused: REFUSED.map(([bytes]) => bytes),
  };
  if (writes) writeFileSync(vectorFile, `${JSON.stringify(computed, null, 2)}\n`);
  assert.deepEqual(JSON.parse(readFileSync(vectorFile, "utf8")), computed);
});

test("[G1] spec/abi.md lists the element types", () => {
  const rows = Object.entries(TensorType).map(
    ([name, number]) => `| ${name} | ${number} | ${elementBytes(number)} |`,
  );
  assert.ok(
    readFileSync(page, "utf8").includes(
      ["| element type | number | bytes |", "|---|---|---|", ...rows].join("\n"),
    ),
  );
});

test("tensors are read back as they were written", () => {
  for (const [name, tensors] of SETS) assert.deepEqual(decodeTensors(encodeTensors(tensors)), tensors, name);
});

test("what is no set of tensors is refused in words", () => {
  for (const [bytes, why] of REFUSED) assert.equal(decodeTensors(unhex(bytes)), why);
});

const blocks = fc.array(
  fc
    .record({
      name: fc.string({ maxLength: 40, unit: "binary" }),
      type: fc.constantFrom(...Object.values(TensorType)),
      dimensions: fc
        .array(fc.nat(4), { maxLength: tensorRankMax })
        .filter((sizes) => elementCount(sizes) < 500),
    })
    .chain(({ name, type, dimensions }) => {
      const length = elementCount(dimensions) * elementBytes(type);
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((data): TensorBlock => ({ name: name.slice(0, 40), type, dimensions, data }));
    }),
  { maxLength: 5 },
);

test("any set goes out and in, at any offset; any damage gives a text or another set, never a crash", () => {
  fc.assert(
    fc.property(
      blocks,
      fc.nat(7),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (tensors, shift, at, change) => {
        const bytes = encodeTensors(tensors);
        assert.equal(bytes.length % 8, 0);
        const shifted = new Uint8Array(bytes.length + shift);
        shifted.set(bytes, shift);
        const read = decodeTensors(shifted.subarray(shift));
        assert.ok(typeof read !== "string");
        assert.deepEqual(
          read.map((tensor) => ({ ...tensor, data: hex(tensor.data) })),
          [...tensors.map((tensor) => ({ ...tensor, data: hex(tensor.data) }))],
        );
        const bent = bytes.slice();
        bent[at % bytes.length] = (bent[at % bytes.length] ?? 0) ^ change;
        decodeTensors(bent);
        if (bytes.length > 8)
          assert.equal(typeof decodeTensors(bytes.subarray(0, bytes.length - 8)), "string");
      },
    ),
  );
});

test("writing checks what no reader would accept", () => {
  const tensor = { name: "x", type: TensorType.FLOAT32, dimensions: [1], data: floats(1) };
  const refused: readonly (readonly TensorBlock[])[] = [
    Array.from({ length: tensorsPerPayloadMax + 1 }, () => tensor),
    [{ ...tensor, dimensions: [2] }],
    [{ ...tensor, dimensions: Array.from({ length: tensorRankMax + 1 }, () => 1) }],
    [{ ...tensor, name: "n".repeat(256) }],
  ];
  for (const tensors of refused)
    assert.throws(() => encodeTensors(tensors), { code: "WE_INTERNAL_ASSERTION" });
});
