/**
 * Adds outputs to a decoder: the keys and values that a run has written, and the scores after the last token. Without
 * them each step would carry the whole past out of the runtime again, and a prompt the scores of every token of it.
 * Where the graph shows how, scores are computed for the last token alone: with many words they cost as much as layers.
 */

import { TensorType } from "@wasm-engine/abi";
import { appendToGraph, int, int64Tensor } from "../onnx/index.js";
import type { OnnxNode, OnnxTensor, OnnxValue } from "../onnx/index.js";
import { nodeLinks, withFirstInput, withoutInputs } from "../onnx/node-input.js";
import type { DecoderShape, KeyValuePort } from "./decoder-shape.js";

/** Output with the scores after the last token: [batch, vocabulary]. */
export const lastScores = "wasm_engine.scores";
/** Output with what a run adds to `present`: [batch, heads, tokens of the run, size]. */
export const writtenName = (port: KeyValuePort): string => `wasm_engine.written.${port.present}`;

/** Operators that make scores out of what the layers leave, by their first input. */
const HEADS = ["MatMul", "com.microsoft:MatMulNBits"];
/** Operators that may stand between those and the output, each element by itself. */
const BEHIND_HEADS = ["Cast", "Identity", "Tanh"];

const constant = (name: string): string => `wasm_engine.constant.${name}`;
const value = (name: string): string => `wasm_engine.value.${name}`;

/** A model with the outputs of {@link lastScores} and {@link writtenName}. */
export function withStepOutputs(original: Uint8Array, shape: DecoderShape): Uint8Array {
  const model = withPartedPasts(original, shape);
  const written = shape.placement === "append" ? writtenAtEnd(shape) : writtenByLength(shape);
  const head = scoresHead(model, shape);
  const nodes: OnnxNode[] = [
    ...(head === undefined
      ? []
      : [
          {
            operator: "Gather",
            inputs: [head.input, constant("last-row")],
            outputs: [value("last-hidden")],
            attributes: { axis: int(1) },
          },
        ]),
    {
      operator: "Gather",
      inputs: ["logits", constant("last")],
      outputs: [lastScores],
      attributes: { axis: int(1) },
    },
    ...written.nodes,
  ];
  const initializers: OnnxTensor[] = [
    int64Tensor(constant("last"), [], [-1]),
    ...(head === undefined ? [] : [int64Tensor(constant("last-row"), [1], [-1])]),
    ...written.initializers,
  ];
  const outputs: OnnxValue[] = [
    { name: lastScores, type: shape.scores, dimensions: ["batch", shape.vocabulary] },
    ...shape.keyValues.map((port) => ({
      name: writtenName(port),
      type: port.type,
      dimensions: ["batch", port.heads, "tokens", port.size],
    })),
  ];
  // Names of nodes must differ from those of the model, too.
  const named = nodes.map((node, index) => ({ ...node, name: `wasm_engine.node.${index}` }));
  const changed = head === undefined ? model : withFirstInput(model, head.output, value("last-hidden"));
  return appendToGraph(changed, { nodes: named, initializers, outputs });
}

/** Keys and values that stand in one tensor become inputs and values of their own, as other exports have them. */
function withPartedPasts(model: Uint8Array, { keyValues }: DecoderShape): Uint8Array {
  const parted = keyValues.flatMap(({ merged, ...port }) =>
    merged === undefined ? [] : [{ ...port, merged }],
  );
  if (parted.length === 0) return model;
  const place = (index: 0 | 1): string => constant(`place.${index}`);
  const nodes: OnnxNode[] = parted.map(({ merged, present }) => ({
    operator: "Gather",
    inputs: [merged.present, place(merged.index)],
    outputs: [present],
    attributes: { axis: int(0) },
  }));
  const names = new Set(parted.map(({ merged }) => merged.past));
  for (const name of names)
    nodes.push({
      operator: "Concat",
      inputs: parted.filter(({ merged }) => merged.past === name).map(({ past }) => past),
      outputs: [name],
      attributes: { axis: int(0) },
    });
  return appendToGraph(withoutInputs(model, names), {
    nodes: nodes.map((node, index) => ({ ...node, name: `wasm_engine.parted.${index}` })),
    initializers: [int64Tensor(place(0), [], [0]), int64Tensor(place(1), [], [1])],
    inputs: parted.map(({ past, heads, size, type }) => ({
      ...{ name: past, type, dimensions: [1, "batch", heads, "past", size] },
    })),
    outputs: [],
  });
}

/** The node that may be given the last token alone; undefined where that is not plain to see. */
function scoresHead(
  model: Uint8Array,
  { scoresToKeep }: DecoderShape,
): { readonly input: string; readonly output: string } | undefined {
  // Such a model does it itself.
  if (scoresToKeep !== undefined) return undefined;
  const nodes = nodeLinks(model);
  for (let output = "logits"; ;) {
    const maker = nodes.find(({ outputs }) => outputs.includes(output));
    const [input = ""] = maker?.inputs ?? [];
    // What somebody else reads as well keeps its rows.
    const isRead = output !== "logits" && nodes.filter(({ inputs }) => inputs.includes(output)).length > 1;
    if (maker?.outputs.length !== 1 || isRead) return undefined;
    if (HEADS.includes(maker.operator)) return { input, output };
    if (!BEHIND_HEADS.includes(maker.operator)) return undefined;
    output = input;
  }
}

interface Addition {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

/** Everything behind the width of the past. */
function writtenAtEnd({ keyValues }: DecoderShape): Addition {
  const [first] = keyValues;
  const nodes: OnnxNode[] = [
    { operator: "Shape", inputs: [first?.past ?? ""], outputs: [value("shape")] },
    { operator: "Gather", inputs: [value("shape"), constant("width")], outputs: [value("start")] },
  ];
  for (const port of keyValues)
    nodes.push({
      operator: "Slice",
      inputs: [port.present, value("start"), constant("end"), constant("axis")],
      outputs: [writtenName(port)],
    });
  const initializers = [
    int64Tensor(constant("axis"), [1], [2]),
    int64Tensor(constant("width"), [1], [first?.merged === undefined ? 2 : 3]),
    int64Tensor(constant("end"), [1], [2 ** 31 - 1]),
  ];
  return { nodes, initializers };
}

/** Each row's from its own length on: the sum of its mask, less the tokens of the run. */
function writtenByLength({ keyValues }: DecoderShape): Addition {
  const nodes: OnnxNode[] = [
    {
      operator: "Cast",
      inputs: ["attention_mask"],
      outputs: [value("mask")],
      attributes: { to: int(TensorType.INT64) },
    },
    {
      operator: "ReduceSum",
      inputs: [value("mask"), constant("one")],
      outputs: [value("length")],
      attributes: { keepdims: int(0) },
    },
    { operator: "Shape", inputs: ["input_ids"], outputs: [value("shape")] },
    { operator: "Gather", inputs: [value("shape"), constant("first")], outputs: [value("tokens")] },
    { operator: "Sub", inputs: [value("length"), value("tokens")], outputs: [value("start")] },
    { operator: "Unsqueeze", inputs: [value("start"), constant("row")], outputs: [value("base")] },
    {
      operator: "Range",
      inputs: [constant("zero"), value("tokens"), constant("first")],
      outputs: [value("range")],
    },
    { operator: "Unsqueeze", inputs: [value("range"), constant("column")], outputs: [value("offset")] },
    { operator: "Add", inputs: [value("base"), value("offset")], outputs: [value("place")] },
  ];
  const initializers = [
    int64Tensor(constant("one"), [1], [1]),
    int64Tensor(constant("first"), [], [1]),
    int64Tensor(constant("zero"), [], [0]),
    int64Tensor(constant("row"), [3], [1, 2, 3]),
    int64Tensor(constant("column"), [3], [0, 1, 3]),
  ];
  const byHeads = new Set(keyValues.map(({ heads }) => heads));
  for (const heads of byHeads) {
    initializers.push(int64Tensor(constant(`heads.${heads}`), [4], [1, heads, 1, 1]));
    nodes.push({
      operator: "Expand",
      inputs: [value("place"), constant(`heads.${heads}`)],
      outputs: [value(`places.${heads}`)],
    });
  }
  for (const port of keyValues)
    nodes.push({
      operator: "GatherND",
      inputs: [port.present, value(`places.${port.heads}`)],
      outputs: [writtenName(port)],
      attributes: { batch_dims: int(2) },
    });
  return { nodes, initializers };
}
