/**
 * Validates function bodies: one pass over the instructions with the algorithm of the specification's appendix. The
 * types of most instructions come from the opcode table; the rest have a rule each, here.
 */

import { malformed } from "./binary-reader.js";
import { wasmError } from "./errors.js";
import { featureRefused } from "./feature.js";
import { EMPTY_BLOCK, InstructionReader, blockValueType } from "./instruction-reader.js";
import type { ModuleDraft } from "./module-draft.js";
import type { FunctionBody, FunctionType, TableType } from "./module.js";
import { opOf } from "./opcodes.js";
import type { Opcode } from "./opcodes.js";
import { FrameKind, UNKNOWN, ValidationStack } from "./validation-stack.js";
import { ValueType, isReferenceType, valueTypeName } from "./value-type.js";

type Rule = (validator: BodyValidator) => void;

/** Types of a block with one result and no parameters, made once. */
const singleResult = new Map(Object.values(ValueType).map((type): [number, ValueType[]] => [type, [type]]));
const none: readonly ValueType[] = [];

/** Validates the bodies of one module, one after the other. */
export class BodyValidator {
  readonly draft: ModuleDraft;
  readonly reader: InstructionReader;
  readonly stack = new ValidationStack();
  /** Operand words per body, in order. */
  readonly maxOperandWords: number[] = [];
  /** Instructions of all bodies so far. */
  instructions = 0;
  locals: Uint8Array<ArrayBufferLike> = new Uint8Array(64);
  localsCount = 0;

  constructor(draft: ModuleDraft) {
    this.draft = draft;
    this.reader = new InstructionReader(draft.bytes);
  }

  /** Validates the body of the function after those seen so far. */
  validate(body: FunctionBody): void {
    const { draft, reader, stack } = this;
    const index = draft.importedFunctions + this.maxOperandWords.length;
    const type = draft.types[draft.functions[index] ?? 0] ?? { parameters: none, results: none };
    this.#declareLocals(type, body);
    stack.reset();
    stack.offset = body.codeStart;
    stack.open(FrameKind.FUNCTION, none, type.results);
    reader.seek(body.codeStart, body.end);
    while (stack.depth > 0) {
      reader.next();
      this.instructions += 1;
      this.#instruction(reader.opcode);
    }
    if (!reader.done) throw malformed("operators remaining after end of function", reader.offset);
    this.maxOperandWords.push(stack.maxWords);
  }

  #declareLocals(type: FunctionType, body: FunctionBody): void {
    const count = type.parameters.length + body.localsCount;
    if (count > this.locals.length) this.locals = new Uint8Array(Math.max(count, this.locals.length * 2));
    let next = 0;
    for (const parameter of type.parameters) this.locals[next++] = parameter;
    for (const group of body.localsGroups) {
      this.locals.fill(group.type, next, next + group.count);
      next += group.count;
    }
    this.localsCount = count;
  }

  #instruction(opcode: Opcode): void {
    const { stack, reader } = this;
    stack.offset = reader.start;
    stack.construct = opcode.name;
    if (opcode.refused !== undefined && this.draft.profile === "agent") {
      throw featureRefused(opcode.refused, opcode.name, reader.start);
    }
    const immediateRule = immediateRules[opcode.immediates];
    if (immediateRule !== undefined) immediateRule(this);
    if (opcode.operands !== undefined && opcode.results !== undefined) {
      stack.popAll(opcode.operands);
      stack.pushAll(opcode.results);
      return;
    }
    const rule = rules[opcode.op];
    if (rule === undefined) throw malformed(`illegal opcode ${opcode.name}`, reader.start);
    rule(this);
  }

  /** @throws {WE_MODULE_UNKNOWN_INDEX} */
  checkIndex(space: string, index: number, count: number): void {
    this.draft.index(space, index, count, this.reader.start);
  }

  table(index: number): TableType {
    const { tables } = this.draft;
    const table = tables[index];
    if (table !== undefined) return table;
    throw wasmError("WE_MODULE_UNKNOWN_INDEX", {
      ...{ space: "table", index, count: tables.length, offset: this.reader.start },
    });
  }

  functionType(typeIndex: number): FunctionType {
    const { types } = this.draft;
    const type = types[typeIndex];
    if (type !== undefined) return type;
    throw wasmError("WE_MODULE_UNKNOWN_INDEX", {
      ...{ space: "type", index: typeIndex, count: types.length, offset: this.reader.start },
    });
  }

  /** Type of an index into locals or an unknown index error. */
  local(): ValueType {
    this.checkIndex("local", this.reader.index, this.localsCount);
    return this.locals[this.reader.index] as ValueType; // filled from value types only
  }
}

/** Checks that hang on the immediates alone. */
const immediateRules: Partial<Record<Opcode["immediates"], Rule>> = {
  "memory-access": checkAccess,
  "memory-lane": (validator) => {
    checkAccess(validator);
    checkLane(validator);
  },
  memory: checkMemory,
  "memory-memory": checkMemory,
  "data-memory": (validator) => {
    checkMemory(validator);
    checkData(validator);
  },
  data: checkData,
  lane: checkLane,
  shuffle: checkShuffle,
  table: (validator) => {
    validator.table(validator.reader.index);
  },
  element: (validator) => {
    validator.checkIndex("element segment", validator.reader.index, validator.draft.elements.length);
  },
  "table-table": checkTableCopy,
  "element-table": checkTableInit,
};

function checkMemory(validator: BodyValidator): void {
  validator.checkIndex("memory", 0, validator.draft.memories.length);
}

function checkAccess(validator: BodyValidator): void {
  checkMemory(validator);
  const { align, opcode, start } = validator.reader;
  if (align <= opcode.align) return;
  const construct = opcode.name;
  throw wasmError("WE_MODULE_ALIGNMENT", { actual: align, limit: opcode.align, construct, offset: start });
}

function checkLane(validator: BodyValidator): void {
  const { index, opcode, start } = validator.reader;
  if (index < opcode.lanes) return;
  throw wasmError("WE_MODULE_LANE", {
    ...{ actual: index, limit: opcode.lanes, construct: opcode.name, offset: start },
  });
}

function checkShuffle(validator: BodyValidator): void {
  const { immediatesStart, opcode, start } = validator.reader;
  for (let lane = 0; lane < 16; lane++) {
    const actual = validator.draft.bytes[immediatesStart + lane] ?? 0;
    if (actual >= 32)
      throw wasmError("WE_MODULE_LANE", { actual, limit: 32, construct: opcode.name, offset: start });
  }
}

function checkData(validator: BodyValidator): void {
  const { dataCount } = validator.draft;
  if (dataCount === undefined) throw malformed("data count section required", validator.reader.start);
  validator.checkIndex("data segment", validator.reader.index, dataCount);
}

function checkTableCopy(validator: BodyValidator): void {
  const target = validator.table(validator.reader.index).element;
  const source = validator.table(validator.reader.index2).element;
  if (source !== target) throw validator.stack.mismatch(valueTypeName(target), valueTypeName(source));
}

function checkTableInit(validator: BodyValidator): void {
  const { elements } = validator.draft;
  const { index, index2 } = validator.reader;
  const target = validator.table(index2).element;
  validator.checkIndex("element segment", index, elements.length);
  const source = elements[index]?.type ?? target;
  if (source !== target) throw validator.stack.mismatch(valueTypeName(target), valueTypeName(source));
}

/** Types of a block type, without allocating. */
function blockTypes(validator: BodyValidator): FunctionType {
  const { blockType } = validator.reader;
  if (blockType >= 0) return validator.functionType(blockType);
  if (blockType === EMPTY_BLOCK) return emptyType;
  const type = blockValueType(blockType);
  refuseExternref(validator, type);
  return singleTypes.get(type) ?? emptyType;
}

const emptyType: FunctionType = { parameters: none, results: none };
const singleTypes = new Map(
  [...singleResult].map(([type, results]): [number, FunctionType] => [type, { parameters: none, results }]),
);

function refuseExternref(validator: BodyValidator, type: number): void {
  if (type !== ValueType.EXTERNREF || validator.draft.profile !== "agent") return;
  throw featureRefused("reference-types", "externref", validator.reader.start);
}

function open(validator: BodyValidator, kind: FrameKind): void {
  const { stack, draft, reader } = validator;
  const type = blockTypes(validator);
  draft.limit("nesting of blocks", stack.depth, draft.limits.nestingMax, reader.start);
  stack.popAll(type.parameters);
  stack.open(kind, type.parameters, type.results);
}

function openElse({ stack }: BodyValidator): void {
  const frame = stack.close();
  if (frame.kind !== FrameKind.IF) throw malformed("else without if", stack.offset);
  stack.open(FrameKind.ELSE, frame.parameters, frame.results);
}

function end({ stack }: BodyValidator): void {
  const frame = stack.close();
  const { kind, parameters, results } = frame;
  if (kind === FrameKind.IF && !sameTypes(parameters, results)) {
    throw stack.mismatch("else, because parameters and results differ", "end");
  }
  if (stack.depth > 0) stack.pushAll(results);
}

function sameTypes(left: readonly ValueType[], right: readonly ValueType[]): boolean {
  return left.length === right.length && left.every((type, index) => type === right[index]);
}

function branch({ stack, reader }: BodyValidator): void {
  stack.popAll(stack.labelTypes(reader.index));
  stack.unreachable();
}

function branchIf({ stack, reader }: BodyValidator): void {
  stack.popExpected(ValueType.I32);
  const types = stack.labelTypes(reader.index);
  stack.popAll(types);
  stack.pushAll(types);
}

function branchTable({ stack, reader, draft }: BodyValidator): void {
  const { labels, labelsCount, start } = reader;
  draft.limit("labels of br_table", labelsCount, draft.limits.branchTableLabelsMax, start);
  stack.popExpected(ValueType.I32);
  const types = stack.labelTypes(reader.index);
  for (let index = 0; index < labelsCount; index++) {
    const labelTypes = stack.labelTypes(labels[index] ?? 0);
    if (labelTypes.length !== types.length) {
      throw stack.mismatch(`a label of ${types.length} operands`, `one of ${labelTypes.length}`);
    }
    stack.checkTop(labelTypes);
  }
  stack.popAll(types);
  stack.unreachable();
}

function call(validator: BodyValidator): void {
  const { stack, reader, draft } = validator;
  validator.checkIndex("function", reader.index, draft.functions.length);
  const type = validator.functionType(draft.functions[reader.index] ?? 0);
  stack.popAll(type.parameters);
  stack.pushAll(type.results);
}

function callIndirect(validator: BodyValidator): void {
  const { stack, reader } = validator;
  const { element } = validator.table(reader.index2);
  if (element !== ValueType.FUNCREF) throw stack.mismatch("a table of funcref", valueTypeName(element));
  const type = validator.functionType(reader.index);
  stack.popExpected(ValueType.I32);
  stack.popAll(type.parameters);
  stack.pushAll(type.results);
}

/** Untyped select works on numbers and vectors only. */
function select({ stack }: BodyValidator): void {
  stack.popExpected(ValueType.I32);
  const second = stack.pop("a number or vector");
  const first = stack.pop("a number or vector");
  if (isReferenceType(first) || isReferenceType(second)) {
    throw stack.mismatch("a number or vector", valueTypeName(isReferenceType(first) ? first : second));
  }
  if (first !== second && first !== UNKNOWN && second !== UNKNOWN) {
    throw stack.mismatch(valueTypeName(first), valueTypeName(second));
  }
  stack.push(first === UNKNOWN ? second : first);
}

function selectTyped(validator: BodyValidator): void {
  const { stack, reader } = validator;
  const type = reader.labels[0] as ValueType; // checked by the reader
  refuseExternref(validator, type);
  stack.popExpected(ValueType.I32);
  stack.popExpected(type);
  stack.popExpected(type);
  stack.push(type);
}

function globalSet(validator: BodyValidator): void {
  const { stack, reader, draft } = validator;
  validator.checkIndex("global", reader.index, draft.globals.length);
  const global = draft.globals[reader.index];
  if (global?.mutable !== true) {
    throw wasmError("WE_MODULE_IMMUTABLE_GLOBAL", { index: reader.index, offset: reader.start });
  }
  stack.popExpected(global.type);
}

function globalGet(validator: BodyValidator): void {
  const { stack, reader, draft } = validator;
  validator.checkIndex("global", reader.index, draft.globals.length);
  const global = draft.globals[reader.index];
  if (global !== undefined) stack.push(global.type);
}

function referenceFunction(validator: BodyValidator): void {
  const { stack, reader, draft } = validator;
  validator.checkIndex("function", reader.index, draft.functions.length);
  if (!draft.declaredFunctions.has(reader.index)) {
    throw wasmError("WE_MODULE_UNDECLARED_REFERENCE", { index: reader.index, offset: reader.start });
  }
  stack.push(ValueType.FUNCREF);
}

function referenceIsNull({ stack }: BodyValidator): void {
  const type = stack.pop("a reference");
  if (type !== UNKNOWN && !isReferenceType(type)) throw stack.mismatch("a reference", valueTypeName(type));
  stack.push(ValueType.I32);
}

/** Pops from the last to the first, then pushes. */
function move(stack: ValidationStack, operands: readonly ValueType[], results: readonly ValueType[]): void {
  stack.popAll(operands);
  stack.pushAll(results);
}

const namedRules: Readonly<Record<string, Rule>> = {
  unreachable: ({ stack }) => stack.unreachable(),
  nop: () => undefined,
  block: (validator) => open(validator, FrameKind.BLOCK),
  loop: (validator) => open(validator, FrameKind.LOOP),
  if: (validator) => {
    validator.stack.popExpected(ValueType.I32);
    open(validator, FrameKind.IF);
  },
  else: openElse,
  end,
  br: branch,
  br_if: branchIf,
  br_table: branchTable,
  return: ({ stack }) => {
    stack.popAll(stack.functionResults());
    stack.unreachable();
  },
  call,
  call_indirect: callIndirect,
  drop: ({ stack }) => {
    stack.pop("a value");
  },
  select,
  select_typed: selectTyped,
  "local.get": (validator) => validator.stack.push(validator.local()),
  "local.set": (validator) => validator.stack.popExpected(validator.local()),
  "local.tee": (validator) => {
    const type = validator.local();
    validator.stack.popExpected(type);
    validator.stack.push(type);
  },
  "global.get": globalGet,
  "global.set": globalSet,
  "table.get": (validator) => {
    move(validator.stack, [ValueType.I32], [validator.table(validator.reader.index).element]);
  },
  "table.set": (validator) => {
    move(validator.stack, [ValueType.I32, validator.table(validator.reader.index).element], none);
  },
  "table.grow": (validator) => {
    const { element } = validator.table(validator.reader.index);
    move(validator.stack, [element, ValueType.I32], [ValueType.I32]);
  },
  "table.fill": (validator) => {
    const { element } = validator.table(validator.reader.index);
    move(validator.stack, [ValueType.I32, element, ValueType.I32], none);
  },
  "ref.null": (validator) => {
    refuseExternref(validator, validator.reader.index);
    validator.stack.push(validator.reader.index);
  },
  "ref.is_null": referenceIsNull,
  "ref.func": referenceFunction,
};

/** Rules by unified code. */
const rules: readonly (Rule | undefined)[] = (() => {
  const table: (Rule | undefined)[] = [];
  for (const [name, rule] of Object.entries(namedRules)) table[opOf(name)] = rule;
  return table;
})();
