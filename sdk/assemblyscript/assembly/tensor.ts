/**
 * Tensors: what a model takes and answers. A payload of encoding TENSOR is a set of named tensors (spec/abi.md);
 * this file writes and reads that layout and knows nothing of models.
 */

import { Limit, TensorType } from "./abi";

/** Bytes before the first tensor of a payload, and before the dimensions of each. */
const HEADER_BYTES: i32 = 8;
const TENSORS_MAX: i32 = 64;
const RANK_MAX: i32 = 8;
const NAME_BYTES_MAX: i32 = 255;

/**
 * One named tensor. The name may stay empty where a model has a single input or output. Elements are numbered row
 * by row, the last dimension fastest. It owns its data and may be kept.
 */
@final
export class Tensor {
  readonly name: string;
  readonly type: TensorType;
  readonly dimensions: StaticArray<i32>;
  /** Number of elements; 1 for a scalar. */
  readonly length: i32;
  private data: Uint8Array;

  /** A tensor of zeros. */
  constructor(type: TensorType, dimensions: StaticArray<i32>, name: string = "") {
    assert(dimensions.length <= RANK_MAX, "a tensor has at most 8 dimensions");
    const width = elementBytes(type);
    assert(width > 0, "the element type is known");
    const count = elementCount(dimensions, width);
    assert(count >= 0, "a tensor fits a message");
    this.name = name;
    this.type = type;
    this.dimensions = dimensions;
    this.length = count;
    this.data = new Uint8Array(count * width);
  }

  /** Zeros of type FLOAT32. */
  static floats(dimensions: StaticArray<i32>, name: string = ""): Tensor {
    return new Tensor(TensorType.FLOAT32, dimensions, name);
  }

  /** Zeros of type INT64. */
  static integers(dimensions: StaticArray<i32>, name: string = ""): Tensor {
    return new Tensor(TensorType.INT64, dimensions, name);
  }

  /** One row of FLOAT32, dimensions [1, values]: the usual input of a small model. */
  static row(values: StaticArray<f32>, name: string = ""): Tensor {
    const dimensions: StaticArray<i32> = [1, values.length];
    const tensor = Tensor.floats(dimensions, name);
    memory.copy(tensor.data.dataStart, changetype<usize>(values), <usize>values.length << 2);
    return tensor;
  }

  /** Element `index` as a double; INT64 beyond 2^53 is rounded. */
  @operator("[]")
  get(index: i32): f64 {
    const at = this.addressOf(index);
    switch (<i32>this.type) {
      case TensorType.FLOAT32:
        return <f64>load<f32>(at);
      case TensorType.FLOAT64:
        return load<f64>(at);
      case TensorType.FLOAT16:
        return halfToDouble(load<u16>(at));
      default:
        return <f64>this.integer(index);
    }
  }

  /** Sets element `index`, rounded to the type: floats to nearest, integers towards zero. FLOAT16 is read only. */
  @operator("[]=")
  set(index: i32, value: f64): void {
    const at = this.addressOf(index);
    switch (<i32>this.type) {
      case TensorType.FLOAT32:
        store<f32>(at, <f32>value);
        break;
      case TensorType.FLOAT64:
        store<f64>(at, value);
        break;
      default:
        this.setInteger(index, <i64>value);
    }
  }

  /** Element `index` of a tensor of integers, exactly; of floats, towards zero. */
  integer(index: i32): i64 {
    const at = this.addressOf(index);
    switch (<i32>this.type) {
      case TensorType.INT64:
        return load<i64>(at);
      case TensorType.INT32:
        return load<i32>(at);
      case TensorType.INT16:
        return load<i16>(at);
      case TensorType.INT8:
        return load<i8>(at);
      case TensorType.UINT8:
      case TensorType.BOOL:
        return load<u8>(at);
      default:
        return <i64>this.get(index);
    }
  }

  /** Sets element `index`; the low bits count where the type is narrower. Floats take the nearest value. */
  setInteger(index: i32, value: i64): void {
    const at = this.addressOf(index);
    switch (<i32>this.type) {
      case TensorType.INT64:
        store<i64>(at, value);
        break;
      case TensorType.INT32:
        store<i32>(at, <i32>value);
        break;
      case TensorType.INT16:
        store<i16>(at, <i16>value);
        break;
      case TensorType.INT8:
      case TensorType.UINT8:
        store<u8>(at, <u8>value);
        break;
      case TensorType.BOOL:
        store<u8>(at, value != 0 ? 1 : 0);
        break;
      default:
        assert(this.type != TensorType.FLOAT16, "half floats are read only");
        this.set(index, <f64>value);
    }
  }

  /** Address of the elements, little endian, for loops of the author's own. */
  get pointer(): usize {
    return this.data.dataStart;
  }

  /** Bytes of the elements. */
  get byteLength(): i32 {
    return this.data.length;
  }

  private addressOf(index: i32): usize {
    assert(<u32>index < <u32>this.length, "the index is within the tensor");
    return this.data.dataStart + <usize>index * <usize>elementBytes(this.type);
  }
}

/** Bytes that the payload of these tensors takes. */
export function tensorPayloadBytes(tensors: Tensor[]): i32 {
  let total = HEADER_BYTES;
  for (let index = 0; index < tensors.length; index++) total += blockBytes(unchecked(tensors[index]));
  return total;
}

/** Writes the payload at `at`, which is 8-byte aligned; its bytes. */
export function writeTensors(tensors: Tensor[], at: usize): i32 {
  assert(tensors.length <= TENSORS_MAX, "a payload holds at most 64 tensors");
  store<u64>(at, <u64>tensors.length);
  let block = at + HEADER_BYTES;
  for (let index = 0; index < tensors.length; index++) {
    const tensor = unchecked(tensors[index]);
    const nameBytes = String.UTF8.byteLength(tensor.name);
    assert(nameBytes <= NAME_BYTES_MAX, "the name of a tensor has at most 255 bytes");
    const rank = tensor.dimensions.length;
    memory.fill(block, 0, blockBytes(tensor));
    store<u8>(block, <u8>tensor.type);
    store<u8>(block, <u8>rank, 1);
    store<u16>(block, <u16>nameBytes, 2);
    store<i32>(block, tensor.byteLength, 4);
    memory.copy(block + HEADER_BYTES, changetype<usize>(tensor.dimensions), <usize>rank << 2);
    String.UTF8.encodeUnsafe(
      changetype<usize>(tensor.name),
      tensor.name.length,
      block + HEADER_BYTES + (<usize>rank << 2),
      false,
      String.UTF8.ErrorMode.REPLACE,
    );
    memory.copy(block + <usize>dataOffset(rank, nameBytes), tensor.pointer, tensor.byteLength);
    block += <usize>blockBytes(tensor);
  }
  return <i32>(block - at);
}

/** Reads a payload; null where it is not one. What it gives owns its data. */
export function readTensors(start: usize, bytes: i32): Tensor[] | null {
  if (bytes < HEADER_BYTES) return null;
  const count = load<u32>(start);
  if (count > <u32>TENSORS_MAX) return null;
  const tensors: Tensor[] = [];
  let offset = HEADER_BYTES;
  for (let index: u32 = 0; index < count; index++) {
    if (offset + HEADER_BYTES > bytes) return null;
    const block = start + <usize>offset;
    const type = <TensorType>(<i32>load<u8>(block));
    const rank = <i32>load<u8>(block, 1);
    const nameBytes = <i32>load<u16>(block, 2);
    const dataBytes = load<u32>(block, 4);
    const width = elementBytes(type);
    if (width == 0 || rank > RANK_MAX || nameBytes > NAME_BYTES_MAX) return null;
    const dataAt = dataOffset(rank, nameBytes);
    if (dataBytes > <u32>bytes) return null;
    const end = offset + ((dataAt + <i32>dataBytes + 7) & ~7);
    if (end > bytes) return null;
    const dimensions = new StaticArray<i32>(rank);
    memory.copy(changetype<usize>(dimensions), block + HEADER_BYTES, <usize>rank << 2);
    const elements = elementCount(dimensions, width);
    if (elements < 0 || elements * width != <i32>dataBytes) return null;
    const nameStart = block + HEADER_BYTES + (<usize>rank << 2);
    const tensor = new Tensor(type, dimensions, String.UTF8.decodeUnsafe(nameStart, nameBytes));
    memory.copy(tensor.pointer, block + <usize>dataAt, dataBytes);
    tensors.push(tensor);
    offset = end;
  }
  return offset == bytes ? tensors : null;
}

/** Bytes of one element; 0 where the type is not known. */
function elementBytes(type: TensorType): i32 {
  switch (<i32>type) {
    case TensorType.UINT8:
    case TensorType.INT8:
    case TensorType.BOOL:
      return 1;
    case TensorType.INT16:
    case TensorType.FLOAT16:
      return 2;
    case TensorType.FLOAT32:
    case TensorType.INT32:
      return 4;
    case TensorType.INT64:
    case TensorType.FLOAT64:
      return 8;
    default:
      return 0;
  }
}

/** Elements of the dimensions, or -1 where that many do not fit a message. */
function elementCount(dimensions: StaticArray<i32>, width: i32): i32 {
  let count: i64 = 1;
  for (let axis = 0; axis < dimensions.length; axis++) {
    const size = <i64>(<u32>unchecked(dimensions[axis]));
    count *= size;
    if (count * width > <i64>Limit.MESSAGE_BYTES_MAX) return -1;
  }
  return <i32>count;
}

function dataOffset(rank: i32, nameBytes: i32): i32 {
  return (HEADER_BYTES + (rank << 2) + nameBytes + 7) & ~7;
}

function blockBytes(tensor: Tensor): i32 {
  const nameBytes = String.UTF8.byteLength(tensor.name);
  return (dataOffset(tensor.dimensions.length, nameBytes) + tensor.byteLength + 7) & ~7;
}

function halfToDouble(bits: u16): f64 {
  const sign: f64 = (bits & 0x8000) != 0 ? -1 : 1;
  const exponent = <i32>(bits >> 10) & 31;
  const fraction = <i32>bits & 1023;
  if (exponent == 31) return fraction == 0 ? sign * Infinity : NaN;
  if (exponent == 0) return sign * <f64>fraction * 5.9604644775390625e-8; // 2^-24
  return sign * <f64>(1024 + fraction) * reinterpret<f64>(<u64>(exponent - 25 + 1023) << 52);
}
