/** Instructions on memories and tables as a whole. Bounds are checked before anything is written. */

import type { Instruction } from "./function-code.js";
import type { InstanceState } from "./instance-state.js";
import { Code } from "./instruction-set.js";
import type { Memory, Reference } from "./items.js";
import { Trap } from "./value.js";

/** What these instructions need of the machine. */
export interface BulkOperands {
  popI32(): number;
  pushI32(value: number): void;
  popReference(): Reference;
  pushReference(reference: Reference): void;
}

export function executeBulk(machine: BulkOperands, instance: InstanceState, instruction: Instruction): void {
  switch (instruction.code) {
    case Code.MEMORY_SIZE:
      machine.pushI32(memoryOf(instance).pages);
      return;
    case Code.MEMORY_GROW:
      machine.pushI32(memoryOf(instance).grow(machine.popI32(), instance.pagesMax));
      return;
    case Code.MEMORY_INIT: {
      const [to, from, count] = popRange(machine);
      initMemory(instance, instruction.a, to, from, count);
      return;
    }
    case Code.DATA_DROP:
      instance.data[instruction.a] = new Uint8Array(0);
      return;
    case Code.MEMORY_COPY: {
      const [to, from, count] = popRange(machine);
      const { bytes } = memoryOf(instance);
      if (to + count > bytes.length || from + count > bytes.length)
        throw new Trap("memory access out of bounds");
      bytes.copyWithin(to, from, from + count);
      return;
    }
    case Code.MEMORY_FILL: {
      const [to, value, count] = popRange(machine);
      const { bytes } = memoryOf(instance);
      if (to + count > bytes.length) throw new Trap("memory access out of bounds");
      bytes.fill(value & 255, to, to + count);
      return;
    }
    default:
      executeTable(machine, instance, instruction);
  }
}

function executeTable(machine: BulkOperands, instance: InstanceState, { code, a, b }: Instruction): void {
  switch (code) {
    case Code.TABLE_GET: {
      const element = instance.tableAt(a).elements[machine.popI32()];
      if (element === undefined) throw new Trap("table access out of bounds");
      machine.pushReference(element);
      return;
    }
    case Code.TABLE_SET: {
      const value = machine.popReference();
      const index = machine.popI32();
      const { elements } = instance.tableAt(a);
      if (index >= elements.length) throw new Trap("table access out of bounds");
      elements[index] = value;
      return;
    }
    case Code.TABLE_INIT: {
      const [to, from, count] = popRange(machine);
      initTable(instance, { segment: a, table: b }, to, from, count);
      return;
    }
    case Code.ELEM_DROP:
      instance.elements[a] = [];
      return;
    case Code.TABLE_COPY: {
      const [to, from, count] = popRange(machine);
      const target = instance.tableAt(a).elements;
      const source = instance.tableAt(b).elements;
      if (to + count > target.length || from + count > source.length)
        throw new Trap("table access out of bounds");
      const copied = source.slice(from, from + count);
      for (const [index, element] of copied.entries()) target[to + index] = element;
      return;
    }
    case Code.TABLE_GROW: {
      const count = machine.popI32();
      machine.pushI32(instance.tableAt(a).grow(count, machine.popReference()));
      return;
    }
    case Code.TABLE_SIZE:
      machine.pushI32(instance.tableAt(a).elements.length);
      return;
    case Code.TABLE_FILL: {
      const count = machine.popI32();
      const value = machine.popReference();
      const to = machine.popI32();
      const { elements } = instance.tableAt(a);
      if (to + count > elements.length) throw new Trap("table access out of bounds");
      elements.fill(value, to, to + count);
      return;
    }
    default:
      throw new Error(`code ${code} has no meaning`);
  }
}

/** The three operands of a copying instruction in the order in which they were pushed. */
function popRange(machine: BulkOperands): [number, number, number] {
  const count = machine.popI32();
  const second = machine.popI32();
  return [machine.popI32(), second, count];
}

function memoryOf(instance: InstanceState): Memory {
  if (instance.memory === undefined) throw new Error("valid code has a memory");
  return instance.memory;
}

/** Also what instantiation does with an active segment. */
export function initMemory(
  instance: InstanceState,
  segment: number,
  to: number,
  from: number,
  count: number,
): void {
  const data = instance.data[segment] ?? new Uint8Array(0);
  const { bytes } = memoryOf(instance);
  if (from + count > data.length || to + count > bytes.length) throw new Trap("memory access out of bounds");
  bytes.set(data.subarray(from, from + count), to);
}

export function initTable(
  instance: InstanceState,
  { segment, table }: { readonly segment: number; readonly table: number },
  to: number,
  from: number,
  count: number,
): void {
  const items = instance.elements[segment] ?? [];
  const { elements } = instance.tableAt(table);
  if (from + count > items.length || to + count > elements.length)
    throw new Trap("table access out of bounds");
  for (let index = 0; index < count; index++) elements[to + index] = items[from + index] ?? null;
}
