import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding, TensorType, encodeTensors, encodeUtf8 } from "@wasm-engine/abi";
import { compareAnswers } from "./answer-comparison.js";
import type { ComparedAnswer } from "./answer-comparison.js";

function json(value: unknown, ok = true): ComparedAnswer {
  return { ok, encoding: Encoding.JSON, payload: encodeUtf8(JSON.stringify(value)) };
}

function tensor(
  type: TensorType,
  values: ArrayBufferView,
  dimensions: readonly number[],
  name = "",
): ComparedAnswer {
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { ok: true, encoding: Encoding.TENSOR, payload: encodeTensors([{ name, type, dimensions, data }]) };
}

function floats(...values: readonly number[]): ComparedAnswer {
  return tensor(TensorType.FLOAT32, new Float32Array(values), [values.length]);
}

function longs(...values: readonly bigint[]): ComparedAnswer {
  return tensor(TensorType.INT64, new BigInt64Array(values), [values.length]);
}

const table: readonly (readonly [string, ComparedAnswer, ComparedAnswer, string])[] = [
  ["the same bytes", floats(1, 2), floats(1, 2), "identical"],
  ["the same error", json({ code: "FAILED" }, false), json({ code: "FAILED" }, false), "identical"],
  ["floats within the tolerance", floats(1, 1000), floats(1.0005, 1000.9), "close"],
  ["small floats", floats(0), floats(9e-6), "close"],
  ["NaN and NaN in other bits", floats(NaN, 1), floats(NaN, 1.00001), "close"],
  ["numbers in JSON", json({ y: [[0.5]] }), json({ y: [[0.5000001]] }), "close"],
  ["floats beyond it", floats(1, 2), floats(1, 2.1), "tensor 0: element 1: 2, now 2.0999999046325684"],
  ["infinity", floats(1), floats(Infinity), "element 0: 1, now Infinity"],
  ["NaN and a number", floats(NaN), floats(1), "NaN, now 1"],
  ["whole numbers", longs(1n), longs(2n), "element 0: 1, now 2"],
  ["whole numbers that doubles confuse", longs(2n ** 60n), longs(2n ** 60n + 1n), "other bytes"],
  ["another shape", floats(1, 2), floats(1), "dimensions [2], now [1]"],
  [
    "another name",
    tensor(TensorType.BOOL, new Uint8Array(1), [1], "a"),
    tensor(TensorType.BOOL, new Uint8Array(1), [1], "b"),
    'name "a", now "b"',
  ],
  ["another type", floats(0), tensor(TensorType.INT32, new Int32Array(1), [1]), "type 1, now 6"],
  ["another encoding", floats(0), json([0]), "encoding 3, now 1"],
  ["numbers in JSON beyond it", json({ y: [0.5] }), json({ y: [0.6] }), "answer.y.0: 0.5, now 0.6"],
  ["another member", json({ y: 1 }), json({ z: 1 }), "answer.y: missing now"],
  ["more members", json([1]), json([1, 2]), "1 members, now 2"],
  ["texts", json({ y: "a" }), json({ y: "b" }), "answer.y: a, now b"],
  [
    "an answer that is an error now",
    floats(1),
    json({ code: "FAILED" }, false),
    "the model now gives an error",
  ],
  ["another error", json({ message: "a" }, false), json({ message: "b" }, false), "an error"],
];

for (const [what, expected, actual, outcome] of table) {
  test(`[G8] answers compared: ${what}`, () => {
    const verdict = compareAnswers(expected, actual);
    if (verdict.kind !== "different") assert.equal(verdict.kind, outcome);
    else assert.ok(verdict.detail.includes(outcome), verdict.detail);
  });
}

test("half floats compare as numbers", () => {
  const half = (...bits: readonly number[]): ComparedAnswer =>
    tensor(TensorType.FLOAT16, new Uint16Array(bits), [bits.length]);
  assert.equal(compareAnswers(half(0x3c00, 1), half(0x3c01, 2)).kind, "close");
  assert.equal(compareAnswers(half(0x3c00), half(0x4000)).kind, "different");
  assert.equal(compareAnswers(half(0x7c00), half(0xfc00)).kind, "different");
});
