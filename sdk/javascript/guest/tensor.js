// Tensors inside QuickJS: plain objects `{type, dims, data}` to the bytes of encoding TENSOR (spec/abi.md) and back.
// Declarations only, placed before the prelude, which uses them.

const tensorNameBytesMax = 255;
const tensorsMax = 64;

/** Name of a type: the array of its elements. Half floats are their bits. */
const tensorArrays = Object.freeze({
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  float64: Float64Array,
});

/** `{type?, dims, data}` with data in a typed array. */
function isTensor(value) {
  return (
    typeof value === "object" &&
    value !== null &&
    Array.isArray(value.dims) &&
    ArrayBuffer.isView(value.data) &&
    !(value.data instanceof DataView)
  );
}

/** Named tensors of a body: one without a name, or an object of nothing but tensors; undefined where it is neither. */
function tensorsOf(body) {
  if (isTensor(body)) return [["", body]];
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  // Most bodies are not: the first member tells.
  for (const name in body) {
    if (!isTensor(body[name])) return undefined;
    break;
  }
  const entries = Object.entries(body);
  return entries.length > 0 && entries.every(([, value]) => isTensor(value)) ? entries : undefined;
}

/** Name of the element type: as given, else what the array says. */
function tensorTypeOf({ type, data }, name) {
  const found = type ?? Object.keys(tensorArrays).find((key) => data.constructor === tensorArrays[key]);
  if (found === undefined || tensorArrays[found] !== data.constructor)
    throw new TypeError(`tensor "${name}": type ${String(found)} does not go with ${data.constructor.name}`);
  return found;
}

function utf8Bytes(text) {
  return Uint8Array.from(unescape(encodeURIComponent(text.toWellFormed())), (character) =>
    character.charCodeAt(0),
  );
}

/** Undefined where the bytes are no UTF-8. */
function textOf(bytes) {
  try {
    return decodeURIComponent(escape(String.fromCharCode(...bytes)));
  } catch {
    return undefined;
  }
}

function tensorPayload(entries) {
  if (entries.length > tensorsMax) throw new RangeError(`a payload holds at most ${tensorsMax} tensors`);
  const blocks = entries.map(([name, tensor]) => tensorBlock(name, tensor));
  const total = blocks.reduce((sum, block) => sum + block.length, 8);
  const bytes = new Uint8Array(total);
  new DataView(bytes.buffer).setUint32(0, entries.length, true);
  let at = 8;
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.length;
  }
  return bytes;
}

function tensorBlock(name, tensor) {
  const { dims, data } = tensor;
  const type = tensorTypeOf(tensor, name);
  const nameBytes = utf8Bytes(name);
  const count = dims.reduce((product, size) => product * size, 1);
  if (dims.length > 8 || nameBytes.length > tensorNameBytesMax)
    throw new RangeError(`tensor "${name}" has more than 8 dimensions or too long a name`);
  if (!dims.every((size) => Number.isInteger(size) && size >= 0) || count !== data.length)
    throw new RangeError(`tensor "${name}": dimensions [${dims}] hold ${count} elements, not ${data.length}`);
  const dataAt = (8 + dims.length * 4 + nameBytes.length + 7) & ~7;
  const block = new Uint8Array((dataAt + data.byteLength + 7) & ~7);
  const view = new DataView(block.buffer);
  view.setUint8(0, TensorType[type.toUpperCase()]);
  view.setUint8(1, dims.length);
  view.setUint16(2, nameBytes.length, true);
  view.setUint32(4, data.byteLength, true);
  dims.forEach((size, axis) => view.setUint32(8 + axis * 4, size, true));
  block.set(nameBytes, 8 + dims.length * 4);
  block.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dataAt);
  return block;
}

/** `{name: tensor}`, or the tensor alone where it has no name; the bytes themselves where they are no tensors. */
function tensorBody(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) return bytes;
  const count = view.getUint32(0, true);
  const body = {};
  let at = 8;
  for (let index = 0; index < count; index += 1) {
    const read = readTensor(bytes, view, at);
    if (read === undefined) return bytes;
    if (count === 1 && read.name === "") return read.end === bytes.length ? read.tensor : bytes;
    body[read.name] = read.tensor;
    at = read.end;
  }
  return at === bytes.length ? body : bytes;
}

function readTensor(bytes, view, at) {
  if (at + 8 > bytes.length) return undefined;
  const number = view.getUint8(at);
  const type = Object.keys(TensorType)
    .find((key) => TensorType[key] === number)
    ?.toLowerCase();
  const rank = view.getUint8(at + 1);
  const nameBytes = view.getUint16(at + 2, true);
  const dataBytes = view.getUint32(at + 4, true);
  const dataAt = at + ((8 + rank * 4 + nameBytes + 7) & ~7);
  const end = (dataAt + dataBytes + 7) & ~7;
  if (type === undefined || rank > 8 || end > bytes.length) return undefined;
  const dims = [];
  for (let axis = 0; axis < rank; axis += 1) dims.push(view.getUint32(at + 8 + axis * 4, true));
  const array = tensorArrays[type];
  const count = dims.reduce((product, size) => product * size, 1);
  if (count * array.BYTES_PER_ELEMENT !== dataBytes) return undefined;
  const nameAt = at + 8 + rank * 4;
  const name = textOf(bytes.subarray(nameAt, nameAt + nameBytes));
  if (name === undefined) return undefined;
  // A copy: the data need not lie at a multiple of its element's size.
  const data = new array(bytes.slice(dataAt, dataAt + dataBytes).buffer);
  return { name, tensor: { type, dims, data }, end };
}
