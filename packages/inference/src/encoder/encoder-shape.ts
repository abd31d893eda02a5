/**
 * What an encoder-only export in Hugging Face layout takes and gives: token ids with their mask; vectors of tokens,
 * one of the whole text, or scores of classes. Read from the names and sizes of its inputs and outputs.
 */

import { TensorType } from "@wasm-engine/abi";
import type { OnnxHeader } from "../onnx/index.js";

type IdType = typeof TensorType.INT64 | typeof TensorType.INT32;

export interface EncoderShape {
  readonly ids: IdType;
  /** Undefined: the model reads whatever it is given, so that nothing can be padded. */
  readonly mask: IdType | undefined;
  /** Which of two texts a token belongs to; there is one, the first. */
  readonly segments: IdType | undefined;
  /** Every text has so many tokens, padding included. */
  readonly width: number | undefined;
  /** `tokens`: a vector of every token, to be pooled; `whole`: one vector; `classes`: one score per class. */
  readonly gives: "tokens" | "whole" | "classes";
  readonly output: string;
}

const OUTPUTS: readonly (readonly [string, EncoderShape["gives"], number])[] = [
  ["logits", "classes", 2],
  ["sentence_embedding", "whole", 2],
  ["last_hidden_state", "tokens", 3],
  ["token_embeddings", "tokens", 3],
];

/** Undefined where the model is no encoder that texts can be given to. */
export function readEncoderShape({ inputs, outputs }: OnnxHeader): EncoderShape | undefined {
  const types = new Map(inputs.map(({ name, type }) => [name, idType(type)]));
  const known = ["input_ids", "attention_mask", "token_type_ids"];
  if (![...types].every(([name, type]) => known.includes(name) && type !== undefined)) return undefined;
  const ids = types.get("input_ids");
  const [, width] = inputs.find(({ name }) => name === "input_ids")?.dimensions ?? [];
  if (ids === undefined) return undefined;
  for (const [name, gives, rank] of OUTPUTS) {
    const output = outputs.find((port) => port.name === name);
    if (output === undefined || (output.dimensions !== undefined && output.dimensions.length !== rank))
      continue;
    if (output.type !== TensorType.FLOAT32 && output.type !== TensorType.FLOAT16) continue;
    return {
      ids,
      mask: types.get("attention_mask"),
      segments: types.get("token_type_ids"),
      width: typeof width === "number" ? width : undefined,
      gives,
      output: name,
    };
  }
  return undefined;
}

function idType(type: number): IdType | undefined {
  return type === TensorType.INT64 || type === TensorType.INT32 ? type : undefined;
}
