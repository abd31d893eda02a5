/**
 * Writes decoders in the manner of Llama (RMSNorm, rotary positions, grouped queries, SwiGLU) with the names of
 * Hugging Face's exports, out of weights as PyTorch keeps them: [outputs, inputs]. For models that are made here.
 */

import { TensorType } from "@wasm-engine/abi";
import { float, float32Tensor, int, int64Tensor, writeOnnxModel } from "@wasm-engine/inference/onnx";
import type { OnnxNode, OnnxTensor, OnnxValue } from "@wasm-engine/inference/onnx";
import { blockWeights, fourBitBlocks } from "./four-bit-blocks.js";

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
  /** `q4`: the matrices of the layers in blocks of 4 bits; embeddings and norms stay float32. */
  readonly format: "fp32" | "q4";
  readonly metadata?: Readonly<Record<string, string>>;
}

const { FLOAT32, INT32, INT64, UINT8 } = TensorType;

/** Bytes of an `.onnx` file. */
export function writeLlamaModel(source: LlamaSource): Uint8Array {
  const { sizes, weights, metadata = {} } = source;
  const graph = new GraphDraft(source);
  const embedding = weights("embed.weight", sizes.vocabulary * sizes.hidden);
  graph.initializers.push(
    float32Tensor("embed.weight", [sizes.vocabulary, sizes.hidden], embedding),
    ...rotation(sizes),
    int64Tensor("axis1", [1], [1]),
    int64Tensor("one", [], [1]),
  );
  graph.nodes.push(...lengths(), node("Gather", ["embed.weight", "input_ids"], ["embedded"]));
  const last = addLayers(graph);
  graph.nodes.push(
    node("Transpose", ["embed.weight"], ["embed.turned"]),
    node("MatMul", [last, "embed.turned"], ["logits"]),
  );
  return writeOnnxModel({
    graphName: "llama",
    opsets: { "": 17, "com.microsoft": 1 },
    ...ports(sizes),
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
    if (this.source.format === "fp32") {
      const turned = new Float32Array(weights.length);
      for (let row = 0; row < outputs; row += 1)
        for (let column = 0; column < inputs; column += 1)
          turned[column * outputs + row] = weights[row * inputs + column] ?? 0;
      this.initializers.push(float32Tensor(`${name}.weight`, [inputs, outputs], turned));
      this.nodes.push(node("MatMul", [input, `${name}.weight`], [name]));
      return name;
    }
    const { packed, scales } = fourBitBlocks(weights, inputs);
    this.initializers.push(
      {
        name: `${name}.packed`,
        type: UINT8,
        dimensions: [outputs, inputs / blockWeights, blockWeights / 2],
        data: packed,
      },
      float32Tensor(`${name}.scales`, [scales.length], scales),
    );
    this.nodes.push({
      ...node("MatMulNBits", [input, `${name}.packed`, `${name}.scales`], [name]),
      domain: "com.microsoft",
      attributes: {
        K: int(inputs),
        N: int(outputs),
        bits: int(4),
        block_size: int(blockWeights),
        accuracy_level: int(4),
      },
    });
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
    graph.nodes.push({
      operator: "GroupQueryAttention",
      domain: "com.microsoft",
      inputs: [
        graph.product(before.normal, at("q_proj"), hidden, heads * headSize),
        graph.product(before.normal, at("k_proj"), hidden, sharedHeads * headSize),
        graph.product(before.normal, at("v_proj"), hidden, sharedHeads * headSize),
        `past_key_values.${layer}.key`,
        `past_key_values.${layer}.value`,
        "last-place",
        "total",
        "cosines",
        "sines",
      ],
      outputs: [attended, `present.${layer}.key`, `present.${layer}.value`],
      attributes: {
        num_heads: int(heads),
        kv_num_heads: int(sharedHeads),
        do_rotary: int(1),
        scale: float(1 / Math.sqrt(headSize)),
      },
    });
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

function ports({ layers, sharedHeads, headSize, vocabulary }: LlamaSizes): {
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
      ...keyValues("past_key_values", "past_sequence_length"),
    ],
    outputs: [
      { name: "logits", type: FLOAT32, dimensions: ["batch_size", "sequence_length", vocabulary] },
      ...keyValues("present", "total_sequence_length"),
    ],
  };
}
