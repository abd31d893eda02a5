/**
 * A valid module of the frozen set from a seed. Everything that it computes can be seen from outside as integers: each
 * function has an entry that takes and gives the bits of its values, and `observe` gives the bits of all globals.
 */

import type { FunctionType } from "../../module.js";
import { ValueType, isReferenceType } from "../../value-type.js";
import type { Random } from "../random.js";
import { oneIn, pick, seededRandom } from "../random.js";
import { CodeContext } from "./code-context.js";
import type { Callee, Surroundings } from "./code-context.js";
import { entryFunction, observers } from "./entry-function.js";
import { expression } from "./expression.js";
import { i32Const, randomConstant } from "./interesting-constant.js";
import type {
  Node,
  Program,
  ProgramData,
  ProgramElement,
  ProgramExport,
  ProgramFunction,
  ProgramGlobal,
  ProgramImport,
  ProgramTable,
} from "./program.js";
import { statements } from "./statement.js";

const { I32, I64, F32, F64, V128, FUNCREF, EXTERNREF } = ValueType;

export interface GeneratorOptions {
  /** `conformance` adds table mutation, references anywhere, and imports of everything. */
  readonly profile: "agent" | "conformance";
}

const typeChoices: readonly (readonly ValueType[])[] = [
  [I32, I64],
  [I32, F32, F64],
  [I64, F64],
  [I32, V128],
  [I32, F32, F64, V128, V128],
  [I32, I64, F32, F64, V128, V128],
  [I32, I64, F32, F64, V128],
  [I32, I64, F32, F64, V128, FUNCREF],
];
const references: readonly ValueType[] = [I32, I64, F64, V128, FUNCREF, EXTERNREF];

function typesOf(random: Random, choice: readonly ValueType[], countMax: number): ValueType[] {
  return Array.from({ length: random.below(countMax + 1) }, () => pick(random, choice));
}

class ProgramGenerator {
  readonly #random: Random;
  readonly #conformance: boolean;
  readonly #choice: readonly ValueType[];

  constructor(random: Random, options: GeneratorOptions) {
    this.#random = random;
    this.#conformance = options.profile === "conformance";
    this.#choice = this.#conformance && oneIn(random, 2) ? references : pick(random, typeChoices);
  }

  program(): Program {
    const random = this.#random;
    const imports = this.#imports();
    const functions = this.#signatures(imports.length);
    // In the conformance profile a start section stays one: it runs before anything could stop it.
    const start = !this.#conformance && oneIn(random, 4) ? imports.length + functions.length : undefined;
    if (start !== undefined) functions.push({ id: start, type: { parameters: [], results: [] } });
    const callees = [...imports.map(({ id, type }) => ({ id, type })), ...functions];
    const tables = this.#tables();
    const memory = this.#memory();
    const bare: Program = {
      ...{ types: this.#indirectTypes(callees), imports, functions: [], memory, tables, start },
      ...{ data: this.#data(memory?.minimum), elements: this.#elements(tables, callees), exports: [] },
      globals: this.#globals(callees),
    };
    const surroundings = this.#surroundings(bare, callees);
    const bodies = functions.map((callee) => this.#body(surroundings, callee));
    return this.#withEntries({ ...bare, functions: bodies }, functions, start);
  }

  #imports(): ProgramImport[] {
    const random = this.#random;
    const numbers = this.#choice.filter((type) => type !== V128 && !isReferenceType(type));
    return Array.from({ length: random.below(4) }, (_, id) => {
      const results = typesOf(random, numbers, oneIn(random, 3) ? 3 : 1);
      return { id, name: `host${id}`, type: { parameters: typesOf(random, numbers, 3), results } };
    });
  }

  #signatures(first: number): Callee[] {
    const random = this.#random;
    return Array.from({ length: 1 + random.below(4) }, (_, place) => {
      const parameters = typesOf(random, this.#choice, oneIn(random, 6) ? 7 : 3);
      const results = typesOf(random, this.#choice, oneIn(random, 5) ? 4 : 1);
      return { id: first + place, type: { parameters, results } };
    });
  }

  #indirectTypes(callees: readonly Callee[]): FunctionType[] {
    const random = this.#random;
    const types = callees.filter(() => !oneIn(random, 3)).map(({ type }) => type);
    types.push({ parameters: typesOf(random, this.#choice, 2), results: typesOf(random, this.#choice, 2) });
    return types;
  }

  #tables(): ProgramTable[] {
    const random = this.#random;
    return Array.from({ length: random.below(3) }, (_, index) => {
      const minimum = 1 + random.below(6);
      const maximum = oneIn(random, 2) ? undefined : minimum + random.below(5);
      const element = this.#conformance && oneIn(random, 4) ? EXTERNREF : FUNCREF;
      const imported = this.#conformance && index === 0 && oneIn(random, 4);
      return { minimum, maximum, element, imported };
    });
  }

  #memory(): Program["memory"] {
    const random = this.#random;
    if (oneIn(random, 10)) return undefined;
    const minimum = oneIn(random, 12) ? 0 : oneIn(random, 5) ? 2 : 1;
    const maximum = oneIn(random, 2) ? undefined : minimum + random.below(4);
    return { minimum, maximum, imported: this.#conformance && oneIn(random, 4) };
  }

  #data(pages: number | undefined): ProgramData[] {
    const random = this.#random;
    if (pages === undefined) return [];
    return Array.from({ length: random.below(4) }, () => {
      const bytes = Array.from({ length: random.below(24) }, () => random.below(256));
      const room = pages * 65_536 - bytes.length;
      if (oneIn(random, 2) || room < 0) return { offset: undefined, bytes };
      const offset = oneIn(random, 5) ? room : Math.min(room, random.below(4096));
      return { offset: i32Const(offset), bytes };
    });
  }

  /** Every kind of segment; active ones fit into their tables. */
  #elements(tables: readonly ProgramTable[], callees: readonly Callee[]): ProgramElement[] {
    const random = this.#random;
    const segments: ProgramElement[] = [];
    for (const [table, { element: type, minimum }] of tables.entries()) {
      for (let count = 1 + random.below(2); count > 0; count--) {
        const offset = random.below(minimum);
        const entries = this.#entries(callees, type, minimum - offset);
        segments.push({ mode: "active", table, offset: i32Const(offset), type, ...entries });
      }
    }
    for (const mode of ["passive", "declarative"] as const) {
      if (!oneIn(random, 3)) continue;
      const entries = this.#entries(callees, FUNCREF, 3);
      segments.push({ mode, table: 0, offset: undefined, type: FUNCREF, ...entries });
    }
    return segments;
  }

  #entries(
    callees: readonly Callee[],
    type: ValueType,
    countMax: number,
  ): Pick<ProgramElement, "functions" | "expressions"> {
    const random = this.#random;
    const count = random.below(countMax + 1);
    const functions = Array.from({ length: count }, () => pick(random, callees).id);
    if (type === FUNCREF && !oneIn(random, 3)) return { functions, expressions: undefined };
    const expressions = functions.map((id) =>
      type === EXTERNREF || oneIn(random, 4) ? randomConstant(random, type) : reference(id),
    );
    return { functions: [], expressions };
  }

  #globals(callees: readonly Callee[]): ProgramGlobal[] {
    const random = this.#random;
    const globals: ProgramGlobal[] = [];
    const imported = this.#conformance ? random.below(3) : 0;
    for (let index = 0; index < imported; index++) {
      globals.push({ type: pick(random, [I32, I64, F32, F64]), mutable: oneIn(random, 2), init: undefined });
    }
    for (let count = random.below(7); count > 0; count--) {
      const type = oneIn(random, 15) ? FUNCREF : pick(random, this.#choice);
      const mutable = !oneIn(random, 4) && (this.#conformance || !isReferenceType(type));
      const function_ = type === FUNCREF && oneIn(random, 2);
      const init = function_ ? reference(pick(random, callees).id) : randomConstant(random, type);
      globals.push({ type, mutable, init });
    }
    return globals;
  }

  #surroundings(program: Program, callees: readonly Callee[]): Surroundings {
    const slots = new Map<number, Map<number, number>>();
    const declared = new Set<number>();
    for (const { mode, table, offset, functions, expressions } of program.elements) {
      const ids = [
        ...functions,
        ...(expressions ?? []).map((node) => (node.kind === "function" ? node.callee : -1)),
      ];
      for (const id of ids) if (id >= 0) declared.add(id);
      if (mode !== "active" || offset?.kind !== "plain") continue;
      const entries = slots.get(table) ?? new Map<number, number>();
      // Offsets are small: their encoding is the number itself.
      for (const [place, id] of ids.entries()) entries.set((offset.immediates[0] ?? 0) + place, id);
      slots.set(table, entries);
    }
    const reachable = new Map([...slots].map(([table, ids]) => [table, withoutGaps(ids)] as const));
    return {
      ...{ program, callees, valueTypes: this.#choice, declared: [...declared], slots: reachable },
      tableMutation: this.#conformance,
    };
  }

  #body(surroundings: Surroundings, callee: Callee): ProgramFunction {
    const random = this.#random;
    const nodes = pick(random, [6, 12, 25, 50, 90]);
    const context = new CodeContext(random, surroundings, callee, nodes);
    context.locals.push(...typesOf(random, this.#choice, 5));
    const body: Node[] = statements(context, 6);
    body.push(...callee.type.results.map((type) => expression(context, type)));
    const { parameters } = callee.type;
    return { id: callee.id, type: callee.type, locals: context.locals.slice(parameters.length), body };
  }

  #withEntries(program: Program, functions: readonly Callee[], start: number | undefined): Program {
    const random = this.#random;
    const exports: ProgramExport[] = [];
    const added: ProgramFunction[] = [];
    let id = program.imports.length + program.functions.length;
    for (const callee of functions) {
      if (callee.id === start) continue;
      exports.push({ name: `entry${callee.id}`, kind: "function", item: id });
      added.push(entryFunction(id++, callee));
    }
    for (const observer of observers(program.globals, () => id++)) {
      exports.push({ name: `observe${observer.id}`, kind: "function", item: observer.id });
      added.push(observer);
    }
    if (program.memory !== undefined) exports.push({ name: "memory", kind: "memory", item: 0 });
    for (const [item, { type }] of program.globals.entries()) {
      const visible = type !== V128 && oneIn(random, 3);
      if (visible) exports.push({ name: `global${item}`, kind: "global", item });
    }
    for (const item of program.tables.keys()) {
      if (oneIn(random, 3)) exports.push({ name: `table${item}`, kind: "table", item });
    }
    for (const { id: item } of program.imports) {
      if (oneIn(random, 4)) exports.push({ name: `again${item}`, kind: "function", item });
    }
    return { ...program, functions: [...program.functions, ...added], exports };
  }
}

function reference(id: number): Node {
  return { kind: "function", op: 0xd2, callee: id, children: [], results: [FUNCREF] };
}

function withoutGaps(ids: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  return new Map([...ids].filter(([, id]) => id >= 0));
}

/** The program of a seed. Equal seeds and options give equal programs. */
export function generateProgram(seed: number, options: GeneratorOptions): Program {
  return new ProgramGenerator(seededRandom(seed), options).program();
}
