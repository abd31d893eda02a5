/** Names of element types, as manifests, messages and ONNX Runtime write them. */

import { TensorType } from "@wasm-engine/abi";

const NAMES: readonly (readonly [string, TensorType])[] = [
  ["float32", TensorType.FLOAT32],
  ["uint8", TensorType.UINT8],
  ["int8", TensorType.INT8],
  ["int16", TensorType.INT16],
  ["int32", TensorType.INT32],
  ["int64", TensorType.INT64],
  ["bool", TensorType.BOOL],
  ["float16", TensorType.FLOAT16],
  ["float64", TensorType.FLOAT64],
];

const typeByName: ReadonlyMap<string, TensorType> = new Map(NAMES);
const nameByType: ReadonlyMap<number, string> = new Map(NAMES.map(([name, type]) => [type, name]));

export const elementTypeNames: readonly string[] = NAMES.map(([name]) => name);

export function elementTypeOf(name: string): TensorType | undefined {
  return typeByName.get(name);
}

/** `float32`, or `element type 8` for a number that tensors of a world cannot have. */
export function elementTypeName(type: number): string {
  return nameByType.get(type) ?? `element type ${type}`;
}

export function isElementType(type: number): type is TensorType {
  return nameByType.has(type);
}
