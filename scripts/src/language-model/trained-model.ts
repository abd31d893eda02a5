/** What `assets/models/understudy/build/train.py` leaves in a folder: sizes, weights, held-out tokens, first scores. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "@wasm-engine/abi";
import type { LlamaSizes, LlamaSource } from "./llama-model.js";

export interface TrainedModel {
  readonly sizes: LlamaSizes;
  readonly weights: LlamaSource["weights"];
  readonly heldOut: {
    /** Of the text that the tokens stand for. */
    readonly bytes: number;
    readonly tokens: readonly number[];
  };
  /** PyTorch's scores after each token of the first window of the held-out tokens: [context, vocabulary]. */
  readonly firstScores: Float32Array;
  /** Text of tokenizer.json. */
  readonly tokenizer: string;
}

/** The file model.json of the folder. */
interface Facts {
  readonly config: Readonly<Record<string, number>>;
  readonly weights: readonly { readonly name: string; readonly count: number }[];
  readonly heldOut: TrainedModel["heldOut"];
}

export function readTrainedModel(folder: string): TrainedModel {
  const facts = JSON.parse(readFileSync(join(folder, "model.json"), "utf8")) as Facts; // our own script's file
  const all = floatsOf(join(folder, "weights.bin"));
  const byName = new Map<string, Float32Array>();
  let start = 0;
  for (const { name, count } of facts.weights) {
    byName.set(name, all.subarray(start, start + count));
    start += count;
  }
  assert(start === all.length, "the weights fill their file");
  return {
    sizes: sizesOf(facts.config),
    weights: (name, count) => {
      const weights = byName.get(name);
      assert(weights?.length === count, `"${name}" has ${count} weights`);
      return weights;
    },
    heldOut: facts.heldOut,
    firstScores: floatsOf(join(folder, "scores.bin")),
    tokenizer: readFileSync(join(folder, "tokenizer.json"), "utf8"),
  };
}

function sizesOf(config: Facts["config"]): LlamaSizes {
  const size = (name: string): number => {
    const value = config[name];
    assert(value !== undefined, `the configuration states ${name}`);
    return value;
  };
  return {
    vocabulary: size("vocab_size"),
    hidden: size("hidden_size"),
    inner: size("intermediate_size"),
    layers: size("num_hidden_layers"),
    heads: size("num_attention_heads"),
    sharedHeads: size("num_key_value_heads"),
    headSize: size("head_dim"),
    context: size("max_position_embeddings"),
    normEpsilon: size("rms_norm_eps"),
    ropeTheta: size("rope_theta"),
  };
}

function floatsOf(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
