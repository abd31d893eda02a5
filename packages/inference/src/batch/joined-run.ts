/**
 * Rows of several requests in one run, and the outputs split back. Joining is along the first dimension: tensors are
 * stored row by row, so rows of one request lie together and joining is concatenation.
 */

import { assert } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import { canonicalNaN } from "../request/canonical-nan.js";
import type { OnnxSession } from "../runtime/onnx-runtime.js";

/** Inputs of one request, in the model's order. */
export type Inputs = readonly TensorBlock[];

/** Rows of a request; undefined where its inputs have different first dimensions and it cannot be joined. */
export function rowCount(inputs: Inputs): number | undefined {
  const [first] = inputs;
  const rows = first?.dimensions[0];
  return inputs.every(({ dimensions }) => dimensions[0] === rows) ? rows : undefined;
}

/** Requests of equal key can stand in one run: all sizes but the first are equal. */
export function shapeKey(inputs: Inputs): string {
  return inputs.map(({ dimensions }) => dimensions.slice(1).join("x")).join(";");
}

/** Outputs of one request run as it is, NaN canonical. */
export async function runAlone(session: OnnxSession, inputs: Inputs): Promise<readonly TensorBlock[]> {
  return (await session.run(inputs)).map(canonicalNaN);
}

/** Outputs of each request. Rejects where an output has not one row per row of the inputs. */
export async function runJoined(
  session: OnnxSession,
  requests: readonly Inputs[],
): Promise<readonly (readonly TensorBlock[])[]> {
  const counts = requests.map((inputs) => rowCount(inputs) ?? 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const [first] = requests;
  assert(first !== undefined && counts.every((count) => count > 0), "joined requests have rows");
  const inputs = first.map((tensor, index) => joinTensors(requests, tensor, { index, total }));
  const outputs = (await session.run(inputs)).map(canonicalNaN);
  const parts: TensorBlock[][] = requests.map(() => []);
  for (const output of outputs) {
    if (output.dimensions[0] !== total) throw new RowsLost(output.name);
    const rowBytes = output.data.length / total;
    let offset = 0;
    counts.forEach((count, index) => {
      const data = output.data.subarray(offset, offset + count * rowBytes);
      parts[index]?.push({ ...output, dimensions: [count, ...output.dimensions.slice(1)], data });
      offset += count * rowBytes;
    });
  }
  return parts;
}

/** An output has another number of rows than the inputs: requests of this model cannot be joined. */
export class RowsLost extends Error {}

function joinTensors(
  requests: readonly Inputs[],
  { name, type, dimensions }: TensorBlock,
  { index, total }: { readonly index: number; readonly total: number },
): TensorBlock {
  const parts = requests.map((inputs) => inputs[index]?.data ?? new Uint8Array(0));
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { name, type, dimensions: [total, ...dimensions.slice(1)], data };
}
