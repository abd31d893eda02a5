/** How well a decoder foretells tokens that it has not seen, and how near its scores are to those of its training. */

import { TensorType, assert } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import { runtimeSource } from "../../../packages/inference/dist/service/inference-service.js";
import type { TrainedModel } from "./trained-model.js";

export interface HeldOutFigures {
  readonly provider: "cpu" | "wasm";
  /** e to the mean loss of a token. */
  readonly perplexity: number;
  readonly bitsPerByte: number;
  /** Largest distance of a score from PyTorch's, over the first window. */
  readonly scoreError: number;
}

const beginToken = 0;

/**
 * Windows of the whole context, each with <s> before it: as in the training's own figure. On the provider `cpu` where
 * a folder of `nativeFrom` has it, else on `wasm`.
 */
export async function heldOutFigures(
  model: Uint8Array,
  trained: TrainedModel,
  nativeFrom: readonly string[],
): Promise<HeldOutFigures> {
  const { sizes, heldOut, firstScores } = trained;
  const { tokens } = heldOut;
  const source = runtimeSource(nativeFrom);
  const provider = typeof (await source("cpu")) === "string" ? "wasm" : "cpu";
  const runtime = await source(provider);
  assert(typeof runtime !== "string", "the provider wasm is always there");
  const session = await runtime.createSession(model, provider);
  const span = sizes.context - 1;
  let loss = 0;
  let scoreError = 0;
  for (let start = 0; start < tokens.length; start += span) {
    const window = tokens.slice(start, start + span);
    const [logits] = await session.run(feeds(trained, [beginToken, ...window]), ["logits"]);
    assert(logits !== undefined, "a run gives scores");
    const scores = new Float32Array(Uint8Array.from(logits.data).buffer);
    if (start === 0)
      firstScores.forEach((score, place) => {
        scoreError = Math.max(scoreError, Math.abs(score - (scores[place] ?? NaN)));
      });
    window.forEach((token, place) => {
      loss += lossOf(scores.subarray(place * sizes.vocabulary, (place + 1) * sizes.vocabulary), token);
    });
  }
  await session.dispose();
  return {
    provider,
    perplexity: Math.exp(loss / tokens.length),
    bitsPerByte: loss / heldOut.bytes / Math.LN2,
    scoreError,
  };
}

function lossOf(scores: Float32Array, token: number): number {
  let sum = 0;
  for (const score of scores) sum += Math.exp(score);
  return Math.log(sum) - (scores[token] ?? NaN);
}

function feeds({ sizes }: TrainedModel, tokens: readonly number[]): readonly TensorBlock[] {
  const ids = (name: string, values: readonly number[]): TensorBlock => ({
    name,
    type: TensorType.INT64,
    dimensions: [1, values.length],
    data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });
  const past = Array.from({ length: sizes.layers }, (_, layer) =>
    ["key", "value"].map((part) => ({
      name: `past_key_values.${layer}.${part}`,
      type: TensorType.FLOAT32,
      dimensions: [1, sizes.sharedHeads, 0, sizes.headSize],
      data: new Uint8Array(0),
    })),
  );
  const mask = tokens.map(() => 1);
  return [ids("input_ids", tokens), ids("attention_mask", mask), ...past.flat()];
}
