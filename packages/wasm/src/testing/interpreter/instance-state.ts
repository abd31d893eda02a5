/** What one instance holds: its index spaces, decoded functions, and the segments that are left. */

import { framePriceOf } from "./frame-price.js";
import { decodeFunction } from "./function-code.js";
import type { FunctionCode, FunctionSpace } from "./function-code.js";
import type { Callable, Global, Memory, Reference, Table } from "./items.js";
import type { ModuleParts } from "./module-parts.js";
import type { FunctionType } from "./value.js";

/** A function that is ready to run. */
export interface ReadyFunction extends FunctionCode {
  /** Bytes of logical stack that entering takes: 0 where the function calls nobody. */
  readonly frameBytes: number;
  /** Slots of locals and operands. */
  readonly slots: number;
}

const FRAME_BYTES = 128;
const WORD_BYTES = 17;

export class InstanceState implements FunctionSpace {
  readonly parts: ModuleParts;
  readonly pagesMax: number;
  readonly functions: Callable[] = [];
  readonly functionTypes: FunctionType[] = [];
  readonly tables: Table[] = [];
  memory: Memory | undefined = undefined;
  readonly globals: Global[] = [];
  /** Emptied when dropped. */
  readonly elements: (readonly Reference[])[] = [];
  readonly data: Uint8Array[] = [];
  readonly #ready = new Map<number, ReadyFunction>();

  constructor(parts: ModuleParts, pagesMax: number) {
    this.parts = parts;
    this.pagesMax = pagesMax;
  }

  /** Decodes a function when it is called for the first time. */
  ready(body: number): ReadyFunction {
    let ready = this.#ready.get(body);
    if (ready === undefined) {
      const code = decodeFunction(this, body);
      const globals = this.globals.map(({ type }) => type.type);
      const tables = this.tables.map(({ type }) => type.type);
      const { calls, words, operandsMax } = framePriceOf(code, { globals, tables });
      const range = this.parts.bodies[body];
      const bytes = range === undefined ? 0 : range.end - range.start;
      const frameBytes = calls ? FRAME_BYTES + WORD_BYTES * words + bytes : 0;
      const slots = code.type.parameters.length + code.locals.length + operandsMax;
      ready = { ...code, frameBytes, slots };
      this.#ready.set(body, ready);
    }
    return ready;
  }

  tableAt(index: number): Table {
    const table = this.tables[index];
    if (table === undefined) throw new Error(`there is no table ${index}`);
    return table;
  }

  globalAt(index: number): Global {
    const global = this.globals[index];
    if (global === undefined) throw new Error(`there is no global ${index}`);
    return global;
  }

  functionAt(index: number): Callable {
    const found = this.functions[index];
    if (found === undefined) throw new Error(`there is no function ${index}`);
    return found;
  }
}
