/** Every NaN of a tensor becomes the quiet one with no payload: which NaN a kernel makes is the processor's choice. */

import { TensorType } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";

/** The tensor, its NaN bits canonical. Changes `data` in place: outputs belong to whoever asked for them. */
export function canonicalNaN(tensor: TensorBlock): TensorBlock {
  const { type, data } = tensor;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (type === TensorType.FLOAT32) {
    for (let offset = 0; offset < data.length; offset += 4)
      if ((view.getUint32(offset, true) & 0x7fffffff) > 0x7f800000) view.setUint32(offset, 0x7fc00000, true);
  } else if (type === TensorType.FLOAT64) {
    for (let offset = 0; offset < data.length; offset += 8)
      if (Number.isNaN(view.getFloat64(offset, true))) view.setBigUint64(offset, 0x7ff8n << 48n, true);
  } else if (type === TensorType.FLOAT16) {
    for (let offset = 0; offset < data.length; offset += 2)
      if ((view.getUint16(offset, true) & 0x7fff) > 0x7c00) view.setUint16(offset, 0x7e00, true);
  }
  return tensor;
}

/** True where every element is NaN; false for types that have none, and for no elements. */
export function isAllNaN({ type, data }: TensorBlock): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size =
    type === TensorType.FLOAT32 ? 4 : type === TensorType.FLOAT64 ? 8 : type === TensorType.FLOAT16 ? 2 : 0;
  if (size === 0 || data.length === 0) return false;
  for (let offset = 0; offset < data.length; offset += size) {
    const isNaN =
      size === 4
        ? (view.getUint32(offset, true) & 0x7fffffff) > 0x7f800000
        : size === 8
          ? Number.isNaN(view.getFloat64(offset, true))
          : (view.getUint16(offset, true) & 0x7fff) > 0x7c00;
    if (!isNaN) return false;
  }
  return true;
}
