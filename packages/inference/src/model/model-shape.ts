/** Inputs and outputs of a model as the rest of the adapter uses them, and whether requests can be joined at all. */

import type { TensorType } from "@wasm-engine/abi";
import { elementTypeName } from "./element-type.js";

/** A declared input or output. A number is fixed, a text stands for any size; undefined: any rank. */
export interface Port {
  readonly name: string;
  readonly type: TensorType;
  readonly dimensions: readonly (number | string)[] | undefined;
}

export interface ModelShape {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Every input has one and the same symbolic first dimension: rows of several requests fit into one run. */
  readonly joinable: boolean;
  /** Some dimension besides the first is symbolic: requests come in several shapes. */
  readonly manyShapes: boolean;
}

export function modelShape(inputs: readonly Port[], outputs: readonly Port[]): ModelShape {
  const firsts = new Set(inputs.map(({ dimensions }) => dimensions?.[0]));
  const [first] = firsts;
  return {
    inputs,
    outputs,
    joinable: firsts.size === 1 && typeof first === "string",
    manyShapes: inputs.some(
      ({ dimensions }) => dimensions?.slice(1).some((size) => typeof size === "string") ?? true,
    ),
  };
}

/** `x: float32 [batch, 4]`. */
export function portText({ name, type, dimensions }: Omit<Port, "type"> & { readonly type: number }): string {
  const shape = dimensions === undefined ? "any shape" : `[${dimensions.map(dimensionText).join(", ")}]`;
  return `${name}: ${elementTypeName(type)} ${shape}`;
}

const dimensionText = (size: number | string): string => (size === "" ? "?" : String(size));
