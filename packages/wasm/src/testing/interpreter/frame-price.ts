/**
 * The price of a function's frame, from the original function. Walks along the edges of control flow from the entry
 * with a stack of operand types that is shared between places; what is not reached does not count.
 */

import { Code, OPERATIONS } from "./instruction-set.js";
import type { FunctionCode, Instruction } from "./function-code.js";
import type { FunctionType, ValueType } from "./value.js";
import { wordsOf } from "./value.js";

/** Operand stack as a list: the topmost value and what lies below it. */
interface Stack {
  readonly type: ValueType;
  readonly below: Stack | undefined;
  readonly words: number;
  readonly height: number;
}

/** What the types of instructions with immediates depend on. */
export interface TypeSpace {
  readonly globals: readonly ValueType[];
  readonly tables: readonly ValueType[];
}

export interface FramePrice {
  /** Whether a call is reachable: only then the frame is paid for. */
  readonly calls: boolean;
  /** Words of parameters, locals and the highest operand stack. */
  readonly words: number;
  /** Values on the highest operand stack. */
  readonly operandsMax: number;
}

const letters: Readonly<Record<string, ValueType>> = { i: "i32", l: "i64", f: "f32", d: "f64", v: "v128" };

function push(stack: Stack | undefined, type: ValueType): Stack {
  return {
    type,
    below: stack,
    words: (stack?.words ?? 0) + wordsOf(type),
    height: (stack?.height ?? 0) + 1,
  };
}

function pushAll(stack: Stack | undefined, types: readonly ValueType[]): Stack | undefined {
  return types.reduce<Stack | undefined>((below, type) => push(below, type), stack);
}

function pop(stack: Stack | undefined, count: number): Stack | undefined {
  let rest = stack;
  for (let index = 0; index < count; index++) rest = rest?.below;
  return rest;
}

/** A construct around an instruction, by the list of those around it. */
interface Label {
  readonly around: Label | undefined;
  readonly opener: number;
}

class Walk {
  readonly #code: FunctionCode;
  readonly #space: TypeSpace;
  readonly #locals: readonly ValueType[];
  readonly #labels: (Label | undefined)[] = [];
  /** Operand stack below the parameters of each reached construct. */
  readonly #bases = new Map<number, Stack | undefined>();
  readonly #seen: Uint8Array;
  readonly #waiting: (readonly [number, Stack | undefined])[] = [];
  calls = false;
  wordsMax = 0;
  heightMax = 0;

  constructor(code: FunctionCode, space: TypeSpace) {
    this.#code = code;
    this.#space = space;
    this.#locals = [...code.type.parameters, ...code.locals];
    this.#seen = new Uint8Array(code.instructions.length);
    this.#nest();
  }

  run(): void {
    this.#waiting.push([0, undefined]);
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop())
      this.#follow(...next);
  }

  /** Which constructs lie around each instruction. */
  #nest(): void {
    let label: Label | undefined;
    for (const [ordinal, { code }] of this.#code.instructions.entries()) {
      if (code === Code.END) label = label?.around;
      this.#labels.push(label);
      if (code === Code.BLOCK || code === Code.LOOP || code === Code.IF)
        label = { around: label, opener: ordinal };
    }
  }

  /** Straight on from one place until control ends or has been here before. */
  #follow(from: number, start: Stack | undefined): void {
    let ordinal = from;
    let stack = start;
    for (;;) {
      const instruction = this.#code.instructions[ordinal];
      if (instruction === undefined || this.#seen[ordinal] === 1) return;
      this.#seen[ordinal] = 1;
      const next = this.#control(instruction, ordinal, stack);
      if (next !== undefined) {
        if (next === "ends") return;
        [ordinal, stack] = next;
      } else {
        stack = this.#plain(instruction, stack);
        ordinal += 1;
      }
      this.#note(stack);
    }
  }

  #note(stack: Stack | undefined): void {
    this.wordsMax = Math.max(this.wordsMax, stack?.words ?? 0);
    this.heightMax = Math.max(this.heightMax, stack?.height ?? 0);
  }

  /** Where control goes on, for instructions of control. */
  #control(
    instruction: Instruction,
    ordinal: number,
    stack: Stack | undefined,
  ): readonly [number, Stack | undefined] | "ends" | undefined {
    const { code, type } = instruction;
    const parameters = type?.parameters.length ?? 0;
    switch (code) {
      case Code.BLOCK:
      case Code.LOOP:
        this.#bases.set(ordinal, pop(stack, parameters));
        return [ordinal + 1, stack];
      case Code.IF: {
        const inside = pop(stack, 1);
        const base = pop(inside, parameters);
        this.#bases.set(ordinal, base);
        if (instruction.otherwise >= 0) this.#later(instruction.otherwise + 1, inside);
        else this.#later(instruction.end + 1, inside);
        return [ordinal + 1, inside];
      }
      case Code.ELSE:
        return [instruction.end + 1, stack];
      case Code.BR:
        this.#branch(ordinal, instruction.a);
        return "ends";
      case Code.BR_IF:
        this.#branch(ordinal, instruction.a);
        return [ordinal + 1, pop(stack, 1)];
      case Code.BR_TABLE:
        for (const label of instruction.labels) this.#branch(ordinal, label);
        return "ends";
      case Code.RETURN:
      case Code.UNREACHABLE:
        return "ends";
      default:
        return undefined;
    }
  }

  #later(ordinal: number, stack: Stack | undefined): void {
    this.#note(stack);
    this.#waiting.push([ordinal, stack]);
  }

  /** Control that leaves for a label arrives with the label's values on what lay below its construct. */
  #branch(ordinal: number, depth: number): void {
    let label = this.#labels[ordinal];
    for (let count = 0; count < depth; count++) label = label?.around;
    if (label === undefined) return;
    const opener = this.#code.instructions[label.opener];
    if (opener === undefined || opener.code === Code.LOOP) return;
    const base = this.#bases.get(label.opener);
    this.#later(opener.end + 1, pushAll(base, opener.type?.results ?? []));
  }

  #plain(instruction: Instruction, stack: Stack | undefined): Stack | undefined {
    const { code, a } = instruction;
    const operation = OPERATIONS.get(code);
    if (operation !== undefined) {
      const rest = pop(stack, operation.operands.length);
      return pushAll(
        rest,
        [...operation.results].map((letter) => letters[letter] ?? "i32"),
      );
    }
    switch (code) {
      case Code.CALL:
        return this.#call(stack, instruction.type);
      case Code.CALL_INDIRECT:
        return this.#call(pop(stack, 1), instruction.type);
      case Code.SELECT:
      case Code.SELECT_TYPED: {
        const values = pop(stack, 1);
        return push(pop(values, 2), values?.type ?? "i32");
      }
      case Code.LOCAL_GET:
        return push(stack, this.#locals[a] ?? "i32");
      case Code.GLOBAL_GET:
        return push(stack, this.#space.globals[a] ?? "i32");
      case Code.TABLE_GET:
        return push(pop(stack, 1), this.#space.tables[a] ?? "funcref");
      default:
        return otherTypes(instruction, stack);
    }
  }

  #call(stack: Stack | undefined, type: FunctionType | undefined): Stack | undefined {
    this.calls = true;
    return pushAll(pop(stack, type?.parameters.length ?? 0), type?.results ?? []);
  }
}

/** Instructions of the machine with fixed types: operands that go, and the value that comes. */
const fixed: ReadonlyMap<number, readonly [number, ValueType | undefined]> = new Map<
  number,
  readonly [number, ValueType | undefined]
>([
  [Code.DROP, [1, undefined]],
  [Code.LOCAL_SET, [1, undefined]],
  [Code.GLOBAL_SET, [1, undefined]],
  [Code.TABLE_SET, [2, undefined]],
  [Code.MEMORY_SIZE, [0, "i32"]],
  [Code.MEMORY_GROW, [1, "i32"]],
  [Code.I32_CONST, [0, "i32"]],
  [Code.I64_CONST, [0, "i64"]],
  [Code.F32_CONST, [0, "f32"]],
  [Code.F64_CONST, [0, "f64"]],
  [Code.V128_CONST, [0, "v128"]],
  [Code.REF_IS_NULL, [1, "i32"]],
  [Code.REF_FUNC, [0, "funcref"]],
  [Code.MEMORY_INIT, [3, undefined]],
  [Code.MEMORY_COPY, [3, undefined]],
  [Code.MEMORY_FILL, [3, undefined]],
  [Code.TABLE_INIT, [3, undefined]],
  [Code.TABLE_COPY, [3, undefined]],
  [Code.TABLE_FILL, [3, undefined]],
  [Code.TABLE_GROW, [2, "i32"]],
  [Code.TABLE_SIZE, [0, "i32"]],
]);

function otherTypes({ code, types }: Instruction, stack: Stack | undefined): Stack | undefined {
  if (code === Code.REF_NULL) return push(stack, types[0] ?? "funcref");
  const [gone, come] = fixed.get(code) ?? [0, undefined];
  const rest = pop(stack, gone);
  return come === undefined ? rest : push(rest, come);
}

export function framePriceOf(code: FunctionCode, space: TypeSpace): FramePrice {
  const walk = new Walk(code, space);
  walk.run();
  let words = walk.wordsMax;
  for (const local of [...code.type.parameters, ...code.locals]) words += wordsOf(local);
  return { calls: walk.calls, words, operandsMax: walk.heightMax };
}
