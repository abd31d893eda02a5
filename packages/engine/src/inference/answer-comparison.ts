/**
 * Compares two answers to one request: bit for bit, and where that fails number by number. The tolerance is the one
 * that different providers and processors are held to: 1e-5 + 1e-3 × |expected|, for floating-point elements and for
 * numbers in JSON; whole-number tensors, texts and shapes must be equal.
 */

import { Encoding, TensorType, decodeTensors, decodeUtf8, elementBytes } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";

export const absoluteTolerance = 1e-5;
export const relativeTolerance = 1e-3;

export interface ComparedAnswer {
  readonly ok: boolean;
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
}

export type Verdict =
  | { readonly kind: "identical" | "close" }
  /** `detail` names the first place and both values. */
  | { readonly kind: "different"; readonly detail: string };

const identical: Verdict = { kind: "identical" };
const close: Verdict = { kind: "close" };

export function compareAnswers(expected: ComparedAnswer, actual: ComparedAnswer): Verdict {
  if (expected.ok !== actual.ok) {
    return different(`the log has ${outcome(expected)}, the model now gives ${outcome(actual)}`);
  }
  if (expected.encoding !== actual.encoding) {
    return different(`encoding ${expected.encoding}, now ${actual.encoding}`);
  }
  if (equalBytes(expected.payload, actual.payload)) return identical;
  if (!expected.ok) return different(`${outcome(expected)}, now ${outcome(actual)}`);
  const detail =
    expected.encoding === Encoding.TENSOR
      ? tensorDifference(expected.payload, actual.payload)
      : jsonDifference(parsed(expected.payload), parsed(actual.payload), "answer");
  return detail === undefined ? close : different(detail);
}

function different(detail: string): Verdict {
  return { kind: "different", detail };
}

function outcome({ ok, payload }: ComparedAnswer): string {
  return ok ? "an answer" : `an error (${(decodeUtf8(payload) ?? "").slice(0, 200)})`;
}

function parsed(payload: Uint8Array): unknown {
  const text = decodeUtf8(payload);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function isClose(expected: number, actual: number): boolean {
  if (Object.is(expected, actual) || expected === actual) return true;
  // The tolerance of an infinity would be infinite.
  if (!Number.isFinite(expected)) return false;
  return Math.abs(expected - actual) <= absoluteTolerance + relativeTolerance * Math.abs(expected);
}

function jsonDifference(expected: unknown, actual: unknown, path: string): string | undefined {
  if (typeof expected === "number" && typeof actual === "number") {
    return isClose(expected, actual) ? undefined : `${path}: ${expected}, now ${actual}`;
  }
  if (typeof expected === "object" && typeof actual === "object" && expected !== null && actual !== null) {
    const left = Object.entries(expected);
    const right = new Map(Object.entries(actual));
    if (left.length !== right.size) return `${path}: ${left.length} members, now ${right.size}`;
    for (const [key, value] of left) {
      if (!right.has(key)) return `${path}.${key}: missing now`;
      const found = jsonDifference(value, right.get(key), `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return expected === actual ? undefined : `${path}: ${String(expected)}, now ${String(actual)}`;
}

function tensorDifference(expected: Uint8Array, actual: Uint8Array): string | undefined {
  const left = decodeTensors(expected);
  const right = decodeTensors(actual);
  if (typeof left === "string" || typeof right === "string") return "bytes that are no tensors";
  if (left.length !== right.length) return `${left.length} tensors, now ${right.length}`;
  for (const [index, tensor] of left.entries()) {
    const other = right[index];
    const found = other === undefined ? "missing" : blockDifference(tensor, other);
    if (found !== undefined) return `tensor ${tensor.name === "" ? index : tensor.name}: ${found}`;
  }
  return undefined;
}

function blockDifference(left: TensorBlock, right: TensorBlock): string | undefined {
  if (left.name !== right.name) return `name "${left.name}", now "${right.name}"`;
  if (left.type !== right.type) return `type ${left.type}, now ${right.type}`;
  const [shape, now] = [left.dimensions.join(", "), right.dimensions.join(", ")];
  if (shape !== now) return `dimensions [${shape}], now [${now}]`;
  const count = left.data.length / elementBytes(left.type);
  for (let index = 0; index < count; index += 1) {
    const [expected, actual] = [elementAt(left, index), elementAt(right, index)];
    const isEqual = isFloat(left.type) ? isClose(expected, actual) : expected === actual;
    if (!isEqual) return `element ${index}: ${expected}, now ${actual}`;
  }
  // Whole numbers that a double cannot tell apart.
  return isFloat(left.type) || equalBytes(left.data, right.data) ? undefined : "other bytes";
}

function isFloat(type: TensorType): boolean {
  return type === TensorType.FLOAT32 || type === TensorType.FLOAT64 || type === TensorType.FLOAT16;
}

function elementAt({ type, data }: TensorBlock, index: number): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const at = index * elementBytes(type);
  switch (type) {
    case TensorType.FLOAT32:
      return view.getFloat32(at, true);
    case TensorType.FLOAT64:
      return view.getFloat64(at, true);
    case TensorType.FLOAT16:
      return halfAt(view.getUint16(at, true));
    case TensorType.INT64:
      return Number(view.getBigInt64(at, true));
    case TensorType.INT32:
      return view.getInt32(at, true);
    case TensorType.INT16:
      return view.getInt16(at, true);
    case TensorType.INT8:
      return view.getInt8(at);
    default:
      return view.getUint8(at);
  }
}

function halfAt(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
