import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Encoding, TensorType, elementBytes, elementCount, encodeTensors } from "@wasm-engine/abi";
import { modelShape } from "../model/model-shape.js";
import { answerText, jsonRequest } from "../testing/sample-models.js";
import { writeAnswer } from "./answer-writer.js";
import { readRequest } from "./request-reader.js";

const shape = modelShape(
  [
    { name: "x", type: TensorType.FLOAT32, dimensions: ["batch", "n"] },
    { name: "mask", type: TensorType.BOOL, dimensions: ["batch"] },
    { name: "free", type: TensorType.INT64, dimensions: undefined },
  ],
  [{ name: "y", type: TensorType.FLOAT32, dimensions: ["batch", 2] }],
);

/** What a reader lets through fits the model; everything else is a text short enough for an answer. */
function check(request: Parameters<typeof readRequest>[0]): void {
  const read = readRequest(request, shape);
  if (typeof read === "string") {
    assert.ok(read.length > 0 && read.length < 400, read);
    return;
  }
  assert.deepEqual(
    read.tensors.map(({ name, type }) => [name, type]),
    shape.inputs.map(({ name, type }) => [name, type]),
  );
  for (const { data, dimensions, type } of read.tensors)
    assert.equal(data.length, elementCount(dimensions) * elementBytes(type));
}

test("any bytes and any JSON are read or refused in words", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5), (payload, encoding) => {
      check({ encoding: encoding as Encoding, payload }); // unknown ones included
    }),
  );
  fc.assert(fc.property(fc.json(), (json) => check(jsonRequest(json))));
  const numbers = fc.array(fc.oneof(fc.double(), fc.integer(), fc.boolean()), { maxLength: 4 });
  const inputs = fc.record({
    x: fc.oneof(numbers, fc.array(numbers, { maxLength: 4 })),
    mask: numbers,
    free: numbers,
  });
  fc.assert(fc.property(inputs, (value) => check(jsonRequest(value))));
});

test("a small text that claims a large array claims nothing", () => {
  const wide = `[${"0,".repeat(30_000)}0]`;
  const ragged = jsonRequest(`{"x":[${wide},${"[],".repeat(30_000)}[]],"mask":[true],"free":0}`);
  assert.equal(readRequest(ragged, shape), 'input "x" has arrays of unequal lengths');
});

test("JSON and tensors of the same values are the same request", () => {
  const json = readRequest(jsonRequest({ free: 7, mask: [true, false], x: [[1], [2.5]] }), shape);
  const tensors = readRequest(
    {
      encoding: Encoding.TENSOR,
      payload: encodeTensors([
        { name: "mask", type: TensorType.BOOL, dimensions: [2], data: Uint8Array.of(1, 0) },
        { name: "free", type: TensorType.INT64, dimensions: [], data: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) },
        {
          name: "x",
          type: TensorType.FLOAT32,
          dimensions: [2, 1],
          data: new Uint8Array(Float32Array.of(1, 2.5).buffer),
        },
      ]),
    },
    shape,
  );
  assert.ok(typeof json !== "string" && typeof tensors !== "string");
  assert.deepEqual(
    json.tensors.map((tensor) => ({ ...tensor, data: [...tensor.data] })),
    tensors.tensors.map((tensor) => ({ ...tensor, data: [...tensor.data] })),
  );
});

test("outputs that no payload can hold are refused", () => {
  const deep = {
    name: "y",
    type: TensorType.UINT8,
    dimensions: [1, 1, 1, 1, 1, 1, 1, 1, 1],
    data: Uint8Array.of(1),
  };
  for (const encoding of [Encoding.JSON, Encoding.TENSOR])
    assert.equal(
      answerText(writeAnswer({ encoding, asRow: false }, [deep], 1000)),
      'output "y" has more than 8 dimensions',
    );
  const large = { name: "y", type: TensorType.UINT8, dimensions: [300], data: new Uint8Array(300).fill(255) };
  assert.equal(
    answerText(writeAnswer({ encoding: Encoding.JSON, asRow: false }, [large], 1000)),
    "the answer has 1201 bytes, at most 1000 fit",
  );
});
