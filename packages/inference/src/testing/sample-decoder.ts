/**
 * Tiny decoders in Hugging Face layout with seeded weights, which know no language: one layer in the manner of GPT-2
 * out of plain operators, one with GroupQueryAttention, one whose activations are quantised by the whole batch. And a
 * byte-level tokenizer of 260 tokens.
 */

import { TensorType } from "@wasm-engine/abi";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import { float, float32Tensor, int, int64Tensor, ints, writeOnnxModel } from "../onnx/index.js";
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from "../onnx/index.js";
import { ModelFolder, weights } from "./sample-models.js";

const [vocabulary, hidden, heads, size] = [260, 32, 2, 16];
export const sampleContext = 200;
const { FLOAT32, INT64 } = TensorType;

/**
 * `deaf` does not heed its mask, which shows as soon as rows are padded. `merged` is `plain` with keys and values in
 * one tensor, as exports of GPT-2 have them; `counted` is `plain` that counts positions by the width of its past.
 */
export type DecoderKind = "plain" | "grouped" | "scaled" | "deaf" | "merged" | "counted";

const node = (
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode["attributes"] = {},
): OnnxNode => ({ operator, inputs, outputs: [output], attributes });

/** Bytes of a decoder; `broken` puts NaN into its scores. */
export function sampleDecoder(kind: DecoderKind, { broken = false } = {}): Uint8Array {
  return writeOnnxModel(decoderModel(kind, broken));
}

/** {@link sampleDecoder} as plain data. */
export function decoderModel(kind: DecoderKind, broken = false): OnnxModel {
  if (kind === "merged") return mergedModel(decoderModel("plain", broken));
  if (kind === "counted") return countedModel(decoderModel("plain", broken));
  const grouped = kind === "grouped";
  const past = ["batch_size", heads, "past_sequence_length", size];
  const present = ["batch_size", heads, "total_sequence_length", size];
  const inputs: OnnxValue[] = [
    { name: "input_ids", type: INT64, dimensions: ["batch_size", "sequence_length"] },
    { name: "attention_mask", type: INT64, dimensions: ["batch_size", "total_sequence_length"] },
    ...(grouped
      ? []
      : [{ name: "position_ids", type: INT64, dimensions: ["batch_size", "sequence_length"] }]),
    ...["key", "value"].map((part) => ({
      name: `past_key_values.0.${part}`,
      type: FLOAT32,
      dimensions: past,
    })),
  ];
  const outputs: OnnxValue[] = [
    { name: "logits", type: FLOAT32, dimensions: ["batch_size", "sequence_length", vocabulary] },
    ...["key", "value"].map((part) => ({ name: `present.0.${part}`, type: FLOAT32, dimensions: present })),
  ];
  return {
    graphName: `decoder-${kind}`,
    opsets: { "": 17, "com.microsoft": 1 },
    inputs,
    outputs,
    initializers: [...sharedConstants(broken), ...(grouped ? rotation() : plainConstants())],
    nodes: [
      node("Gather", ["tokens", "input_ids"], "embedded"),
      ...(grouped
        ? [node("Identity", ["embedded"], "x")]
        : [
            node("Gather", ["positions", "position_ids"], "placed"),
            node("Add", ["embedded", "placed"], "x"),
          ]),
      node("LayerNormalization", ["x", "scale", "bias"], "normal", { axis: int(-1) }),
      ...(kind === "scaled"
        ? [
            {
              operator: "DynamicQuantizeLinear",
              inputs: ["normal"],
              outputs: ["quantised", "step", "zero"],
            },
            node("DequantizeLinear", ["quantised", "step", "zero"], "h"),
          ]
        : [node("Identity", ["normal"], "h")]),
      node("MatMul", ["h", "query"], "q"),
      node("MatMul", ["h", "key"], "k"),
      node("MatMul", ["h", "value"], "v"),
      ...(grouped ? groupedAttention() : plainAttention(kind === "deaf" ? "causal" : "seen")),
      node("MatMul", ["attended", "out"], "mixed"),
      node("Add", ["x", "mixed"], "sum"),
      node("MatMul", ["sum", "head"], "logits"),
    ],
  };
}

function mergedModel(plain: OnnxModel): OnnxModel {
  const port = (name: string, tokens: string): OnnxValue => ({
    ...{ name, type: FLOAT32, dimensions: [2, "batch_size", heads, tokens, size] },
  });
  const isOwn = ({ name }: OnnxValue): boolean => !/^(past|present)/.test(name);
  return {
    ...plain,
    inputs: [...plain.inputs.filter(isOwn), port("past_0", "past_sequence_length")],
    outputs: [...plain.outputs.filter(isOwn), port("present_0", "total_sequence_length")],
    nodes: [
      node("Gather", ["past_0", "zero-index"], "past_key_values.0.key", { axis: int(0) }),
      node("Gather", ["past_0", "one-index"], "past_key_values.0.value", { axis: int(0) }),
      ...plain.nodes,
      node("Unsqueeze", ["present.0.key", "axis0"], "present.keys"),
      node("Unsqueeze", ["present.0.value", "axis0"], "present.values"),
      node("Concat", ["present.keys", "present.values"], "present_0", { axis: int(0) }),
    ],
  };
}

function countedModel(plain: OnnxModel): OnnxModel {
  const counting = ["mask-shape", "total", "ids-shape", "count", "start", "own"];
  const counts = ({ outputs }: OnnxNode): boolean => outputs.some((name) => counting.includes(name));
  return {
    ...plain,
    inputs: plain.inputs.filter(({ name }) => name !== "position_ids"),
    nodes: [
      ...plain.nodes.filter(counts),
      ...plain.nodes
        .filter((entry) => !counts(entry))
        .map((entry) => ({
          ...entry,
          inputs: entry.inputs.map((name) => (name === "position_ids" ? "own" : name)),
        })),
    ],
  };
}

function sharedConstants(broken: boolean): readonly OnnxTensor[] {
  // Small enough that chance and biases have a say.
  const small = new SeededNumbers(15).floats(hidden * vocabulary).map((value) => value / 16);
  const head = float32Tensor("head", [hidden, vocabulary], small);
  if (broken) new DataView(head.data.buffer).setFloat32(0, NaN, true);
  return [
    weights(11, "tokens", vocabulary, hidden),
    float32Tensor("scale", [hidden], new Array<number>(hidden).fill(1.5)),
    float32Tensor("bias", [hidden], new Array<number>(hidden).fill(0.125)),
    weights(12, "query", hidden, heads * size),
    weights(13, "key", hidden, heads * size),
    weights(14, "value", hidden, heads * size),
    weights(16, "out", heads * size, hidden),
    head,
  ];
}

function plainConstants(): readonly OnnxTensor[] {
  return [
    weights(17, "positions", sampleContext, hidden),
    int64Tensor("split", [4], [0, 0, heads, size]),
    int64Tensor("joined", [3], [0, 0, heads * size]),
    int64Tensor("zero-index", [], [0]),
    int64Tensor("one-index", [], [1]),
    int64Tensor("axis0", [1], [0]),
    int64Tensor("axis1", [1], [1]),
    float32Tensor("root", [], [1 / Math.sqrt(size)]),
    float32Tensor("open", [], [0]),
    float32Tensor("shut", [], [-3e38]),
  ];
}

/** Causal, and with `seen` blind for what the mask leaves out. */
function plainAttention(seen: "seen" | "causal"): readonly OnnxNode[] {
  const split = (from: string, to: string): OnnxNode[] => [
    node("Reshape", [from, "split"], `${to}-rows`),
    node("Transpose", [`${to}-rows`], to, { perm: ints(0, 2, 1, 3) }),
  ];
  return [
    ...split("q", "queries"),
    ...split("k", "keys"),
    ...split("v", "values"),
    node("Concat", ["past_key_values.0.key", "keys"], "present.0.key", { axis: int(2) }),
    node("Concat", ["past_key_values.0.value", "values"], "present.0.value", { axis: int(2) }),
    node("Shape", ["attention_mask"], "mask-shape"),
    node("Gather", ["mask-shape", "one-index"], "total"),
    node("Shape", ["input_ids"], "ids-shape"),
    node("Gather", ["ids-shape", "one-index"], "count"),
    node("Sub", ["total", "count"], "start"),
    node("Range", ["zero-index", "total", "one-index"], "all"),
    node("Unsqueeze", ["all", "axis0"], "columns"),
    node("Range", ["start", "total", "one-index"], "own"),
    node("Unsqueeze", ["own", "axis1"], "rows"),
    node("LessOrEqual", ["columns", "rows"], "causal"),
    node("Cast", ["attention_mask"], "kept", { to: int(TensorType.BOOL) }),
    node("Unsqueeze", ["kept", "axis1"], "kept-rows"),
    node("And", ["causal", "kept-rows"], "seen"),
    node("Unsqueeze", ["causal", "axis0"], "causal-rows"),
    node("Where", [seen === "seen" ? "seen" : "causal-rows", "open", "shut"], "penalty"),
    node("Unsqueeze", ["penalty", "axis1"], "penalties"),
    node("Transpose", ["present.0.key"], "turned", { perm: ints(0, 1, 3, 2) }),
    node("MatMul", ["queries", "turned"], "products"),
    node("Mul", ["products", "root"], "scaled"),
    node("Add", ["scaled", "penalties"], "hidden-scores"),
    node("Softmax", ["hidden-scores"], "shares", { axis: int(-1) }),
    node("MatMul", ["shares", "present.0.value"], "weighted"),
    node("Transpose", ["weighted"], "back", { perm: ints(0, 2, 1, 3) }),
    node("Reshape", ["back", "joined"], "attended"),
  ];
}

function rotation(): readonly OnnxTensor[] {
  const half = size / 2;
  const angles = Array.from(
    { length: sampleContext * half },
    (_, index) => Math.floor(index / half) / 10000 ** ((index % half) / half),
  );
  return [
    float32Tensor("cosines", [sampleContext, half], angles.map(Math.cos)),
    float32Tensor("sines", [sampleContext, half], angles.map(Math.sin)),
    int64Tensor("axis1", [1], [1]),
    int64Tensor("one-index", [], [1]),
  ];
}

/** Rows end where the sum of their mask says. */
function groupedAttention(): readonly OnnxNode[] {
  return [
    node("ReduceSum", ["attention_mask", "axis1"], "mask-sum", { keepdims: int(0) }),
    node("Sub", ["mask-sum", "one-index"], "last-place"),
    node("Cast", ["last-place"], "last", { to: int(TensorType.INT32) }),
    node("Shape", ["attention_mask"], "mask-shape"),
    node("Gather", ["mask-shape", "one-index"], "width"),
    node("Cast", ["width"], "total", { to: int(TensorType.INT32) }),
    {
      operator: "GroupQueryAttention",
      domain: "com.microsoft",
      inputs: [
        "q",
        "k",
        "v",
        "past_key_values.0.key",
        "past_key_values.0.value",
        "last",
        "total",
        "cosines",
        "sines",
      ],
      outputs: ["attended", "present.0.key", "present.0.value"],
      attributes: { num_heads: int(heads), kv_num_heads: int(heads), do_rotary: int(1), scale: float(0.25) },
    },
  ];
}

/** Character that stands for a byte in byte-level vocabularies. */
function byteCharacter(byte: number): string {
  const prints = (value: number): boolean =>
    (value > 32 && value < 127) || (value > 160 && value < 256 && value !== 173);
  const before = Array.from({ length: byte }, (_, value) => value).filter((value) => !prints(value)).length;
  return String.fromCharCode(prints(byte) ? byte : 256 + before);
}

/** 256 bytes, the merges `he` and `Ġthe`'s beginning, and two special tokens. */
export function byteTokenizer(): object {
  const pieces = [...Array.from({ length: 256 }, (_, byte) => byteCharacter(byte)), "he", "the"];
  const special = ["<begin>", "<end>"].map((content, index) => ({
    id: pieces.length + index,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  return {
    version: "1.0",
    added_tokens: special,
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges: ["h e", "t he"],
    },
  };
}

export const beginToken = 258;
export const endToken = 259;

/** Messages one per line, the present where it is given, and a refusal. */
const template =
  "{{ bos_token }}{% if strftime_now is defined %}[{{ strftime_now('%d %b %Y') }}]{% endif %}" +
  "{% for message in messages %}{% if message.role == 'stranger' %}{{ raise_exception('no strangers') }}{% endif %}" +
  "{{ message.role }}: {{ message.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

export function decoderFolder(
  model: Uint8Array,
  files: Readonly<Record<string, Uint8Array | string | object>> = {},
): ModelFolder {
  return new ModelFolder({
    "config.json": { model_type: "gpt2", n_positions: sampleContext, eos_token_id: 5 },
    "generation_config.json": { eos_token_id: [endToken] },
    "tokenizer.json": byteTokenizer(),
    "tokenizer_config.json": { bos_token: { content: "<begin>" }, chat_template: template },
    "onnx/model.onnx": model,
    ...files,
  });
}
