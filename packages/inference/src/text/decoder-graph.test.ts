import assert from "node:assert/strict";
import { test } from "node:test";
import { TensorType } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import { readOnnxHeader, writeOnnxModel } from "../onnx/index.js";
import type { OnnxNode } from "../onnx/index.js";
import { webRuntime } from "../runtime/web-runtime.js";
import { decoderModel } from "../testing/sample-decoder.js";
import { lastScores, withStepOutputs } from "./decoder-graph.js";
import { readDecoderShape } from "./decoder-shape.js";

const tokens = [7, 1, 200, 33, 9];

function inputs(): readonly TensorBlock[] {
  const whole = (name: string, values: readonly number[]): TensorBlock => ({
    ...{ name, type: TensorType.INT64, dimensions: [1, values.length] },
    data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });
  const past = ["key", "value"].map((part) => ({
    ...{ name: `past_key_values.0.${part}`, type: TensorType.FLOAT32, dimensions: [1, 2, 0, 16] },
    data: new Uint8Array(0),
  }));
  const places = tokens.map((_, index) => index);
  const ones = tokens.map(() => 1);
  return [whole("input_ids", tokens), whole("attention_mask", ones), whole("position_ids", places), ...past];
}

/** The decoder with `behind` between its product with the head and its scores. */
function model(behind: readonly OnnxNode[]): Uint8Array {
  const plain = decoderModel("plain");
  const nodes = plain.nodes.map((node) =>
    behind.length > 0 && node.outputs.includes("logits") ? { ...node, outputs: ["raw"] } : node,
  );
  return writeOnnxModel({ ...plain, nodes: [...nodes, ...behind] });
}

const node = (operator: string, from: readonly string[], to: string): OnnxNode => ({
  operator,
  inputs: from,
  outputs: [to],
});

for (const { name, behind, rows } of [
  { name: "a product", behind: [], rows: 1 },
  {
    name: "a product and its bend",
    behind: [node("Tanh", ["raw"], "bent"), node("Identity", ["bent"], "logits")],
    rows: 1,
  },
  { name: "something unknown", behind: [node("Softmax", ["raw"], "logits")], rows: tokens.length },
  {
    name: "a product that is read twice",
    behind: [node("Tanh", ["raw"], "logits"), node("Identity", ["raw"], "other")],
    rows: tokens.length,
  },
])
  test(`scores after the last token, where they are ${name}: those of the whole, from ${rows} rows`, async () => {
    const bytes = model(behind);
    const header = readOnnxHeader(bytes);
    assert.ok(typeof header !== "string");
    const shape = readDecoderShape(header);
    assert.ok(typeof shape !== "string");
    const runtime = await webRuntime();
    const original = await runtime.createSession(bytes, "wasm");
    const changed = await runtime.createSession(withStepOutputs(bytes, shape), "wasm");
    const [whole] = await original.run(inputs(), ["logits"]);
    const [scores, logits] = await changed.run(inputs(), [lastScores, "logits"]);
    await original.dispose();
    await changed.dispose();
    assert.deepEqual(scores?.dimensions, [1, shape.vocabulary]);
    assert.equal(logits?.dimensions[1], rows, "no row is computed in vain");
    const floats = (data: Uint8Array | undefined): Float32Array =>
      new Float32Array(Uint8Array.from(data ?? []).buffer);
    const last = floats(whole?.data).slice(-shape.vocabulary);
    const off = floats(scores?.data).map((score, id) => Math.abs(score - (last[id] ?? NaN)));
    assert.equal(off.length, shape.vocabulary);
    assert.ok(Math.max(...off) < 1e-5);
  });
