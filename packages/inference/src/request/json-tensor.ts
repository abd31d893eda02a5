/** Tensors as nested JSON arrays: `[[1, 2], [3, 4]]` has the dimensions [2, 2]. A number alone is a scalar. */

import { elementBytes, elementCount } from "@wasm-engine/abi";
import type { TensorBlock, TensorType } from "@wasm-engine/abi";
import { readElement, writeElement } from "./element-value.js";

/** Sizes along the first element of each level; whether the others agree shows when the elements are read. */
export function nestedDimensions(value: unknown): readonly number[] {
  const dimensions: number[] = [];
  for (let level: unknown = value; Array.isArray(level); level = (level as readonly unknown[])[0])
    dimensions.push(level.length);
  return dimensions;
}

/** Bytes of nested arrays; a text says where they are ragged or hold what the type cannot. */
export function nestedData(
  value: unknown,
  dimensions: readonly number[],
  type: TensorType,
): Uint8Array | string {
  const size = elementBytes(type);
  const data = new Uint8Array(elementCount(dimensions) * size);
  const view = new DataView(data.buffer);
  let offset = 0;
  const fill = (level: unknown, axis: number): string | undefined => {
    const expected = dimensions[axis];
    if (expected === undefined) {
      const problem = writeElement(view, offset, type, level);
      offset += size;
      return problem;
    }
    if (!Array.isArray(level)) return `an array of ${expected} is missing at depth ${axis}`;
    if (level.length !== expected)
      return `an array at depth ${axis} has ${level.length} elements, others have ${expected}`;
    for (const element of level) {
      const problem = fill(element, axis + 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
  return fill(value, 0) ?? data;
}

/** Nested arrays of a tensor, from `firstAxis` on; a text says what JSON cannot hold. */
export function nestedArrays(
  { type, dimensions, data }: TensorBlock,
  firstAxis: 0 | 1,
): { readonly value: unknown } | string {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = elementBytes(type);
  let offset = 0;
  let problem: string | undefined;
  const build = (axis: number): unknown => {
    const count = dimensions[axis];
    if (count === undefined) {
      const element = readElement(view, offset, type);
      offset += size;
      if (typeof element !== "string") return element.value;
      problem ??= element;
      return null;
    }
    return Array.from({ length: count }, () => build(axis + 1));
  };
  const value = build(firstAxis);
  return problem ?? { value };
}
