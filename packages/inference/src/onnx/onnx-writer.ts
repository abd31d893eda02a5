/**
 * Writes ONNX models: plain data in, bytes of a ModelProto out. The same data gives the same bytes on every machine.
 * Checks what would make a file unreadable (sizes, duplicate names); whether operators exist is the runtime's affair.
 *
 *   const bytes = writeOnnxModel({
 *     graphName: "line", opsets: { "": 17 },
 *     inputs: [{ name: "x", type: TensorType.FLOAT32, dimensions: ["batch", 2] }],
 *     outputs: [{ name: "y", type: TensorType.FLOAT32, dimensions: ["batch", 1] }],
 *     initializers: [float32Tensor("w", [2, 1], [0.5, -1])],
 *     nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
 *   });
 */

import { TensorType, assert, elementBytes, elementCount, unreachable } from "@wasm-engine/abi";
import { MessageWriter } from "./protobuf.js";

/** An input or output: a text dimension is symbolic (any size), a number is fixed. */
export interface OnnxValue {
  readonly name: string;
  readonly type: TensorType;
  readonly dimensions: readonly (number | string)[];
}

/** A constant: `data` holds its elements little endian, row by row. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
  /** The data is put into this file beside the model, from this byte on, by whoever writes the files. */
  readonly elsewhere?: { readonly file: string; readonly offset: number };
}

/** Attribute of a node; integers are int64, floats float32. */
export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number | bigint }
  | { readonly kind: "ints"; readonly value: readonly (number | bigint)[] }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: OnnxTensor };

/** One operator. An empty text in `inputs` leaves an optional input out. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Default: operator and position. */
  readonly name?: string;
  /** Default: "" for the operators of ONNX itself. */
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxModel {
  readonly graphName: string;
  /** Version of each operator set by domain, "" for ONNX's own: `{ "": 17 }`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Default 8, which goes with operator set 17. */
  readonly irVersion?: number;
  /** Default "wasm-engine". */
  readonly producer?: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxTensor[];
  /** In an order in which every input is made before it is used. */
  readonly nodes: readonly OnnxNode[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Bytes of an `.onnx` file. */
export function writeOnnxModel(model: OnnxModel): Uint8Array {
  checkNames(model);
  const graph = new MessageWriter();
  model.nodes.forEach((node, index) => graph.message(1, nodeMessage(node, index)));
  graph.text(2, model.graphName);
  for (const tensor of model.initializers) graph.message(5, tensorMessage(tensor));
  for (const value of model.inputs) graph.message(11, valueMessage(value));
  for (const value of model.outputs) graph.message(12, valueMessage(value));
  const root = new MessageWriter()
    .integer(1, model.irVersion ?? 8)
    .text(2, model.producer ?? "wasm-engine")
    .message(7, graph);
  for (const [domain, version] of sorted(model.opsets))
    root.message(8, new MessageWriter().text(1, domain).integer(2, version));
  for (const [key, value] of sorted(model.metadata ?? {}))
    root.message(14, new MessageWriter().text(1, key).text(2, value));
  return root.finish();
}

/** What is added to the graph of a model that exists. */
export type OnnxAddition = Pick<OnnxModel, "nodes" | "initializers" | "outputs"> &
  Partial<Pick<OnnxModel, "inputs">>;

/**
 * A model with more nodes, constants, inputs and outputs in its graph, whatever wrote it: a message that stands twice
 * in a file is merged by whoever reads it. Names must be new; nodes may use every value of the graph.
 */
export function appendToGraph(model: Uint8Array, addition: OnnxAddition): Uint8Array {
  const { nodes, initializers, inputs = [], outputs } = addition;
  const graph = new MessageWriter();
  nodes.forEach((node, index) => graph.message(1, nodeMessage(node, index)));
  for (const tensor of initializers) graph.message(5, tensorMessage(tensor));
  for (const value of inputs) graph.message(11, valueMessage(value));
  for (const value of outputs) graph.message(12, valueMessage(value));
  return new MessageWriter().raw(model).message(7, graph).finish();
}

/** A float32 constant; numbers are rounded to the nearest float32. */
export function float32Tensor(
  name: string,
  dimensions: readonly number[],
  values: ArrayLike<number>,
): OnnxTensor {
  const data = new Uint8Array(values.length * 4);
  const view = new DataView(data.buffer);
  for (let index = 0; index < values.length; index += 1) view.setFloat32(index * 4, values[index] ?? 0, true);
  return checked({ name, type: TensorType.FLOAT32, dimensions, data });
}

/** An int64 constant, as shapes and axes need it. */
export function int64Tensor(
  name: string,
  dimensions: readonly number[],
  values: readonly (number | bigint)[],
): OnnxTensor {
  const data = new Uint8Array(values.length * 8);
  const view = new DataView(data.buffer);
  values.forEach((value, index) => view.setBigInt64(index * 8, BigInt(value), true));
  return checked({ name, type: TensorType.INT64, dimensions, data });
}

/** Attributes by their short names: `{ axis: int(-1), alpha: float(0.5), pads: ints(1, 1) }`. */
export const int = (value: number | bigint): OnnxAttribute => ({ kind: "int", value });
export const ints = (...value: readonly (number | bigint)[]): OnnxAttribute => ({ kind: "ints", value });
export const float = (value: number): OnnxAttribute => ({ kind: "float", value });

function checkNames({ inputs, initializers, nodes, outputs }: OnnxModel): void {
  const made = new Set<string>();
  const make = (name: string): void => {
    assert(name !== "", "a value has a name");
    assert(!made.has(name), `the value "${name}" is made once`);
    made.add(name);
  };
  for (const { name } of [...inputs, ...initializers]) make(name);
  for (const node of nodes) {
    for (const name of node.inputs)
      if (name !== "") assert(made.has(name), `"${name}" is made before ${node.operator} uses it`);
    node.outputs.forEach((name) => name !== "" && make(name));
  }
  for (const { name } of outputs) assert(made.has(name), `the output "${name}" is made by a node`);
}

function nodeMessage(node: OnnxNode, index: number): MessageWriter {
  const message = new MessageWriter();
  for (const name of node.inputs) message.text(1, name);
  for (const name of node.outputs) message.text(2, name);
  message.text(3, node.name ?? `${node.operator}_${index}`).text(4, node.operator);
  for (const [name, attribute] of sorted(node.attributes ?? {}))
    message.message(5, attributeMessage(name, attribute));
  if (node.domain !== undefined && node.domain !== "") message.text(7, node.domain);
  return message;
}

function attributeMessage(name: string, attribute: OnnxAttribute): MessageWriter {
  const message = new MessageWriter().text(1, name);
  switch (attribute.kind) {
    case "float":
      return message.float(2, attribute.value).integer(20, 1);
    case "int":
      return message.integer(3, attribute.value).integer(20, 2);
    case "string":
      return message.text(4, attribute.value).integer(20, 3);
    case "tensor":
      return message.message(5, tensorMessage(attribute.value)).integer(20, 4);
    case "floats":
      for (const value of attribute.value) message.float(7, value);
      return message.integer(20, 6);
    case "ints":
      for (const value of attribute.value) message.integer(8, value);
      return message.integer(20, 7);
    case "strings":
      for (const value of attribute.value) message.text(9, value);
      return message.integer(20, 8);
    default:
      return unreachable(attribute);
  }
}

function tensorMessage(tensor: OnnxTensor): MessageWriter {
  const { name, type, dimensions, data, elsewhere } = checked(tensor);
  const message = new MessageWriter();
  for (const size of dimensions) message.integer(1, size);
  message.integer(2, type).text(8, name);
  if (elsewhere === undefined) return message.bytes(9, data);
  const place = { location: elsewhere.file, offset: elsewhere.offset, length: data.length };
  for (const [key, value] of Object.entries(place))
    message.message(13, new MessageWriter().text(1, key).text(2, String(value)));
  return message.integer(14, 1);
}

function valueMessage({ name, type, dimensions }: OnnxValue): MessageWriter {
  const shape = new MessageWriter();
  for (const size of dimensions) {
    const dimension = new MessageWriter();
    shape.message(1, typeof size === "string" ? dimension.text(2, size) : dimension.integer(1, size));
  }
  const tensor = new MessageWriter().integer(1, type).message(2, shape);
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensor));
}

function checked(tensor: OnnxTensor): OnnxTensor {
  const expected = elementCount(tensor.dimensions) * elementBytes(tensor.type);
  assert(
    tensor.data.length === expected,
    `data of "${tensor.name}" fills its dimensions: ${expected} bytes, not ${tensor.data.length}`,
  );
  return tensor;
}

/** By code unit: the order of insertion must not show in the bytes. */
function sorted<Value>(record: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1));
}
