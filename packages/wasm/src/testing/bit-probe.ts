/**
 * Calls an exported function with exact bits and reads exact bits back. The JavaScript interface quiets signalling
 * NaN and has no vectors, so a small module around the call pushes constants and stores the results to memory.
 */

import { Encoder } from "../encoder.js";
import type { ConformanceValue } from "./conformance.js";

/** Bytes between two results in the probe's memory. */
const RESULT_STRIDE_BYTES = 16;
const valueBytes: Readonly<Record<string, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};
const widths: Readonly<Record<string, number>> = { i8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8, v128: 16 };
const stores: Readonly<Record<string, readonly number[]>> = {
  i32: [0x36, 2],
  i64: [0x37, 3],
  f32: [0x38, 2],
  f64: [0x39, 3],
  v128: [0xfd, 0x0b, 4],
};

export function isNumeric(type: string): boolean {
  return type in valueBytes;
}

export function widthOf(type: string): number {
  return widths[type] ?? 0;
}

/** Little-endian bytes of a decimal number, as unsigned or negative. */
export function bitsOf(value: string, width: number): number[] {
  let rest = BigInt.asUintN(width * 8, BigInt(value));
  const bytes: number[] = [];
  for (let index = 0; index < width; index++) {
    bytes.push(Number(rest & 255n));
    rest >>= 8n;
  }
  return bytes;
}

/** Bytes of an argument. */
export function argumentBits(value: ConformanceValue): number[] {
  if (Array.isArray(value.value)) {
    const width = widthOf(value.lane_type ?? "");
    return value.value.flatMap((lane: string) => bitsOf(lane, width));
  }
  return bitsOf(String(value.value), widthOf(value.type));
}

const cache = new Map<string, WebAssembly.Module>();

/** Results of one call as bytes, 16 per result. Traps pass through. */
export function callForBits(
  callee: WebAssembly.ExportValue,
  parameters: readonly ConformanceValue[],
  results: readonly string[],
): Uint8Array {
  const key = JSON.stringify([parameters.map((value) => value.type), results]);
  let module = cache.get(key);
  if (module === undefined) {
    const types = parameters.map((value) => value.type);
    module = new WebAssembly.Module(probeModule(types, results) as BufferSource); // plain array buffer
    cache.set(key, module);
  }
  const instance = new WebAssembly.Instance(module, { "": { callee } });
  const { memory, call } = instance.exports as { memory: WebAssembly.Memory; call: () => void }; // as written below
  const view = new Uint8Array(memory.buffer);
  for (const [index, value] of parameters.entries()) {
    view.set(argumentBits(value), index * RESULT_STRIDE_BYTES);
  }
  call();
  return view.slice(0, results.length * RESULT_STRIDE_BYTES);
}

function probeModule(parameters: readonly string[], results: readonly string[]): Uint8Array {
  const bytesOf = (types: readonly string[]): number[] => types.map((type) => valueBytes[type] ?? 0);
  const types = new Encoder()
    .u32(2)
    .byte(0x60)
    .u32(parameters.length)
    .op(...bytesOf(parameters));
  types
    .u32(results.length)
    .op(...bytesOf(results))
    .op(0x60, 0, 0);
  const body = new Encoder().u32(results.length);
  for (const type of results) body.op(1, ...bytesOf([type]));
  for (const [index, type] of parameters.entries()) {
    const load = type === "v128" ? [0xfd, 0x00, 4] : [(stores[type]?.[0] ?? 0) - 14, stores[type]?.[1] ?? 0];
    body
      .op(0x41)
      .s32(index * RESULT_STRIDE_BYTES)
      .op(...load)
      .u32(0);
  }
  body.op(0x10, 0);
  for (let index = results.length - 1; index >= 0; index--) body.byte(0x21).u32(index);
  for (const [index, type] of results.entries()) {
    body
      .op(0x41)
      .s32(index * RESULT_STRIDE_BYTES)
      .byte(0x20)
      .u32(index);
    body.op(...(stores[type] ?? [])).u32(0);
  }
  body.byte(0x0b);
  const output = new Encoder().op(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  output.section(1, types);
  output.section(2, new Encoder().u32(1).ascii("").ascii("callee").op(0, 0));
  output.section(3, new Encoder().op(1, 1));
  output.section(5, new Encoder().op(1, 0, 1));
  const exports = new Encoder().u32(2).ascii("memory").op(2, 0).ascii("call").op(0, 1);
  output.section(7, exports);
  output.section(10, new Encoder().u32(1).sized(body));
  return output.finish();
}
