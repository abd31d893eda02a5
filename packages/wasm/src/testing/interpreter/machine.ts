/**
 * Runs functions, one instruction after the other, with frames and labels of its own instead of the stack of
 * JavaScript. Every instruction is paid for before it is executed. Nothing here is clever.
 */

import { executeBulk } from "./bulk-operations.js";
import { FuelCount } from "./fuel-count.js";
import type { Instruction } from "./function-code.js";
import type { InstanceState, ReadyFunction } from "./instance-state.js";
import { Code } from "./instruction-set.js";
import { isReferenceType, putValue, valueAt } from "./items.js";
import type { Callable, Global, HostFunction, Memory, Reference } from "./items.js";
import { SLOT_BYTES } from "./operation.js";
import type { Operands } from "./operation.js";
import { NULL_REFERENCE, Trap, sameTypes } from "./value.js";
import type { CallBudget, FunctionType, Value } from "./value.js";
import { DEPTH_DEFAULT } from "./value.js";

/** The logical stack does not hold another frame. */
export class OutOfDepth extends Error {}
/** The caller's limit of instructions is reached. */
export class OutOfSteps extends Error {}

interface Label {
  /** Where control goes on. */
  readonly target: number;
  /** Values that a branch takes along. */
  readonly arity: number;
  /** Byte offset of the operand stack below them. */
  readonly base: number;
}

interface Frame {
  readonly instance: InstanceState;
  readonly ready: ReadyFunction;
  /** Byte offset of the first local. */
  readonly locals: number;
  /** Labels that belong to callers. */
  readonly labels: number;
  /** Logical stack below this frame. */
  readonly depth: number;
  next: number;
}

const INITIAL_SLOTS = 128;

export class Machine implements Operands {
  view: DataView = new DataView(new ArrayBuffer(INITIAL_SLOTS * SLOT_BYTES));
  top = 0;
  memory: Memory | undefined = undefined;
  readonly fuel: FuelCount;
  readonly #references: Reference[] = new Array<Reference>(INITIAL_SLOTS).fill(null);
  readonly #frames: Frame[] = [];
  readonly #labels: Label[] = [];
  readonly #depth: number;
  #steps: number;

  constructor(budget: CallBudget = {}) {
    this.fuel = new FuelCount(budget.fuel);
    this.#depth = budget.depth ?? DEPTH_DEFAULT;
    this.#steps = budget.steps ?? Infinity;
  }

  /** Calls a function from outside: no price of a call, but that of the entry, or of the host function. */
  call(callee: Callable, values: readonly Value[], holder: InstanceState): Value[] {
    this.#reserve(values.length);
    for (const value of values) this.#pushValue(value, holder);
    this.#enter(callee, this.#depth);
    this.#run();
    const results = callee.type.results.map((type, index) =>
      valueAt(this.view, index * SLOT_BYTES, type, this.#references[index] ?? null),
    );
    return results;
  }

  popI32(): number {
    this.top -= SLOT_BYTES;
    return this.view.getUint32(this.top, true);
  }

  pushI32(value: number): void {
    this.view.setInt32(this.top, value, true);
    this.top += SLOT_BYTES;
  }

  popReference(): Reference {
    this.top -= SLOT_BYTES;
    return this.#references[this.top / SLOT_BYTES] ?? null;
  }

  pushReference(reference: Reference): void {
    this.#references[this.top / SLOT_BYTES] = reference;
    this.top += SLOT_BYTES;
  }

  #pushValue(value: Value, holder: InstanceState): void {
    if (!isReferenceType(value.type)) {
      putValue(this.view, this.top, value);
      this.top += SLOT_BYTES;
    } else if (value.bits === NULL_REFERENCE) {
      this.pushReference(null);
    } else if (value.type === "externref") {
      this.pushReference({ kind: "extern", bits: value.bits });
    } else {
      this.pushReference(holder.functionAt(Number(value.bits)));
    }
  }

  #reserve(slots: number): void {
    const needed = this.top + (slots + 2) * SLOT_BYTES;
    let size = this.view.byteLength;
    if (needed <= size) return;
    while (size < needed) size *= 2;
    const bytes = new Uint8Array(size);
    bytes.set(new Uint8Array(this.view.buffer));
    this.view = new DataView(bytes.buffer);
    while (this.#references.length < size / SLOT_BYTES) this.#references.push(null);
  }

  #enter(callee: Callable, depth: number): void {
    if (callee.kind === "imported-function") {
      // Paid before the host acts.
      this.fuel.payHostCall();
      this.#enter(callee.target, depth);
      return;
    }
    if (callee.kind === "host-function") {
      this.#host(callee);
      return;
    }
    const { instance } = callee;
    const ready = instance.ready(callee.body);
    const left = depth - ready.frameBytes;
    if (left < 0) throw new OutOfDepth();
    this.fuel.pay(ready.entry);
    const parameters = ready.type.parameters.length;
    const locals = this.top - parameters * SLOT_BYTES;
    this.#reserve(ready.slots);
    for (const [index] of ready.locals.entries()) {
      const at = locals + (parameters + index) * SLOT_BYTES;
      this.view.setBigInt64(at, 0n, true);
      this.view.setBigInt64(at + 8, 0n, true);
      this.#references[at / SLOT_BYTES] = null;
    }
    this.top = locals + (parameters + ready.locals.length) * SLOT_BYTES;
    this.memory = instance.memory;
    this.#frames.push({ instance, ready, locals, labels: this.#labels.length, depth: left, next: 0 });
  }

  #host(callee: HostFunction): void {
    const { parameters, results } = callee.type;
    this.top -= parameters.length * SLOT_BYTES;
    const values = parameters.map((type, index) => {
      const at = this.top + index * SLOT_BYTES;
      return valueAt(this.view, at, type, this.#references[at / SLOT_BYTES] ?? null);
    });
    let extra = 0;
    const charge = (fuel: number): void => {
      extra += fuel;
    };
    const answers = callee.call(values, { memory: this.memory?.bytes, charge });
    this.fuel.pay(extra);
    if (answers.length !== results.length) throw new Error("a host function gives what its type says");
    this.#reserve(results.length);
    const holder = this.#frames[this.#frames.length - 1]?.instance;
    for (const answer of answers) {
      if (holder !== undefined) this.#pushValue(answer, holder);
      else {
        putValue(this.view, this.top, answer);
        this.top += SLOT_BYTES;
      }
    }
  }

  /** Moves the topmost values down to `base`. */
  #lower(count: number, base: number): void {
    const from = this.top - count * SLOT_BYTES;
    if (from !== base) {
      for (let index = 0; index < count; index++) {
        this.#copy(from + index * SLOT_BYTES, base + index * SLOT_BYTES);
      }
    }
    this.top = base + count * SLOT_BYTES;
  }

  #copy(from: number, to: number): void {
    const { view } = this;
    for (let word = 0; word < SLOT_BYTES; word += 4)
      view.setInt32(to + word, view.getInt32(from + word, true), true);
    this.#references[to / SLOT_BYTES] = this.#references[from / SLOT_BYTES] ?? null;
  }

  #return(frame: Frame): void {
    this.#lower(frame.ready.type.results.length, frame.locals);
    this.#labels.length = frame.labels;
    this.#frames.pop();
    this.memory = this.#frames[this.#frames.length - 1]?.instance.memory;
  }

  #branch(frame: Frame, depth: number): void {
    const index = this.#labels.length - 1 - depth;
    const label = this.#labels[index];
    if (label === undefined || index < frame.labels) {
      this.#return(frame);
      return;
    }
    this.#lower(label.arity, label.base);
    this.#labels.length = index;
    frame.next = label.target;
  }

  #run(): void {
    for (;;) {
      const frame = this.#frames[this.#frames.length - 1];
      if (frame === undefined) return;
      const ordinal = frame.next;
      const instruction = frame.ready.instructions[ordinal];
      if (instruction === undefined) throw new Error("code ends with end");
      frame.next = ordinal + 1;
      this.#steps -= 1;
      if (this.#steps < 0) throw new OutOfSteps();
      this.#pay(instruction);
      if (instruction.step !== undefined) instruction.step(this, instruction);
      else this.#execute(frame, instruction, ordinal);
    }
  }

  #pay({ price, operandPrice }: Instruction): void {
    if (operandPrice === undefined) {
      this.fuel.pay(price);
      return;
    }
    const operand = this.view.getUint32(this.top - SLOT_BYTES, true);
    this.fuel.pay(price + Math.floor(operand / operandPrice.per) * operandPrice.unit);
  }

  #open(instruction: Instruction, target: number, arity: number): void {
    const parameters = instruction.type?.parameters.length ?? 0;
    this.#labels.push({ target, arity, base: this.top - parameters * SLOT_BYTES });
  }

  /** Instructions of control, calls, variables, constants, tables and memory as a whole. */
  #execute(frame: Frame, instruction: Instruction, ordinal: number): void {
    const results = instruction.type?.results.length ?? 0;
    switch (instruction.code) {
      case Code.UNREACHABLE:
        throw new Trap("unreachable");
      case Code.NOP:
        return;
      case Code.BLOCK:
        this.#open(instruction, instruction.end + 1, results);
        return;
      case Code.LOOP:
        // A branch back executes the loop instruction again, and pays for it.
        this.#open(instruction, ordinal, instruction.type?.parameters.length ?? 0);
        return;
      case Code.IF:
        if (this.popI32() !== 0) {
          this.#open(instruction, instruction.end + 1, results);
        } else if (instruction.otherwise >= 0) {
          this.#open(instruction, instruction.end + 1, results);
          frame.next = instruction.otherwise + 1;
        } else {
          frame.next = instruction.end + 1;
        }
        return;
      case Code.ELSE:
        this.#labels.pop();
        frame.next = instruction.end + 1;
        return;
      case Code.END:
        if (instruction.isLast) this.#return(frame);
        else this.#labels.pop();
        return;
      case Code.BR:
        this.#branch(frame, instruction.a);
        return;
      case Code.BR_IF:
        if (this.popI32() !== 0) this.#branch(frame, instruction.a);
        return;
      case Code.BR_TABLE: {
        const last = instruction.labels.length - 1;
        this.#branch(frame, instruction.labels[Math.min(this.popI32(), last)] ?? 0);
        return;
      }
      case Code.RETURN:
        this.#return(frame);
        return;
      case Code.CALL:
        this.#enter(frame.instance.functionAt(instruction.a), frame.depth);
        return;
      case Code.CALL_INDIRECT:
        this.#callIndirect(frame, instruction);
        return;
      default:
        this.#move(frame, instruction);
    }
  }

  #callIndirect(frame: Frame, { b, type }: Instruction): void {
    const { elements } = frame.instance.tableAt(b);
    const index = this.popI32();
    const callee = elements[index];
    if (callee === undefined) throw new Trap("table access out of bounds");
    if (callee === null || callee.kind === "extern" || !sameTypes(callee.type, type ?? noType)) {
      throw new Trap("indirect call");
    }
    this.#enter(callee, frame.depth);
  }

  #move(frame: Frame, instruction: Instruction): void {
    const { code, a } = instruction;
    switch (code) {
      case Code.DROP:
        this.top -= SLOT_BYTES;
        return;
      case Code.SELECT:
      case Code.SELECT_TYPED: {
        const first = this.popI32() !== 0;
        this.top -= SLOT_BYTES;
        if (!first) this.#copy(this.top, this.top - SLOT_BYTES);
        return;
      }
      case Code.LOCAL_GET:
        this.#copy(frame.locals + a * SLOT_BYTES, this.top);
        this.top += SLOT_BYTES;
        return;
      case Code.LOCAL_SET:
        this.top -= SLOT_BYTES;
        this.#copy(this.top, frame.locals + a * SLOT_BYTES);
        return;
      case Code.LOCAL_TEE:
        this.#copy(this.top - SLOT_BYTES, frame.locals + a * SLOT_BYTES);
        return;
      case Code.GLOBAL_GET:
        this.#getGlobal(frame.instance.globalAt(a));
        return;
      case Code.GLOBAL_SET:
        this.#setGlobal(frame.instance.globalAt(a));
        return;
      case Code.I32_CONST:
        this.pushI32(a);
        return;
      case Code.I64_CONST:
      case Code.F32_CONST:
      case Code.F64_CONST:
      case Code.V128_CONST:
        this.#pushBytes(instruction.bytes ?? noBytes);
        return;
      case Code.REF_NULL:
        this.pushReference(null);
        return;
      case Code.REF_IS_NULL:
        this.pushI32(this.popReference() === null ? 1 : 0);
        return;
      case Code.REF_FUNC:
        this.pushReference(frame.instance.functionAt(a));
        return;
      default:
        executeBulk(this, frame.instance, instruction);
    }
  }

  #pushBytes(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++)
      this.view.setUint8(this.top + index, bytes[index] ?? 0);
    this.top += SLOT_BYTES;
  }

  #getGlobal({ view, reference }: Global): void {
    for (let word = 0; word < SLOT_BYTES; word += 4) {
      this.view.setInt32(this.top + word, view.getInt32(word, true), true);
    }
    this.pushReference(reference);
  }

  #setGlobal(global: Global): void {
    global.reference = this.popReference();
    for (let word = 0; word < SLOT_BYTES; word += 4) {
      global.view.setInt32(word, this.view.getInt32(this.top + word, true), true);
    }
  }
}

const noType: FunctionType = { parameters: [], results: [] };
const noBytes = new Uint8Array(0);
