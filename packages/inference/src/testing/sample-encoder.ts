/**
 * Tiny encoders in Hugging Face layout with seeded weights: one layer of attention out of plain operators, with vectors
 * of tokens or scores of classes; the same computed in plain JavaScript; and a WordPiece tokenizer of a few words.
 */

import { TensorType } from "@wasm-engine/abi";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import { float32Tensor, int, int64Tensor, ints, writeOnnxModel } from "../onnx/index.js";
import type { OnnxNode, OnnxTensor, OnnxValue } from "../onnx/index.js";
import { ModelFolder } from "./sample-models.js";

const hidden = 16;
const classes = 3;
export const encoderContext = 40;

const words = [
  ..."tea coffee water the a is warm cold and good bad night day".split(" "),
  ..."##s ##er ##ly ##est".split(" "),
  ..."abcdefghijklmnopqrstuvwxyz",
  ...Array.from("abcdefghijklmnopqrstuvwxyz", (letter) => `##${letter}`),
];
const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
const vocabulary = special.length + words.length;
const [beginning, end] = [2, 3];

/** `deaf` does not heed its mask; `scaled` quantises its activations by the whole batch. */
export type EncoderKind = "plain" | "deaf" | "scaled" | "classes";

const numbers = (seed: number, count: number, scale = 1): number[] =>
  new SeededNumbers(seed).floats(count).map((value) => Math.fround(value * scale));

const tables = {
  tokens: numbers(31, vocabulary * hidden),
  positions: numbers(32, encoderContext * hidden, 0.5),
  segments: numbers(33, 2 * hidden, 0.25),
  query: numbers(34, hidden * hidden),
  key: numbers(35, hidden * hidden),
  value: numbers(36, hidden * hidden),
  head: numbers(37, hidden * classes),
};

const node = (
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode["attributes"] = {},
): OnnxNode => ({ operator, inputs, outputs: [output], attributes });

/** Bytes of an encoder; `width` fixes the number of tokens. */
export function sampleEncoder(kind: EncoderKind, width: number | string = "sequence_length"): Uint8Array {
  const { INT64, FLOAT32 } = TensorType;
  const inputs: OnnxValue[] = ["input_ids", "attention_mask", "token_type_ids"].map((name) => ({
    name,
    type: INT64,
    dimensions: ["batch_size", width],
  }));
  const output: OnnxValue =
    kind === "classes"
      ? { name: "logits", type: FLOAT32, dimensions: ["batch_size", classes] }
      : { name: "last_hidden_state", type: FLOAT32, dimensions: ["batch_size", width, hidden] };
  return writeOnnxModel({
    graphName: `encoder-${kind}`,
    opsets: { "": 17 },
    inputs,
    outputs: [output],
    initializers: constants(),
    nodes: [
      node("Gather", ["tokens", "input_ids"], "words"),
      node("Shape", ["input_ids"], "shape"),
      node("Gather", ["shape", "one"], "count"),
      node("Range", ["zero", "count", "one"], "places"),
      node("Gather", ["positions", "places"], "placed"),
      node("Gather", ["segments", "token_type_ids"], "parts"),
      node("Add", ["words", "placed"], "first"),
      node("Add", ["first", "parts"], "x"),
      ...(kind === "scaled"
        ? [
            { operator: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["quantised", "step", "none"] },
            node("DequantizeLinear", ["quantised", "step", "none"], "h"),
          ]
        : [node("Identity", ["x"], "h")]),
      node("MatMul", ["h", "query"], "q"),
      node("MatMul", ["h", "key"], "k"),
      node("MatMul", ["h", "value"], "v"),
      node("Transpose", ["k"], "turned", { perm: ints(0, 2, 1) }),
      node("MatMul", ["q", "turned"], "products"),
      node("Mul", ["products", "root"], "scaled"),
      node("Cast", ["attention_mask"], "seen", { to: int(TensorType.BOOL) }),
      node("Unsqueeze", ["seen", "axis1"], "columns"),
      node("Where", ["columns", "open", kind === "deaf" ? "open" : "shut"], "penalty"),
      node("Add", ["scaled", "penalty"], "hushed"),
      node("Softmax", ["hushed"], "shares", { axis: int(-1) }),
      node("MatMul", ["shares", "v"], "attended"),
      ...(kind === "classes"
        ? [
            node("Add", ["h", "attended"], "sum"),
            node("Gather", ["sum", "zero"], "beginning", { axis: int(1) }),
            node("MatMul", ["beginning", "head"], "logits"),
          ]
        : [node("Add", ["h", "attended"], "last_hidden_state")]),
    ],
  });
}

function constants(): readonly OnnxTensor[] {
  return [
    float32Tensor("tokens", [vocabulary, hidden], tables.tokens),
    float32Tensor("positions", [encoderContext, hidden], tables.positions),
    float32Tensor("segments", [2, hidden], tables.segments),
    float32Tensor("query", [hidden, hidden], tables.query),
    float32Tensor("key", [hidden, hidden], tables.key),
    float32Tensor("value", [hidden, hidden], tables.value),
    float32Tensor("head", [hidden, classes], tables.head),
    float32Tensor("root", [], [1 / Math.sqrt(hidden)]),
    float32Tensor("open", [], [0]),
    float32Tensor("shut", [], [-3e38]),
    int64Tensor("zero", [], [0]),
    int64Tensor("one", [], [1]),
    int64Tensor("axis1", [1], [1]),
  ];
}

/** Vectors of the tokens of one text, without any padding, in float64. */
export function plainEncoder(ids: readonly number[]): readonly (readonly number[])[] {
  const row = (table: readonly number[], index: number): number[] =>
    table.slice(index * hidden, (index + 1) * hidden);
  const add = (left: readonly number[], right: readonly number[]): number[] =>
    left.map((value, index) => value + (right[index] ?? 0));
  const x = ids.map((id, place) =>
    add(add(row(tables.tokens, id), row(tables.positions, place)), row(tables.segments, 0)),
  );
  const times = (vector: readonly number[], table: readonly number[], columns: number): number[] =>
    Array.from({ length: columns }, (_, column) =>
      vector.reduce((sum, value, index) => sum + value * (table[index * columns + column] ?? 0), 0),
    );
  const dot = (left: readonly number[], right: readonly number[]): number =>
    left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
  const [keys, values] = [tables.key, tables.value].map((table) => x.map((v) => times(v, table, hidden)));
  return x.map((vector) => {
    const query = times(vector, tables.query, hidden);
    const powers = (keys ?? []).map((key) => Math.exp(dot(query, key) / Math.sqrt(hidden)));
    const sum = powers.reduce((total, power) => total + power, 0);
    const attended = (values ?? []).reduce(
      (total, value, index) =>
        add(
          total,
          value.map((part) => (part * (powers[index] ?? 0)) / sum),
        ),
      new Array<number>(hidden).fill(0),
    );
    return add(vector, attended);
  });
}

/** Scores of the classes of one text. */
export function plainScores(ids: readonly number[]): readonly number[] {
  const [first = []] = plainEncoder(ids);
  return Array.from({ length: classes }, (_, column) =>
    first.reduce((sum, value, index) => sum + value * (tables.head[index * classes + column] ?? 0), 0),
  );
}

/** Ids of words that the tokenizer has, with what stands around a text. */
export function idsOf(...text: readonly string[]): readonly number[] {
  return [beginning, ...text.map((word) => special.length + words.indexOf(word)), end];
}

export function wordTokenizer(): object {
  const added = special.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const token = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [token("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, token("[SEP]")],
      pair: [],
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [beginning], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [end], tokens: ["[SEP]"] },
      },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries([...special, ...words].map((word, id) => [word, id])),
    },
  };
}

export function encoderFolder(
  model: Uint8Array,
  files: Readonly<Record<string, Uint8Array | string | object>> = {},
): ModelFolder {
  return new ModelFolder({
    "config.json": {
      model_type: "bert",
      vocab_size: vocabulary,
      max_position_embeddings: encoderContext,
      pad_token_id: 0,
      id2label: { 0: "warm", 1: "cold", 2: "neither" },
    },
    "tokenizer.json": wordTokenizer(),
    "tokenizer_config.json": { tokenizer_class: "BertTokenizer", unk_token: "[UNK]" },
    "onnx/model.onnx": model,
    ...files,
  });
}
