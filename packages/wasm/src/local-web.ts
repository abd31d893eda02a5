/**
 * Parts of a local that have nothing to do with each other. Compilers put several values into one local. What is
 * written and overwritten again within one straight line of code is met by nothing else; and of a local that every
 * line writes before it reads it, each write stands alone. Such parts are followed as locals of their own. Only float
 * and vector types are split: their NaN bits are what is followed.
 */

import type { InstructionReader } from "./instruction-reader.js";
import type { FunctionBody } from "./module.js";
import { OpByte } from "./op-byte.js";
import { ValueType } from "./value-type.js";

/** A write, and what has read it, while control went straight on. */
interface Write {
  readonly ordinal: number;
  readonly reads: number[];
}

const { F32, F64, V128 } = ValueType;

/** Behind or before these control may come from or go to another place. */
const turns: ReadonlySet<number> = new Set([
  OpByte.UNREACHABLE,
  OpByte.LOOP,
  OpByte.IF,
  OpByte.ELSE,
  OpByte.END,
  OpByte.BR,
  OpByte.BR_IF,
  OpByte.BR_TABLE,
  OpByte.RETURN,
]);

export class LocalWebs {
  /** Web by ordinal of the instruction, for those that are not the local itself. */
  readonly #webs = new Map<number, number>();
  /** Last write of each local in this line. */
  readonly #open = new Map<number, Write>();
  /** Writes that were the last of their lines, by local. */
  readonly #last = new Map<number, Write[]>();
  /** Locals that are read in a line that has not written them. */
  readonly #carried = new Set<number>();
  #types: number[] = [];

  /** Reads a body. Returns the types of its locals and behind them those of the webs that were split off. */
  find(reader: InstructionReader, body: FunctionBody, locals: Uint8Array): Uint8Array {
    this.#webs.clear();
    if (!locals.some(isFollowed)) return locals;
    this.#types = [...locals];
    this.#last.clear();
    this.#carried.clear();
    reader.seek(body.codeStart, body.end);
    for (let ordinal = 0; !reader.done; ordinal++) {
      reader.next();
      const { op, index } = reader;
      if (turns.has(op)) this.#endLine();
      else if (op === OpByte.LOCAL_GET && isFollowed(locals[index] ?? 0)) this.#read(ordinal, index);
      else if ((op === OpByte.LOCAL_SET || op === OpByte.LOCAL_TEE) && isFollowed(locals[index] ?? 0))
        this.#write(ordinal, index);
    }
    for (const [local, writes] of this.#last) {
      if (this.#carried.has(local)) continue;
      for (const write of writes) this.#split(local, write);
    }
    return Uint8Array.from(this.#types);
  }

  #read(ordinal: number, local: number): void {
    const write = this.#open.get(local);
    if (write === undefined) this.#carried.add(local);
    else write.reads.push(ordinal);
  }

  #write(ordinal: number, local: number): void {
    const overwritten = this.#open.get(local);
    if (overwritten !== undefined) this.#split(local, overwritten);
    this.#open.set(local, { ordinal, reads: [] });
  }

  #endLine(): void {
    if (this.#open.size === 0) return;
    for (const [local, write] of this.#open) {
      const writes = this.#last.get(local);
      if (writes === undefined) this.#last.set(local, [write]);
      else writes.push(write);
    }
    this.#open.clear();
  }

  #split(local: number, write: Write): void {
    const web = this.#types.length;
    this.#types.push(this.#types[local] ?? 0);
    for (const access of [write.ordinal, ...write.reads]) this.#webs.set(access, web);
  }

  /** What the instruction of this ordinal, which names this local, reads or writes. */
  at(ordinal: number, local: number): number {
    return this.#webs.get(ordinal) ?? local;
  }
}

function isFollowed(type: number): boolean {
  return type === F32 || type === F64 || type === V128;
}
