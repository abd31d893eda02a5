/**
 * Reads one request against the shape of its model. Every text here becomes an answer in the world: it is stable,
 * ours, and depends on the request and the model alone.
 */

import { Encoding, decodeTensors, decodeUtf8, elementCount, tensorRankMax } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { TensorRequest } from "@wasm-engine/core";
import { elementTypeName } from "../model/element-type.js";
import type { ModelShape, Port } from "../model/model-shape.js";
import { adviceFor } from "../suggestion.js";
import { nestedData, nestedDimensions } from "./json-tensor.js";

/** A request that fits its model. */
export interface ReadRequest {
  readonly encoding: typeof Encoding.JSON | typeof Encoding.TENSOR;
  /** In the order of the model's inputs, named as they are. */
  readonly tensors: readonly TensorBlock[];
  /** JSON inputs had one dimension less than the model's: one row, answered as one row. */
  readonly asRow: boolean;
}

/** The request, or a text that says what is wrong with it. */
export function readRequest({ encoding, payload }: TensorRequest, shape: ModelShape): ReadRequest | string {
  if (encoding === Encoding.TENSOR) return readTensors(payload, shape);
  if (encoding === Encoding.JSON) return readJson(payload, shape);
  return `a request has encoding JSON or TENSOR, not ${encoding}`;
}

function readTensors(payload: Uint8Array, shape: ModelShape): ReadRequest | string {
  const blocks = decodeTensors(payload);
  if (typeof blocks === "string") return blocks;
  const byName = new Map<string, TensorBlock>();
  for (const block of blocks) {
    const name = block.name === "" && shape.inputs.length === 1 ? (shape.inputs[0]?.name ?? "") : block.name;
    if (byName.has(name)) return `input "${name}" is given twice`;
    byName.set(name, { ...block, name });
  }
  const tensors = inOrder(byName, shape);
  if (typeof tensors === "string") return tensors;
  for (const [index, tensor] of tensors.entries()) {
    const port = shape.inputs[index];
    const problem = port === undefined ? undefined : mismatch(tensor, port);
    if (problem !== undefined) return problem;
  }
  return { encoding: Encoding.TENSOR, tensors, asRow: false };
}

function readJson(payload: Uint8Array, shape: ModelShape): ReadRequest | string {
  const text = decodeUtf8(payload);
  if (text === undefined) return "a JSON request is UTF-8";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "the request is no JSON";
  }
  const named = namedValues(value, shape);
  if (typeof named === "string") return named;
  const values = inOrder(named, shape);
  if (typeof values === "string") return values;
  return readNested(values, shape, payload.length);
}

/** An object gives inputs by name; anything else is the model's only input. */
function namedValues(value: unknown, { inputs }: ModelShape): ReadonlyMap<string, unknown> | string {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return new Map(Object.entries(value));
  const [only] = inputs;
  if (inputs.length === 1 && only !== undefined) return new Map([[only.name, value]]);
  return `the model has ${inputs.length} inputs: send an object with ${inputs.map(({ name }) => name).join(", ")}`;
}

function readNested(
  values: readonly unknown[],
  { inputs }: ModelShape,
  textBytes: number,
): ReadRequest | string {
  const ranks = values.map((value) => nestedDimensions(value).length);
  const asRow = inputs.every((port, index) => isRow(port, ranks[index] ?? 0));
  const tensors: TensorBlock[] = [];
  for (const [index, value] of values.entries()) {
    const port = inputs[index];
    if (port === undefined) continue;
    const nested = asRow ? [value] : value;
    const dimensions = nestedDimensions(nested);
    if (dimensions.length > tensorRankMax)
      return `input "${port.name}" is nested deeper than ${tensorRankMax} levels`;
    const problem = dimensionMismatch(dimensions, port);
    if (problem !== undefined) return problem;
    // Every element takes a byte of the text at least: more of them means arrays of unequal lengths.
    if (elementCount(dimensions) > textBytes) return `input "${port.name}" has arrays of unequal lengths`;
    const data = nestedData(nested, dimensions, port.type);
    if (typeof data === "string") return `input "${port.name}": ${data}`;
    tensors.push({ name: port.name, type: port.type, dimensions, data });
  }
  return { encoding: Encoding.JSON, tensors, asRow };
}

/** One dimension less than declared, and the first may be 1. */
function isRow({ dimensions }: Port, rank: number): boolean {
  if (dimensions === undefined || dimensions.length !== rank + 1) return false;
  const [first] = dimensions;
  return typeof first === "string" || first === 1;
}

/** Exactly the model's inputs, in its order. */
function inOrder<Value>(
  named: ReadonlyMap<string, Value>,
  { inputs }: ModelShape,
): readonly Value[] | string {
  const names = inputs.map(({ name }) => name);
  for (const name of named.keys())
    if (!names.includes(name))
      return `unknown input "${name.slice(0, 80)}": ${adviceFor(name.slice(0, 80), names, "inputs")}`;
  const values: Value[] = [];
  for (const name of names) {
    const value = named.get(name);
    if (value === undefined) return `input "${name}" is missing`;
    values.push(value);
  }
  return values;
}

function mismatch({ name, type, dimensions }: TensorBlock, port: Port): string | undefined {
  if (type !== port.type)
    return `input "${name}" is ${elementTypeName(type)}; the model takes ${elementTypeName(port.type)}`;
  return dimensionMismatch(dimensions, port);
}

function dimensionMismatch(
  dimensions: readonly number[],
  { name, dimensions: wanted }: Port,
): string | undefined {
  if (wanted === undefined) return undefined;
  const fits =
    wanted.length === dimensions.length &&
    wanted.every((size, axis) => typeof size === "string" || size === dimensions[axis]);
  if (!fits) {
    const shape = wanted.map((size) => (size === "" ? "any" : size)).join(", ");
    return `input "${name}" has the dimensions [${dimensions.join(", ")}]; the model takes [${shape}]`;
  }
  return dimensions[0] === 0 ? `input "${name}" has no rows` : undefined;
}
