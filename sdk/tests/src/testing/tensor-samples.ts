/** One tensor of every element type, with the values at which conversions go wrong. */

import { TensorType } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";

export function sample(
  name: string,
  type: TensorType,
  dimensions: readonly number[],
  values: ArrayBufferView,
): TensorBlock {
  return {
    name,
    type,
    dimensions,
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

export const everyTensor: readonly TensorBlock[] = [
  sample("f32", TensorType.FLOAT32, [1, 3], new Float32Array([0.1, -0, Infinity])),
  sample("u8", TensorType.UINT8, [2], new Uint8Array([0, 255])),
  sample("i8", TensorType.INT8, [2], new Int8Array([-128, 127])),
  sample("i16", TensorType.INT16, [1], new Int16Array([-300])),
  sample("i32", TensorType.INT32, [1], new Int32Array([-70_000])),
  sample("i64", TensorType.INT64, [2], new BigInt64Array([2n ** 63n - 1n, -1n])),
  sample("bool", TensorType.BOOL, [2], new Uint8Array([1, 0])),
  // 1, -2, the smallest subnormal, the largest number
  sample("f16", TensorType.FLOAT16, [4], new Uint16Array([0x3c00, 0xc000, 1, 0x7bff])),
  sample("f64", TensorType.FLOAT64, [], new Float64Array([0.1])),
];
