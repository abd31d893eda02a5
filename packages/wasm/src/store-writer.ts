/**
 * Writes stores of float results that wait for each other, see `store-group.ts`: their values are added up, and only
 * where the sum is a NaN each of them is looked at. Infinities of both signs make such a sum too; then nothing changes.
 */

import type { Encoder } from "./encoder.js";
import type { LocalAllocator } from "./local-allocator.js";
import { CANONICAL } from "./nan.js";
import { OpByte } from "./op-byte.js";
import { ValueType } from "./value-type.js";

interface WaitingStore {
  /** Locals that hold its operands. */
  readonly address: number;
  readonly value: number;
  /** The instruction with its immediates. */
  readonly instruction: Uint8Array;
}

const add = { f32: 0x92, f64: 0xa0 } as const;

export class StoreWriter {
  readonly #code: Encoder;
  readonly #locals: LocalAllocator;
  readonly #waiting: WaitingStore[] = [];

  constructor(code: Encoder, locals: LocalAllocator) {
    this.#code = code;
    this.#locals = locals;
  }

  /** Takes the operands of a store off the stack. */
  wait(instruction: Uint8Array): void {
    const address = this.#locals.get(`store-address-${this.#waiting.length}`, ValueType.I32);
    const value = this.#take(instruction);
    this.#code.byte(OpByte.LOCAL_SET).u32(address);
    this.#waiting.push({ address, value, instruction });
  }

  /** Writes what waits, and then this store, whose operands are on the stack. */
  write(instruction: Uint8Array): void {
    const code = this.#code;
    const value = this.#take(instruction);
    this.#settle([...this.#waiting.map((store) => store.value), value], instruction);
    for (const store of this.#waiting) {
      code.byte(OpByte.LOCAL_GET).u32(store.address).byte(OpByte.LOCAL_GET).u32(store.value);
      code.op(...store.instruction);
    }
    code.byte(OpByte.LOCAL_GET).u32(value);
    code.op(...instruction);
    this.#waiting.length = 0;
  }

  #take(instruction: Uint8Array): number {
    const shape = shapeOfStore(instruction);
    const value = this.#locals.get(`store-value-${shape}-${this.#waiting.length}`, CANONICAL[shape].type);
    this.#code.byte(OpByte.LOCAL_SET).u32(value);
    return value;
  }

  #settle(values: readonly number[], instruction: Uint8Array): void {
    const code = this.#code;
    const shape = shapeOfStore(instruction);
    const { type, canonical, equal } = CANONICAL[shape];
    const sum = this.#locals.get(`nan-${type}`, type);
    for (const [index, value] of values.entries()) {
      code.byte(OpByte.LOCAL_GET).u32(value);
      if (index > 0) code.byte(add[shape]);
    }
    code.byte(OpByte.LOCAL_TEE).u32(sum).byte(OpByte.LOCAL_GET).u32(sum);
    code.op(...equal).op(OpByte.I32_EQZ, OpByte.IF, OpByte.VOID, ...canonical);
    code.byte(OpByte.LOCAL_SET).u32(sum);
    for (const value of values) {
      for (const local of [value, sum, value, value]) code.byte(OpByte.LOCAL_GET).u32(local);
      code
        .op(...equal)
        .op(OpByte.SELECT)
        .byte(OpByte.LOCAL_SET)
        .u32(value);
    }
    code.byte(OpByte.END);
  }
}

function shapeOfStore([op]: Uint8Array): "f32" | "f64" {
  return op === OpByte.F32_STORE ? "f32" : "f64";
}
