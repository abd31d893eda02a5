/**
 * A language model for benchmarks: the shape of a Llama of about 100 million parameters with seeded weights, which
 * knows no language, in Hugging Face layout. Kept in bench/.wasm-engine, under a name that its sizes make.
 */

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SeededNumbers } from "../../../packages/inference/dist/batch/seeded-numbers.js";
import { byteTokenizer } from "../../../packages/inference/dist/testing/sample-decoder.js";
import { writeLlamaModel } from "../../../scripts/dist/language-model/llama-model.js";
import type { LlamaSizes, LlamaSource } from "../../../scripts/dist/language-model/llama-model.js";
import { benchFolder } from "../world-folder.js";

export type ModelFormat = "fp32" | "q4";

export interface BenchModel {
  /** Absolute. */
  readonly folder: string;
  readonly sizes: LlamaSizes;
  readonly parameters: number;
  readonly fileOf: (format: ModelFormat) => string;
}

const large: LlamaSizes = {
  vocabulary: 32_000,
  hidden: 768,
  inner: 2048,
  layers: 12,
  heads: 12,
  sharedHeads: 4,
  headSize: 64,
  context: 512,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
};

const tiny: LlamaSizes = {
  ...large,
  ...{ vocabulary: 512, hidden: 64, inner: 128, layers: 2, heads: 4, sharedHeads: 2, headSize: 16 },
};

/** Models of one shape in many formats, small enough for thousands of texts. */
export const bitSizes: LlamaSizes = {
  ...large,
  ...{ vocabulary: 512, hidden: 128, inner: 256, layers: 3, heads: 4, sharedHeads: 2, headSize: 32 },
};

/** Written where it is not there. */
export function benchModel(quick: boolean, formats: readonly ModelFormat[]): BenchModel {
  const sizes = quick ? tiny : large;
  const { hidden, inner, layers, heads, sharedHeads, headSize, vocabulary } = sizes;
  const fileOf = (format: ModelFormat): string =>
    format === "fp32" ? "onnx/model.onnx" : "onnx/model_q4.onnx";
  const folder = llamaFolder(
    sizes,
    formats.map((format) => ({ file: fileOf(format), format })),
  );
  const matrices = hidden * headSize * (heads + sharedHeads) * 2 + 3 * hidden * inner;
  const parameters = vocabulary * hidden + layers * (matrices + 2 * hidden) + hidden;
  return { folder, sizes, fileOf, parameters };
}

/** The folder, with the files that it lacked. */
export function llamaFolder(
  sizes: LlamaSizes,
  variants: readonly (Pick<LlamaSource, "format" | "attention"> & { readonly file: string })[],
): string {
  const { hidden, inner, layers, heads, sharedHeads, headSize, vocabulary, context } = sizes;
  const name = ["llama-1", vocabulary, hidden, inner, layers, heads, sharedHeads, headSize].join("-");
  const folder = join(benchFolder, ".wasm-engine/models", name);
  mkdirSync(join(folder, "onnx"), { recursive: true });
  const config = {
    model_type: "llama",
    architectures: ["LlamaForCausalLM"],
    vocab_size: vocabulary,
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: sharedHeads,
    head_dim: headSize,
    max_position_embeddings: context,
  };
  put(join(folder, "config.json"), JSON.stringify(config));
  put(join(folder, "generation_config.json"), "{}");
  put(join(folder, "tokenizer.json"), JSON.stringify(byteTokenizer()));
  put(join(folder, "tokenizer_config.json"), "{}");
  for (const { file, ...variant } of variants) {
    const path = join(folder, file);
    if (!existsSync(path)) put(path, writeLlamaModel({ sizes, weights: seededWeights(), ...variant }));
  }
  return folder;
}

/** Of the size that keeps activations near 1; norms are ones. */
function seededWeights(): (name: string, count: number) => Float32Array {
  return (name, count) => {
    if (name.includes("norm")) return new Float32Array(count).fill(1);
    const seed = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7);
    const random = new SeededNumbers(seed);
    const scale = name === "embed.weight" ? 0.5 : 0.06;
    return Float32Array.from({ length: count }, () => random.float() * scale);
  };
}

/** A file is there whole or not at all. */
function put(path: string, bytes: Uint8Array | string): void {
  const draft = `${path}.part`;
  rmSync(draft, { force: true });
  writeFileSync(draft, bytes);
  renameSync(draft, path);
}
