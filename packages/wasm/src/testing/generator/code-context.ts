/** What the code of one generated function may use, and how much of it there may be. */

import type { FunctionType } from "../../module.js";
import { OpByte } from "../../op-byte.js";
import { opOf } from "../../opcodes.js";
import { ValueType, isReferenceType } from "../../value-type.js";
import type { Random } from "../random.js";
import { oneIn, pick } from "../random.js";
import { i32Const, unsignedLeb } from "./interesting-constant.js";
import type { Node, PlainNode, Program } from "./program.js";

/** A function that code may call. */
export interface Callee {
  readonly id: number;
  readonly type: FunctionType;
}

/** The module around the functions: a program without bodies. */
export interface Surroundings {
  readonly program: Program;
  readonly callees: readonly Callee[];
  /** Types of parameters, locals, blocks and operands. A small choice makes values meet more often. */
  readonly valueTypes: readonly ValueType[];
  /** Ids that `ref.func` may name. */
  readonly declared: readonly number[];
  /** Function ids by table and slot, as element segments leave them. */
  readonly slots: ReadonlyMap<number, ReadonlyMap<number, number>>;
  readonly tableMutation: boolean;
}

export interface OpenLabel {
  readonly label: number;
  /** Operands of a branch to it. */
  readonly types: readonly ValueType[];
  /** Local that bounds the loop; `undefined` for labels that lie ahead. */
  readonly counter: number | undefined;
}

export class CodeContext {
  readonly random: Random;
  readonly surroundings: Surroundings;
  readonly self: Callee;
  /** Parameters first; grows by counters of loops. */
  readonly locals: ValueType[];
  readonly labels: OpenLabel[];
  /** Nodes that may still be made. */
  left: number;
  #nextLabel = 1;
  readonly #counters = new Set<number>();

  constructor(random: Random, surroundings: Surroundings, self: Callee, nodes: number) {
    this.random = random;
    this.surroundings = surroundings;
    this.self = self;
    this.locals = [...self.type.parameters];
    this.labels = [{ label: 0, types: self.type.results, counter: undefined }];
    this.left = nodes;
  }

  get program(): Program {
    return this.surroundings.program;
  }

  newLabel(): number {
    return this.#nextLabel++;
  }

  newCounter(): number {
    const counter = this.locals.push(ValueType.I32) - 1;
    this.#counters.add(counter);
    return counter;
  }

  /** A type of the module; references only where their values can be made. */
  valueType(): ValueType {
    return pick(this.random, this.surroundings.valueTypes);
  }

  types(countMax: number): ValueType[] {
    return Array.from({ length: this.random.below(countMax + 1) }, () => this.valueType());
  }

  /** A local of this type that is no counter. */
  local(type: ValueType): number | undefined {
    const found: number[] = [];
    for (const [index, candidate] of this.locals.entries()) {
      if (candidate === type && !this.#counters.has(index)) found.push(index);
    }
    return found.length === 0 ? undefined : pick(this.random, found);
  }

  global(type: ValueType, mutable: boolean): number | undefined {
    const found: number[] = [];
    for (const [index, global] of this.program.globals.entries()) {
      if (global.type === type && (global.mutable || !mutable)) found.push(index);
    }
    return found.length === 0 ? undefined : pick(this.random, found);
  }

  /** Mostly a function behind this one, so that calls end; now and then any. */
  callee(accepts: (type: FunctionType) => boolean): Callee | undefined {
    const any = oneIn(this.random, 12);
    const { callees } = this.surroundings;
    const { imports } = this.program;
    const found = callees.filter(
      ({ id, type }) => accepts(type) && (any || id > this.self.id || id < imports.length),
    );
    return found.length === 0 ? undefined : pick(this.random, found);
  }

  openLabel(accepts: (label: OpenLabel) => boolean): OpenLabel | undefined {
    const found = this.labels.filter(accepts);
    return found.length === 0 ? undefined : pick(this.random, found);
  }
}

export function plain(
  op: number,
  children: readonly Node[],
  results: readonly ValueType[],
  immediates: readonly number[] = [],
): PlainNode {
  return { kind: "plain", op, immediates, children, results };
}

export function localGet(index: number, type: ValueType): PlainNode {
  return plain(OpByte.LOCAL_GET, [], [type], unsignedLeb(index));
}

export function localSet(index: number, children: readonly Node[]): PlainNode {
  return plain(OpByte.LOCAL_SET, children, [], unsignedLeb(index));
}

export function dropOf(children: readonly Node[]): PlainNode {
  return plain(OpByte.DROP, children, []);
}

const greater = opOf("i32.gt_s");

/** Counts a loop down: true while there are rounds left. */
export function roundsLeft(counter: number): Node {
  const next = plain(OpByte.I32_SUB, [localGet(counter, ValueType.I32), i32Const(1)], [ValueType.I32]);
  const kept = plain(OpByte.LOCAL_TEE, [next], [ValueType.I32], unsignedLeb(counter));
  return plain(greater, [kept, i32Const(0)], [ValueType.I32]);
}

export function sameTypes(left: readonly ValueType[], right: readonly ValueType[]): boolean {
  return left.length === right.length && left.every((type, index) => type === right[index]);
}

export { isReferenceType };
