/** Lanes of a vector in a slot: how each kind is read and written, and rows of instructions that work lane by lane. */

import { FD, SLOT_BYTES, operation, putF32, putF64 } from "./operation.js";
import type { Operation } from "./operation.js";

/** One kind of lane. Integers of 64 bits are BigInt, all others numbers. */
export interface Lane<T> {
  readonly shape: string;
  readonly width: number;
  get(view: DataView, at: number): T;
  /** Takes integers modulo their width, makes NaN canonical. */
  set(view: DataView, at: number, value: T): void;
}

export const I8: Lane<number> = {
  shape: "i8x16",
  width: 1,
  get: (view, at) => view.getInt8(at),
  set: (view, at, value) => {
    view.setInt8(at, value);
  },
};
export const U8: Lane<number> = { ...I8, get: (view, at) => view.getUint8(at) };
export const I16: Lane<number> = {
  shape: "i16x8",
  width: 2,
  get: (view, at) => view.getInt16(at, true),
  set: (view, at, value) => {
    view.setInt16(at, value, true);
  },
};
export const U16: Lane<number> = { ...I16, get: (view, at) => view.getUint16(at, true) };
export const I32: Lane<number> = {
  shape: "i32x4",
  width: 4,
  get: (view, at) => view.getInt32(at, true),
  set: (view, at, value) => {
    view.setInt32(at, value, true);
  },
};
export const U32: Lane<number> = { ...I32, get: (view, at) => view.getUint32(at, true) };
export const I64: Lane<bigint> = {
  shape: "i64x2",
  width: 8,
  get: (view, at) => view.getBigInt64(at, true),
  set: (view, at, value) => {
    view.setBigInt64(at, BigInt.asIntN(64, value), true);
  },
};
export const U64: Lane<bigint> = { ...I64, get: (view, at) => view.getBigUint64(at, true) };
export const F32: Lane<number> = {
  shape: "f32x4",
  width: 4,
  get: (view, at) => view.getFloat32(at, true),
  set: putF32,
};
export const F64: Lane<number> = {
  shape: "f64x2",
  width: 8,
  get: (view, at) => view.getFloat64(at, true),
  set: putF64,
};

function offsets(width: number): number[] {
  return Array.from({ length: SLOT_BYTES / width }, (_, index) => index * width);
}

/** Lane by lane: `v:v`. */
export function map1<T>(code: number, lane: Lane<T>, name: string, f: (a: T) => T): Operation {
  const places = offsets(lane.width);
  return operation(FD + code, `${lane.shape}.${name}`, "v:v", ({ view, top }) => {
    for (const place of places)
      lane.set(view, top - SLOT_BYTES + place, f(lane.get(view, top - SLOT_BYTES + place)));
  });
}

/** Lane by lane: `vv:v`. */
export function map2<T>(code: number, lane: Lane<T>, name: string, f: (a: T, b: T) => T): Operation {
  const places = offsets(lane.width);
  return operation(FD + code, `${lane.shape}.${name}`, "vv:v", (machine) => {
    machine.top -= SLOT_BYTES;
    const { view, top } = machine;
    for (const place of places) {
      const at = top - SLOT_BYTES + place;
      lane.set(view, at, f(lane.get(view, at), lane.get(view, top + place)));
    }
  });
}

/** All ones where true, all zeros where not. */
export function compare<T>(code: number, lane: Lane<T>, name: string, f: (a: T, b: T) => boolean): Operation {
  const places = offsets(lane.width);
  return operation(FD + code, `${lane.shape}.${name}`, "vv:v", (machine) => {
    machine.top -= SLOT_BYTES;
    const { view, top } = machine;
    for (const place of places) {
      const at = top - SLOT_BYTES + place;
      fillBytes(view, at, lane.width, f(lane.get(view, at), lane.get(view, top + place)) ? 255 : 0);
    }
  });
}

/** One of two lanes, with its bits as they are. */
export function choose(
  code: number,
  lane: Lane<number>,
  name: string,
  second: (a: number, b: number) => boolean,
): Operation {
  const places = offsets(lane.width);
  return operation(FD + code, `${lane.shape}.${name}`, "vv:v", (machine) => {
    machine.top -= SLOT_BYTES;
    const { view, top } = machine;
    for (const place of places) {
      const at = top - SLOT_BYTES + place;
      if (second(lane.get(view, at), lane.get(view, top + place)))
        copyBytes(view, top + place, at, lane.width);
    }
  });
}

/** Shift by a count modulo the lane's bits. */
export function shift<T>(
  code: number,
  lane: Lane<T>,
  name: string,
  f: (a: T, count: number) => T,
): Operation {
  const places = offsets(lane.width);
  return operation(FD + code, `${lane.shape}.${name}`, "vi:v", (machine) => {
    machine.top -= SLOT_BYTES;
    const { view, top } = machine;
    const count = view.getUint32(top, true) % (lane.width * 8);
    for (const place of places) {
      const at = top - SLOT_BYTES + place;
      lane.set(view, at, f(lane.get(view, at), count));
    }
  });
}

/** Results from all lanes of the operands at once. `operands` are vectors. */
export function gather<T, R>(
  code: number,
  name: string,
  operands: number,
  from: Lane<T>,
  to: Lane<R>,
  f: (vectors: readonly (readonly T[])[], index: number) => R,
): Operation {
  const [sources, targets] = [offsets(from.width), offsets(to.width)];
  return operation(FD + code, name, `${"v".repeat(operands)}:v`, (machine) => {
    machine.top -= (operands - 1) * SLOT_BYTES;
    const { view, top } = machine;
    const vectors = Array.from({ length: operands }, (_, operand) =>
      sources.map((place) => from.get(view, top + (operand - 1) * SLOT_BYTES + place)),
    );
    for (const [index, place] of targets.entries()) to.set(view, top - SLOT_BYTES + place, f(vectors, index));
  });
}

/** An i32 from all lanes. */
export function summary(
  code: number,
  name: string,
  lane: Lane<number> | Lane<bigint>,
  f: (lanes: readonly (number | bigint)[]) => number,
): Operation {
  const places = offsets(lane.width);
  return operation(FD + code, name, "v:i", ({ view, top }) => {
    const lanes = places.map((place) => lane.get(view, top - SLOT_BYTES + place));
    view.setInt32(top - SLOT_BYTES, f(lanes), true);
  });
}

export function copyBytes(view: DataView, from: number, to: number, count: number): void {
  for (let index = 0; index < count; index++) view.setUint8(to + index, view.getUint8(from + index));
}

export function fillBytes(view: DataView, at: number, count: number, byte: number): void {
  for (let index = 0; index < count; index++) view.setUint8(at + index, byte);
}
