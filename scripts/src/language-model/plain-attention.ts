/**
 * Attention with rotary positions and grouped queries out of operators of ONNX itself, as exports without the runtime's
 * own operator have it: new keys are appended behind the whole past, and the mask hides what is not used.
 */

import { TensorType } from "@wasm-engine/abi";
import { float32Tensor, int, int64Tensor, ints } from "@wasm-engine/inference/onnx";
import type { OnnxNode, OnnxTensor } from "@wasm-engine/inference/onnx";
import type { LlamaSizes } from "./llama-model.js";

const node = (
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode["attributes"] = {},
): OnnxNode => ({ operator, inputs, outputs: [output], attributes });

export function plainConstants(sizes: LlamaSizes): readonly OnnxTensor[] {
  const { context, heads, sharedHeads, headSize, ropeTheta } = sizes;
  const half = headSize / 2;
  const angles = Array.from(
    { length: context * headSize },
    (_, index) => Math.floor(index / headSize) * ropeTheta ** (-(index % half) / half),
  );
  return [
    float32Tensor("cosines", [context, headSize], angles.map(Math.cos)),
    float32Tensor("sines", [context, headSize], angles.map(Math.sin)),
    int64Tensor("zero", [], [0]),
    int64Tensor("axis0", [1], [0]),
    int64Tensor("axis2", [1], [2]),
    int64Tensor("axis-last", [1], [3]),
    int64Tensor("begin", [1], [0]),
    int64Tensor("half", [1], [half]),
    int64Tensor("end", [1], [headSize]),
    int64Tensor("split.q", [4], [0, 0, heads, headSize]),
    int64Tensor("split.kv", [4], [0, 0, sharedHeads, headSize]),
    int64Tensor("grouped", [5], [0, sharedHeads, heads / sharedHeads, -1, headSize]),
    int64Tensor("ungrouped", [4], [0, heads, -1, headSize]),
    int64Tensor("joined", [3], [0, 0, heads * headSize]),
    float32Tensor("root", [], [1 / Math.sqrt(headSize)]),
    float32Tensor("open", [], [0]),
    float32Tensor("shut", [], [-3e38]),
  ];
}

export const plainAttention = { beginning, layer } as const;

/** What all layers share: turns by position, and what each token may see. */
function beginning(): readonly OnnxNode[] {
  return [
    node("Gather", ["cosines", "position_ids"], "cosines.rows"),
    node("Unsqueeze", ["cosines.rows", "axis1"], "cosines.here"),
    node("Gather", ["sines", "position_ids"], "sines.rows"),
    node("Unsqueeze", ["sines.rows", "axis1"], "sines.here"),
    node("Shape", ["attention_mask"], "mask-shape"),
    node("Gather", ["mask-shape", "one"], "width"),
    node("Shape", ["input_ids"], "ids-shape"),
    node("Gather", ["ids-shape", "one"], "count"),
    node("Sub", ["width", "count"], "start"),
    node("Range", ["zero", "width", "one"], "all"),
    node("Unsqueeze", ["all", "axis0"], "columns"),
    node("Range", ["start", "width", "one"], "own"),
    node("Unsqueeze", ["own", "axis1"], "rows"),
    node("LessOrEqual", ["columns", "rows"], "causal"),
    node("Cast", ["attention_mask"], "kept", { to: int(TensorType.BOOL) }),
    node("Unsqueeze", ["kept", "axis1"], "kept-rows"),
    node("And", ["causal", "kept-rows"], "seen"),
    node("Where", ["seen", "open", "shut"], "seen.score"),
    node("Unsqueeze", ["seen.score", "axis1"], "seen.heads"),
    node("Unsqueeze", ["seen.heads", "axis1"], "hidden-score"),
  ];
}

function layer(
  index: number,
  [q, k, v]: readonly [q: string, k: string, v: string],
  attended: string,
): readonly OnnxNode[] {
  const at = (part: string): string => `layers.${index}.${part}`;
  const split = (from: string, to: string, shape: string): OnnxNode[] => [
    node("Reshape", [from, shape], at(`${to}.rows`)),
    node("Transpose", [at(`${to}.rows`)], at(to), { perm: ints(0, 2, 1, 3) }),
  ];
  const turn = (from: string, to: string): OnnxNode[] => [
    node("Slice", [at(from), "begin", "half", "axis-last"], at(`${from}.first`)),
    node("Slice", [at(from), "half", "end", "axis-last"], at(`${from}.second`)),
    node("Neg", [at(`${from}.second`)], at(`${from}.negative`)),
    node("Concat", [at(`${from}.negative`), at(`${from}.first`)], at(`${from}.turned`), { axis: int(-1) }),
    node("Mul", [at(from), "cosines.here"], at(`${from}.straight`)),
    node("Mul", [at(`${from}.turned`), "sines.here"], at(`${from}.crossed`)),
    node("Add", [at(`${from}.straight`), at(`${from}.crossed`)], at(to)),
  ];
  const [key, value] = [`present.${index}.key`, `present.${index}.value`];
  const behind = { axis: int(2) };
  return [
    ...split(q, "queries", "split.q"),
    ...split(k, "keys", "split.kv"),
    ...split(v, "values", "split.kv"),
    ...turn("queries", "queries.placed"),
    ...turn("keys", "keys.placed"),
    node("Concat", [`past_key_values.${index}.key`, at("keys.placed")], key, behind),
    node("Concat", [`past_key_values.${index}.value`, at("values")], value, behind),
    node("Reshape", [at("queries.placed"), "grouped"], at("queries.grouped")),
    node("Unsqueeze", [key, "axis2"], at("keys.grouped")),
    node("Unsqueeze", [value, "axis2"], at("values.grouped")),
    node("Transpose", [at("keys.grouped")], at("keys.across"), { perm: ints(0, 1, 2, 4, 3) }),
    node("MatMul", [at("queries.grouped"), at("keys.across")], at("products")),
    node("Mul", [at("products"), "root"], at("scaled")),
    node("Add", [at("scaled"), "hidden-score"], at("masked")),
    node("Softmax", [at("masked")], at("shares"), { axis: int(-1) }),
    node("MatMul", [at("shares"), at("values.grouped")], at("mixed")),
    node("Reshape", [at("mixed"), "ungrouped"], at("mixed.heads")),
    node("Transpose", [at("mixed.heads")], at("mixed.rows"), { perm: ints(0, 2, 1, 3) }),
    node("Reshape", [at("mixed.rows"), "joined"], attended),
  ];
}
