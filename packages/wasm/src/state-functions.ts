/**
 * `__we_state_save` and `__we_state_load`: every mutable global of the original module and every segment flag, bit
 * by bit, to and from memory. JavaScript cannot do this: it loses NaN payloads and cannot read v128 globals.
 *
 * Layout at ptr (16-byte aligned by the caller): first the v128 globals, then the 8-byte ones, then the 4-byte ones,
 * then a u32 per segment flag; each group in index order, without gaps. Total rounded up to 16 bytes.
 */

import { Encoder } from "./encoder.js";
import { featureRefused } from "./feature.js";
import type { Layout } from "./layout.js";
import type { WasmModule } from "./module.js";
import { OpByte, PrefixedOp } from "./op-byte.js";
import { ValueType, isReferenceType } from "./value-type.js";

/** One value of the state: a global of the instrumented module and its place. */
export interface StateSlot {
  readonly global: number;
  readonly type: ValueType;
  readonly offset: number;
}

export interface StateLayout {
  readonly slots: readonly StateSlot[];
  readonly bytes: number;
}

interface Access {
  readonly bytes: number;
  /** log2 of the alignment. */
  readonly align: number;
  readonly load: readonly number[];
  readonly store: readonly number[];
}

const vector: Access = {
  bytes: 16,
  align: 4,
  load: [OpByte.PREFIX_FD, PrefixedOp.V128_LOAD],
  store: [OpByte.PREFIX_FD, PrefixedOp.V128_STORE],
};

function accessOf(type: ValueType): Access {
  switch (type) {
    case ValueType.V128:
      return vector;
    case ValueType.I64:
      return { bytes: 8, align: 3, load: [OpByte.I64_LOAD], store: [OpByte.I64_STORE] };
    case ValueType.F64:
      return { bytes: 8, align: 3, load: [OpByte.F64_LOAD], store: [OpByte.F64_STORE] };
    case ValueType.F32:
      return { bytes: 4, align: 2, load: [OpByte.F32_LOAD], store: [OpByte.F32_STORE] };
    default:
      return { bytes: 4, align: 2, load: [OpByte.I32_LOAD], store: [OpByte.I32_STORE] };
  }
}

/**
 * Places of all state. Imported globals belong to somebody else.
 * @throws {WE_MODULE_FEATURE_REFUSED} for a mutable global that holds a reference, unless `referencesIgnored`.
 */
export function stateLayout(module: WasmModule, layout: Layout, referencesIgnored: boolean): StateLayout {
  const values: { global: number; type: ValueType }[] = [];
  for (const [global, { type, mutable, init }] of module.globals.entries()) {
    if (!mutable || init === undefined) continue;
    if (!isReferenceType(type)) values.push({ global, type });
    else if (!referencesIgnored) {
      throw featureRefused("reference-types", `mutable reference global ${global}`, init.start);
    }
  }
  for (const flag of layout.segmentFlags.values()) values.push({ global: flag, type: ValueType.I32 });
  // A stable sort keeps index order within a size, and flags behind globals.
  values.sort((a, b) => accessOf(b.type).bytes - accessOf(a.type).bytes);
  let offset = 0;
  const slots = values.map(({ global, type }) => {
    const slot = { global, type, offset };
    offset += accessOf(type).bytes;
    return slot;
  });
  return { slots, bytes: Math.ceil(offset / 16) * 16 };
}

/** Body of `(ptr: i32)` that writes the state. */
export function stateSaveBody(state: StateLayout): Encoder {
  const body = new Encoder(state.slots.length * 10 + 8).byte(0);
  for (const { global, type, offset } of state.slots) {
    const { align, store } = accessOf(type);
    body.op(OpByte.LOCAL_GET, 0).byte(OpByte.GLOBAL_GET).u32(global);
    body
      .op(...store)
      .u32(align)
      .u32(offset);
  }
  return body.byte(OpByte.END);
}

/** Body of `(ptr: i32)` that reads it back. */
export function stateLoadBody(state: StateLayout): Encoder {
  const body = new Encoder(state.slots.length * 10 + 8).byte(0);
  for (const { global, type, offset } of state.slots) {
    const { align, load } = accessOf(type);
    body
      .op(OpByte.LOCAL_GET, 0)
      .op(...load)
      .u32(align)
      .u32(offset);
    body.byte(OpByte.GLOBAL_SET).u32(global);
  }
  return body.byte(OpByte.END);
}

/** Body for modules without memory that do have state: nobody can ask for it there. */
export function stateUnreachableBody(): Encoder {
  return new Encoder(8).op(0, OpByte.UNREACHABLE, OpByte.END);
}
