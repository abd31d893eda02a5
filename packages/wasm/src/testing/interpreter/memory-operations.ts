/** Meaning of scalar loads and stores. Bits move as bytes; floats are never read as numbers. */

import { SLOT_BYTES, addressOf, memoryOf, operation } from "./operation.js";
import type { Operation } from "./operation.js";

/** Copies bytes between views; whole words where the width allows, as integers. */
function move(from: DataView, fromAt: number, to: DataView, toAt: number, width: number): void {
  if (width >= 4) to.setInt32(toAt, from.getInt32(fromAt, true), true);
  if (width === 8) to.setInt32(toAt + 4, from.getInt32(fromAt + 4, true), true);
  if (width < 4) to.setUint8(toAt, from.getUint8(fromAt));
  if (width === 2) to.setUint8(toAt + 1, from.getUint8(fromAt + 1));
}

/** Loads `width` bytes into the slot of the address; what the slot holds above them is their sign, or zero. */
function load(code: number, name: string, result: string, width: number, signed = false): Operation {
  return operation(code, name, `i:${result}`, (machine, { a }) => {
    const { view, top } = machine;
    const at = top - SLOT_BYTES;
    const address = addressOf(machine, view.getUint32(at, true), a, width);
    move(memoryOf(machine).view, address, view, at, width);
    if (width === 8) return;
    if (width === 1) view.setInt32(at, signed ? view.getInt8(at) : view.getUint8(at), true);
    if (width === 2) view.setInt32(at, signed ? view.getInt16(at, true) : view.getUint16(at, true), true);
    view.setInt32(at + 4, signed ? view.getInt32(at, true) >> 31 : 0, true);
  });
}

function store(code: number, name: string, operand: string, width: number): Operation {
  return operation(code, name, `i${operand}:`, (machine, { a }) => {
    machine.top -= 2 * SLOT_BYTES;
    const { view, top } = machine;
    const address = addressOf(machine, view.getUint32(top, true), a, width);
    move(view, top + SLOT_BYTES, memoryOf(machine).view, address, width);
  });
}

export const MEMORY_OPERATIONS: readonly Operation[] = [
  load(0x28, "i32.load", "i", 4),
  load(0x29, "i64.load", "l", 8),
  load(0x2a, "f32.load", "f", 4),
  load(0x2b, "f64.load", "d", 8),
  load(0x2c, "i32.load8_s", "i", 1, true),
  load(0x2d, "i32.load8_u", "i", 1),
  load(0x2e, "i32.load16_s", "i", 2, true),
  load(0x2f, "i32.load16_u", "i", 2),
  load(0x30, "i64.load8_s", "l", 1, true),
  load(0x31, "i64.load8_u", "l", 1),
  load(0x32, "i64.load16_s", "l", 2, true),
  load(0x33, "i64.load16_u", "l", 2),
  load(0x34, "i64.load32_s", "l", 4, true),
  load(0x35, "i64.load32_u", "l", 4),
  store(0x36, "i32.store", "i", 4),
  store(0x37, "i64.store", "l", 8),
  store(0x38, "f32.store", "f", 4),
  store(0x39, "f64.store", "d", 8),
  store(0x3a, "i32.store8", "i", 1),
  store(0x3b, "i32.store16", "i", 2),
  store(0x3c, "i64.store8", "l", 1),
  store(0x3d, "i64.store16", "l", 2),
  store(0x3e, "i64.store32", "l", 4),
];
