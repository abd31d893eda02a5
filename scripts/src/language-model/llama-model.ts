/**
 * Writes decoders in the manner of Llama (RMSNorm, rotary positions, grouped queries, SwiGLU) with the names of
 * Hugging Face's exports, out of weights as PyTorch keeps them: [outputs, inputs]. For models that are made here.
 */

import { TensorType } from "@wasm-engine/abi";
import { float, float32Tensor, int, int64Tensor, writeOnnxModel } from "@wasm-engine/inference/onnx";
import type { OnnxNode, OnnxTensor, OnnxValue } from "@wasm-engine/inference/onnx";
import { productOf } from "./matrix-product.js";
import type { WeightFormat } from "./matrix-product.js";
import { plainAttention, plainConstants } from "./plain-attention.js";

export interface LlamaSizes {
  readonly vocabulary: number;
  readonly hidden: number;
  readonly inner: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values, each for `heads / sharedHeads` heads. */
  readonly sharedHeads: number;
  /** A multiple of 16. */
  readonly headSize: number;
  readonly context: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
}

export interface LlamaSource {
  readonly sizes: LlamaSizes;
  /** By names such as `layers.0.q_proj.weight`; `embed.weight` are those of the scores, too. */
  readonly weights: (name: string, count: number) => Float32Array;
  /** Of the matrices of the layers; embeddings and norms stay float32. */
  readonly format: WeightFormat;
  /** `plain`: out of operators of ONNX itself, with position_ids; default `grouped`, the operator of the runtime. */
  readonly attention?: "grouped" | "plain";
  readonly metadata?: Readonly<Record<string, string>>;
}

const { FLOAT32, INT32, INT64 } = TensorType;

/** Bytes of an `.onnx` file. */
export function writeLlamaModel(source: LlamaSource): Uint8Array {
  const { sizes, weights, metadata = {} } = source;
  const isPlain = source.attention === "plain";
  const graph = new GraphDraft(source);
  const embedding = weights("embed.weight", sizes.vocabulary * sizes.hidden);
  graph.initializers.push(
    float32Tensor("embed.weight", [sizes.vocabulary, sizes.hidden], embedding),
    int64Tensor("axis1", [1], [1]),
    int64Tensor("one", [], [1]),
    ...(isPlain ? plainConstants(sizes) : rotation(sizes)),
  );
  const beginning = isPlain ? plainAttention.beginning() : lengths();
  graph.nodes.push(...beginning, node("Gather", ["embed.weight", "input_ids"], ["embedded"]));
  const last = addLayers(graph);
  graph.nodes.push(
    node("Transpose", ["embed.weight"], ["embed.turned"]),
    node("MatMul", [last, "embed.turned"], ["logits"]),
  );
  return writeOnnxModel({
    graphName: "llama",
    opsets: { "": 17, "com.microsoft": 1 },
    ...ports(sizes, isPlain),
    initializers: graph.initializers,
    nodes: graph.nodes,
    metadata,
  });
}

const node = (operator: string, inputs: readonly string[], outputs: readonly string[]): OnnxNode => ({
  operator,
  inputs,
  outputs,
});

class GraphDraft {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly source: LlamaSource;

  constructor(source: LlamaSource) {
    this.source = source;
  }

  /** Product of `input` with a matrix; the name of the result is the matrix's. */
  product(input: string, name: string, inputs: number, outputs: number): string {
    const weights = this.source.weights(`${name}.weight`, inputs * outputs);
    const { nodes, initializers } = productOf(this.source.format, { input, name, inputs, outputs, weights });
    this.initializers.push(...initializers);
    this.nodes.push(...nodes);
    return name;
  }

  /** Norm of what has come so far and `added`; gives the norm and the sum of both. */
  norm(
    name: string,
    sum: string,
    added: string | undefined,
  ): { readonly normal: string; readonly sum: string } {
    const { sizes, weights } = this.source;
    const weight = `${name}.weight`;
    this.initializers.push(float32Tensor(weight, [sizes.hidden], weights(weight, sizes.hidden)));
    const epsilon = float(sizes.normEpsilon);
    if (added === undefined) {
      const attributes = { axis: int(-1), epsilon, stash_type: int(1) };
      this.nodes.push({ ...node("SimplifiedLayerNormalization", [sum, weight], [name]), attributes });
      return { normal: name, sum };
    }
    this.nodes.push({
      ...node("SkipSimplifiedLayerNormalization", [sum, added, weight], [name, "", "", `${name}.sum`]),
      domain: "com.microsoft",
      attributes: { epsilon },
    });
    return { normal: name, sum: `${name}.sum` };
  }
}

/** One layer's attention by the operator of the runtime. */
function groupedAttention(
  { heads, sharedHeads, headSize }: LlamaSizes,
  {
    layer,
    projections,
    attended,
  }: { readonly layer: number; readonly projections: readonly string[]; readonly attended: string },
): OnnxNode {
  const past = ["key", "value"].map((part) => `past_key_values.${layer}.${part}`);
  return {
    operator: "GroupQueryAttention",
    domain: "com.microsoft",
    inputs: [...projections, ...past, "last-place", "total", "cosines", "sines"],
    outputs: [attended, `present.${layer}.key`, `present.${layer}.value`],
    attributes: {
      num_heads: int(heads),
      kv_num_heads: int(sharedHeads),
      do_rotary: int(1),
      scale: float(1 / Math.sqrt(headSize)),
    },
  };
}

/** The name of what the scores are made of. */
function addLayers(graph: GraphDraft): string {
  const { sizes } = graph.source;
  const { hidden, inner, heads, sharedHeads, headSize } = sizes;
  let sum = "embedded";
  let added: string | undefined;
  for (let layer = 0; layer < sizes.layers; layer += 1) {
    const at = (part: string): string => `layers.${layer}.${part}`;
    const before = graph.norm(at("input_layernorm"), sum, added);
    const attended = at("attended");
    const projections = [
      graph.product(before.normal, at("q_proj"), hidden, heads * headSize),
      graph.product(before.normal, at("k_proj"), hidden, sharedHeads * headSize),
      graph.product(before.normal, at("v_proj"), hidden, sharedHeads * headSize),
    ] as const;
    if (graph.source.attention === "plain")
      graph.nodes.push(...plainAttention.layer(layer, projections, attended));
    else graph.nodes.push(groupedAttention(graph.source.sizes, { layer, projections, attended }));
    const mixed = graph.product(attended, at("o_proj"), heads * headSize, hidden);
    const after = graph.norm(at("post_attention_layernorm"), before.sum, mixed);
    const gate = graph.product(after.normal, at("gate_proj"), hidden, inner);
    const up = graph.product(after.normal, at("up_proj"), hidden, inner);
    graph.nodes.push(
      node("Sigmoid", [gate], [at("sigmoid")]),
      node("Mul", [gate, at("sigmoid")], [at("swish")]),
      node("Mul", [at("swish"), up], [at("gated")]),
    );
    added = graph.product(at("gated"), at("down_proj"), inner, hidden);
    sum = after.sum;
  }
  return graph.norm("norm", sum, added).normal;
}

/** Rows end where the sum of their mask says. */
function lengths(): readonly OnnxNode[] {
  return [
    { ...node("ReduceSum", ["attention_mask", "axis1"], ["mask-sum"]), attributes: { keepdims: int(0) } },
    node("Sub", ["mask-sum", "one"], ["mask-end"]),
    { ...node("Cast", ["mask-end"], ["last-place"]), attributes: { to: int(INT32) } },
    node("Shape", ["attention_mask"], ["mask-shape"]),
    node("Gather", ["mask-shape", "one"], ["width"]),
    { ...node("Cast", ["width"], ["total"]), attributes: { to: int(INT32) } },
  ];
}

function rotation({ context, headSize, ropeTheta }: LlamaSizes): readonly OnnxTensor[] {
  const half = headSize / 2;
  const angles = Array.from(
    { length: context * half },
    (_, index) => Math.floor(index / half) * ropeTheta ** (-(index % half) / half),
  );
  return [
    float32Tensor("cosines", [context, half], angles.map(Math.cos)),
    float32Tensor("sines", [context, half], angles.map(Math.sin)),
  ];
}

function ports(
  { layers, sharedHeads, headSize, vocabulary }: LlamaSizes,
  isPlain: boolean,
): {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
} {
  const keyValues = (prefix: string, tokens: string): OnnxValue[] =>
    Array.from({ length: layers * 2 }, (_, index) => ({
      name: `${prefix}.${index >> 1}.${index % 2 === 0 ? "key" : "value"}`,
      type: FLOAT32,
      dimensions: ["batch_size", sharedHeads, tokens, headSize],
    }));
  return {
    inputs: [
      { name: "input_ids", type: INT64, dimensions: ["batch_size", "sequence_length"] },
      { name: "attention_mask", type: INT64, dimensions: ["batch_size", "total_sequence_length"] },
      ...(isPlain
        ? [{ name: "position_ids", type: INT64, dimensions: ["batch_size", "sequence_length"] }]
        : []),
      ...keyValues("past_key_values", "past_sequence_length"),
    ],
    outputs: [
      { name: "logits", type: FLOAT32, dimensions: ["batch_size", "sequence_length", vocabulary] },
      ...keyValues("present", "total_sequence_length"),
    ],
  };
}
