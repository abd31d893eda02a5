/** Constructs of control that are open while a function is planned, and the types that they can have. */

import { assert } from "@wasm-engine/abi";
import { EMPTY_BLOCK, blockValueType } from "./instruction-reader.js";
import type { FunctionType } from "./module.js";
import { ValueType } from "./value-type.js";

export type FrameKind = "function" | "block" | "loop" | "if";

/** An open construct. */
export interface ControlFrame {
  readonly kind: FrameKind;
  /** Reachable when it was entered. Dead constructs are kept only for nesting. */
  readonly live: boolean;
  readonly type: FunctionType;
  /** Height of the operand stack below the parameters. */
  readonly height: number;
  /** Ordinal of the instruction that opened it. */
  readonly opener: number;
  branched: boolean;
  hasElse: boolean;
  thenFallsOut: boolean;
}

export const emptyType: FunctionType = { parameters: [], results: [] };
const singleResults = new Map<number, FunctionType>(
  Object.values(ValueType).map((type) => [type, { parameters: [], results: [type] }]),
);

/** Type of a block that is written without a type index. */
export function shortType(blockType: number): FunctionType {
  if (blockType === EMPTY_BLOCK) return emptyType;
  const type = singleResults.get(blockValueType(blockType));
  assert(type !== undefined, "the block type is a value type");
  return type;
}
