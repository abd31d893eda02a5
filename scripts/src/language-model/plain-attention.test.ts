import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { openTextModel } from "@wasm-engine/inference";
import { byteTokenizer } from "../../../packages/inference/dist/testing/sample-decoder.js";
import { writeLlamaModel } from "./llama-model.js";
import type { LlamaSource } from "./llama-model.js";

const sizes = {
  ...{ vocabulary: 40, hidden: 64, inner: 96, layers: 2, heads: 4, sharedHeads: 2, headSize: 16 },
  ...{ context: 96, normEpsilon: 1e-5, ropeTheta: 10_000 },
};

/** Equal for every graph: the name decides. */
function weights(name: string, count: number): Float32Array {
  if (name.includes("norm")) return new Float32Array(count).fill(1);
  const seed = [...name].reduce((sum, letter) => sum * 7 + letter.charCodeAt(0), 1) % 1000;
  return Float32Array.from({ length: count }, (_, place) => Math.sin((place + 1) * (seed + 1.7)) / 4);
}

async function texts(source: Pick<LlamaSource, "format" | "attention">): Promise<{
  readonly mode: string;
  readonly tokens: readonly (readonly number[])[];
}> {
  const folder = mkdtempSync(join(tmpdir(), "llama-"));
  try {
    mkdirSync(join(folder, "onnx"));
    writeFileSync(join(folder, "onnx/model.onnx"), writeLlamaModel({ sizes, weights, ...source }));
    writeFileSync(join(folder, "config.json"), JSON.stringify({ max_position_embeddings: sizes.context }));
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(byteTokenizer()));
    const model = await openTextModel({ folder, rowsMax: 2 });
    const prompts = [[3], [5, 9, 1, 30, 22], Array.from({ length: 70 }, (_, id) => (id * 11) % 40)];
    const results = await Promise.all(
      prompts.map((prompt) => model.generate({ prompt, maxTokens: 12, repetitionPenalty: 1.3 })),
    );
    await model.close();
    return { mode: model.facts.batchMode, tokens: results.map(({ tokens }) => tokens) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("every attention and every format of weights says nearly the same", async () => {
  const expected = await texts({ format: "fp32" });
  assert.equal(expected.mode, "exact");
  assert.ok(new Set(expected.tokens.flat()).size > 8, "the texts say something");
  assert.deepEqual(await texts({ format: "fp32", attention: "plain" }), expected);
  for (const [format, mode] of [
    ["q8", "exact"],
    ["int8", "serial"],
  ] as const) {
    const found = await texts({ format, attention: "plain" });
    assert.equal(found.mode, mode, "inputs that are quantised by the whole batch keep a model from batches");
    // Rounded weights lead elsewhere in the end; the beginnings are those of the model.
    const agreed = found.tokens.filter(([first], row) => first === expected.tokens[row]?.[0]);
    assert.ok(agreed.length >= 2, format);
  }
});
