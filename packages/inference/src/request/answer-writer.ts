/** Writes the outputs of one request in the encoding of the request. Outputs of another request never get here. */

import { Encoding, encodeTensors, encodeUtf8, tensorRankMax } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { TensorResponse } from "@wasm-engine/core";
import { nestedArrays } from "./json-tensor.js";
import type { ReadRequest } from "./request-reader.js";

export const failed = (message: string): TensorResponse => ({ ok: false, message });

/** `outputs` in the order of the model, NaN canonical. An only output has no name, as an only input needs none. */
export function writeAnswer(
  { encoding, asRow }: Pick<ReadRequest, "encoding" | "asRow">,
  outputs: readonly TensorBlock[],
  bytesMax: number,
): TensorResponse {
  const deep = outputs.find(({ dimensions }) => dimensions.length > tensorRankMax);
  if (deep !== undefined) return failed(`output "${deep.name}" has more than ${tensorRankMax} dimensions`);
  const dataBytes = outputs.reduce((sum, { data }) => sum + data.length, 0);
  if (dataBytes > bytesMax)
    return failed(`the answer has at least ${dataBytes} bytes, at most ${bytesMax} fit`);
  const payload = encoding === Encoding.TENSOR ? tensorPayload(outputs) : jsonPayload(outputs, asRow);
  if (typeof payload === "string") return failed(payload);
  if (payload.length > bytesMax)
    return failed(`the answer has ${payload.length} bytes, at most ${bytesMax} fit`);
  return { ok: true, encoding, payload };
}

function tensorPayload(outputs: readonly TensorBlock[]): Uint8Array {
  return encodeTensors(outputs.length === 1 ? outputs.map((output) => ({ ...output, name: "" })) : outputs);
}

function jsonPayload(outputs: readonly TensorBlock[], asRow: boolean): Uint8Array | string {
  const values: [string, unknown][] = [];
  for (const output of outputs) {
    const nested = nestedArrays(output, asRow && output.dimensions[0] === 1 ? 1 : 0);
    if (typeof nested === "string") return `output "${output.name}" holds ${nested}`;
    values.push([output.name, nested.value]);
  }
  const [only] = values;
  const value = values.length === 1 && only !== undefined ? only[1] : Object.fromEntries(values);
  return encodeUtf8(JSON.stringify(value));
}
