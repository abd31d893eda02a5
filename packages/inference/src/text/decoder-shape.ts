/**
 * What a decoder-only export in Hugging Face layout takes and gives: token ids, mask, positions where it wants them,
 * and keys and values of every layer. Read from the names and sizes of its inputs and outputs, never from its name.
 */

import { TensorType, elementBytes } from "@wasm-engine/abi";
import type { OnnxHeader, OnnxValueInfo } from "../onnx/index.js";

/** Keys or values of one layer: [batch, heads, past, size]. */
export interface KeyValuePort {
  /** Where the model has both in one tensor [2, batch, heads, past, size]: that, and which of the two this is. */
  readonly merged?: { readonly past: string; readonly present: string; readonly index: 0 | 1 };
  readonly past: string;
  readonly present: string;
  readonly heads: number;
  readonly size: number;
  readonly type: TensorType;
}

type IdType = typeof TensorType.INT64 | typeof TensorType.INT32;
type ScoreType = typeof TensorType.FLOAT32 | typeof TensorType.FLOAT16;

export interface DecoderShape {
  readonly ids: IdType;
  readonly mask: IdType;
  /** Undefined: the model counts positions itself. */
  readonly positions: IdType | undefined;
  /** Scores for the last token only are asked by this input, where there is one. */
  readonly scoresToKeep: { readonly name: string; readonly rank: number } | undefined;
  readonly vocabulary: number;
  readonly scores: ScoreType;
  readonly keyValues: readonly KeyValuePort[];
  /**
   * `in-place`: a row's own length in the mask says where its keys end, whatever the width of the past (the operator
   * GroupQueryAttention). `append`: new keys follow the whole width, and the mask hides what is not used.
   */
  readonly placement: "in-place" | "append";
  /** Bytes of keys and values of one token. */
  readonly tokenBytes: number;
}

const pastPattern = /^past_key_values\.(\d+)\.(key|value)$/;
/** Exports in the manner of GPT-2. */
const mergedPattern = /^past_(\d+)$/;
const KEEP_NAMES = ["num_logits_to_keep", "logits_to_keep"];

/** The shape, or a text that says why the model is no decoder that can be used. */
export function readDecoderShape({ inputs, outputs, operators, opsets }: OnnxHeader): DecoderShape | string {
  const input = (name: string): OnnxValueInfo | undefined => inputs.find((port) => port.name === name);
  const keeping = inputs.find(({ name }) => KEEP_NAMES.includes(name));
  for (const { name } of inputs) {
    const isPast = pastPattern.test(name) || mergedPattern.test(name);
    const known = ["input_ids", "attention_mask", "position_ids"].includes(name) || isPast;
    if (!known && name !== keeping?.name)
      return `its input "${name}" is none of a decoder with input_ids, attention_mask and past_key_values`;
  }
  const ids = idType(input("input_ids"));
  const mask = idType(input("attention_mask"));
  const positionPort = input("position_ids");
  const positions = idType(positionPort);
  if (ids === undefined || mask === undefined)
    return "it has not both input_ids and attention_mask of whole numbers";
  if (positionPort !== undefined && positions === undefined) return "its position_ids are no whole numbers";
  const scores = outputs.find(({ name }) => name === "logits");
  if (scores?.type !== TensorType.FLOAT32 && scores?.type !== TensorType.FLOAT16)
    return 'it has no output "logits" of float32 or float16';
  const vocabulary = scores.dimensions?.[2];
  if (typeof vocabulary !== "number") return "its logits do not state the size of the vocabulary";
  const keyValues = readKeyValues(inputs, outputs);
  if (typeof keyValues === "string") return keyValues;
  const placement = operators.includes("com.microsoft:GroupQueryAttention") ? "in-place" : "append";
  if ((opsets.get("") ?? 1) < (placement === "append" ? 10 : 13)) return "its operator set is too old";
  return {
    ids,
    mask,
    positions,
    scoresToKeep:
      keeping === undefined ? undefined : { name: keeping.name, rank: keeping.dimensions?.length ?? 0 },
    vocabulary,
    scores: scores.type,
    keyValues,
    placement,
    tokenBytes: keyValues.reduce((sum, { heads, size, type }) => sum + heads * size * elementBytes(type), 0),
  };
}

function readKeyValues(
  inputs: readonly OnnxValueInfo[],
  outputs: readonly OnnxValueInfo[],
): readonly KeyValuePort[] | string {
  const ports: KeyValuePort[] = [];
  for (const { name, type, dimensions } of inputs) {
    const match = pastPattern.exec(name) ?? mergedPattern.exec(name);
    if (match === null) continue;
    const [, layer = "", part] = match;
    const present = part === undefined ? `present_${layer}` : `present.${layer}.${part}`;
    if (!outputs.some((port) => port.name === present)) return `it has "${name}" but no output "${present}"`;
    const [heads, , size] = dimensions?.slice(-3) ?? [];
    const form = part === undefined ? "[2, batch, heads, past, size]" : "[batch, heads, past, size]";
    const isWhole = dimensions?.length === (part === undefined ? 5 : 4);
    if (!isWhole || typeof heads !== "number" || typeof size !== "number")
      return `"${name}" is not ${form} with heads and size stated`;
    if (type !== TensorType.FLOAT32 && type !== TensorType.FLOAT16)
      return `"${name}" holds neither float32 nor float16`;
    if (part !== undefined) ports.push({ past: name, present, heads, size, type });
    else
      for (const index of [0, 1] as const) {
        const own = (side: string): string => `wasm_engine.${side}.${layer}.${index === 0 ? "key" : "value"}`;
        const merged = { past: name, present, index };
        ports.push({ past: own("past"), present: own("present"), merged, heads, size, type });
      }
  }
  if (ports.length === 0)
    return "it has no inputs past_key_values.N.key and .value, or past_N: every token would read the whole text again";
  return ports;
}

function idType(port: OnnxValueInfo | undefined): IdType | undefined {
  const type = port?.type;
  return type === TensorType.INT64 || type === TensorType.INT32 ? type : undefined;
}
