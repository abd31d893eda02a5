/**
 * Tensors as bytes: what `infer` takes and answers in encoding TENSOR. One payload is a set of named tensors.
 *
 *   offset size field
 *   0      u32  tensorCount     at most 64
 *   4      u32  0
 *   8      tensors one after the other, each padded to a multiple of 8:
 *     0    u8   type            TensorType: the numbers of ONNX TensorProto.DataType
 *     1    u8   rank            0 (scalar) to 8
 *     2    u16  nameBytes       0: the model's only input or output
 *     4    u32  dataBytes       elements × bytes per element
 *     8    u32  dimensions      rank of them
 *     ..   name (UTF-8), zero padding to a multiple of 8, data (little endian), zero padding to a multiple of 8
 *
 * The first dimension is the batch: one request may hold several rows, requests of one tick are joined along it.
 */

import { assert } from "./assert.js";
import { decodeUtf8, encodeUtf8 } from "./text.js";

/** Element types, numbered as in ONNX. */
export const TensorType = {
  FLOAT32: 1,
  UINT8: 2,
  INT8: 3,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FLOAT16: 10,
  FLOAT64: 11,
} as const;
export type TensorType = (typeof TensorType)[keyof typeof TensorType];

export const tensorsPerPayloadMax = 64;
export const tensorRankMax = 8;
export const tensorNameBytesMax = 255;

const ELEMENT_BYTES: Readonly<Record<TensorType, number>> = {
  1: 4,
  2: 1,
  3: 1,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
};

/** One tensor; `data` may alias the bytes that it was read from. */
export interface TensorBlock {
  readonly name: string;
  readonly type: TensorType;
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}

/** Bytes of one element of `type`. */
export function elementBytes(type: TensorType): number {
  return ELEMENT_BYTES[type];
}

/** Number of elements; 1 for a scalar. */
export function elementCount(dimensions: readonly number[]): number {
  return dimensions.reduce((product, size) => product * size, 1);
}

/** Canonical bytes of a set of tensors. */
export function encodeTensors(tensors: readonly TensorBlock[]): Uint8Array {
  assert(tensors.length <= tensorsPerPayloadMax, "a payload holds at most 64 tensors");
  const names = tensors.map(({ name }) => encodeUtf8(name));
  let total = 8;
  tensors.forEach((tensor, index) => {
    total += blockBytes(tensor.dimensions.length, names[index]?.length ?? 0, tensor.data.length);
  });
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, tensors.length, true);
  let offset = 8;
  tensors.forEach(({ type, dimensions, data }, index) => {
    const name = names[index] ?? new Uint8Array(0);
    assert(
      dimensions.length <= tensorRankMax && name.length <= tensorNameBytesMax,
      "a tensor keeps its limits",
    );
    assert(data.length === elementCount(dimensions) * elementBytes(type), "data fills the dimensions");
    view.setUint8(offset, type);
    view.setUint8(offset + 1, dimensions.length);
    view.setUint16(offset + 2, name.length, true);
    view.setUint32(offset + 4, data.length, true);
    dimensions.forEach((size, axis) => view.setUint32(offset + 8 + axis * 4, size, true));
    bytes.set(name, offset + 8 + dimensions.length * 4);
    bytes.set(data, offset + dataOffset(dimensions.length, name.length));
    offset += blockBytes(dimensions.length, name.length, data.length);
  });
  return bytes;
}

/** Reads what a guest or a model wrote; a text says what is wrong with it. Data aliases `bytes`. */
export function decodeTensors(bytes: Uint8Array): readonly TensorBlock[] | string {
  if (bytes.length < 8) return `a tensor payload has at least 8 bytes, not ${bytes.length}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  if (count > tensorsPerPayloadMax)
    return `a payload holds at most ${tensorsPerPayloadMax} tensors, not ${count}`;
  const tensors: TensorBlock[] = [];
  let offset = 8;
  for (let index = 0; index < count; index += 1) {
    const read = readBlock(bytes, view, offset);
    if (typeof read === "string") return `tensor ${index}: ${read}`;
    tensors.push(read.tensor);
    offset = read.end;
  }
  return offset === bytes.length ? tensors : `${bytes.length - offset} bytes follow the last tensor`;
}

function readBlock(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): { readonly tensor: TensorBlock; readonly end: number } | string {
  if (offset + 8 > bytes.length) return "its header is cut off";
  const type = view.getUint8(offset);
  const rank = view.getUint8(offset + 1);
  const nameBytes = view.getUint16(offset + 2, true);
  const dataBytes = view.getUint32(offset + 4, true);
  if (!isTensorType(type)) return `element type ${type} is not known`;
  if (rank > tensorRankMax) return `rank ${rank} is above ${tensorRankMax}`;
  if (nameBytes > tensorNameBytesMax) return `a name of ${nameBytes} bytes is too long`;
  const end = offset + blockBytes(rank, nameBytes, dataBytes);
  if (end > bytes.length) return "its data is cut off";
  const dimensions: number[] = [];
  for (let axis = 0; axis < rank; axis += 1) dimensions.push(view.getUint32(offset + 8 + axis * 4, true));
  const expected = elementCount(dimensions) * elementBytes(type);
  if (expected !== dataBytes)
    return `dimensions [${dimensions.join(", ")}] need ${expected} bytes, not ${dataBytes}`;
  const nameStart = offset + 8 + rank * 4;
  const name = decodeUtf8(bytes.subarray(nameStart, nameStart + nameBytes));
  if (name === undefined) return "its name is no UTF-8";
  const start = offset + dataOffset(rank, nameBytes);
  return { tensor: { name, type, dimensions, data: bytes.subarray(start, start + dataBytes) }, end };
}

function isTensorType(type: number): type is TensorType {
  return type in ELEMENT_BYTES;
}

function dataOffset(rank: number, nameBytes: number): number {
  return (8 + rank * 4 + nameBytes + 7) & ~7;
}

/** `dataBytes` is any u32 that a guest has written: bit operations would wrap around. */
function blockBytes(rank: number, nameBytes: number, dataBytes: number): number {
  return dataOffset(rank, nameBytes) + Math.ceil(dataBytes / 8) * 8;
}
