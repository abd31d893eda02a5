/** Writes the sections of the instrumented module: the original ones with moved indices, added parts behind. */

import { HOST_MODULE, Instrumented, assert, encodeUtf8 } from "@wasm-engine/abi";
import { addedParameters, writtenType } from "./added-parameters.js";
import { Encoder } from "./encoder.js";
import { entryBody } from "./entry.js";
import { FunctionEmitter } from "./function-emitter.js";
import type { EmitterInput } from "./function-emitter.js";
import type { FunctionPlan } from "./function-plan.js";
import { ProbeImport } from "./fuel-probe.js";
import { InstructionReader } from "./instruction-reader.js";
import { exportIndex, functionIndex, referenceIndex } from "./layout.js";
import { ExternalKind, SectionId } from "./module.js";
import type { ByteRange, ElementSegment, FunctionType, InitExpression, WasmModule } from "./module.js";
import { OpByte } from "./op-byte.js";
import {
  growBody,
  noGrowBody,
  noSliceBody,
  outOfDepthBody,
  refuelBody,
  refuelForBody,
  settleBody,
  thunkBody,
} from "./thunks.js";
import { retryBody } from "./retry.js";
import { stateLoadBody, stateSaveBody, stateUnreachableBody } from "./state-functions.js";
import type { StateLayout } from "./state-functions.js";
import { ValueType } from "./value-type.js";

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const { I32, I64 } = ValueType;
/** 2^61 as signed LEB128. */
const plentyOfFuel = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
/** What a standalone module may use: more than any native stack has. */
const standaloneDepthBytes = 0x7fff_ffff;

/** Function that instrumentation adds, besides thunks, in the order of {@link Layout}. */
interface AddedFunction {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  readonly body: Encoder;
}

export function writeModule(input: EmitterInput, state: StateLayout): Uint8Array {
  const added = addedFunctions(input, state);
  // Code comes first because it may add types.
  const code = codeSection(input, added);
  const functions = functionSection(input, added);
  const imports = importSection(input);
  const output = new Encoder(input.module.bytes.length * 2 + 4096).op(...header);
  output.section(SectionId.TYPE, input.layout.types.encode());
  output.section(SectionId.IMPORT, imports);
  output.section(SectionId.FUNCTION, functions);
  copySection(output, input.module, SectionId.TABLE);
  memorySection(output, input);
  output.section(SectionId.GLOBAL, globalSection(input));
  output.section(SectionId.EXPORT, exportSection(input));
  if (input.layout.shift === 0 && input.module.start !== undefined) {
    const start = functionIndex(input.layout, input.module.start);
    output.section(SectionId.START, new Encoder(8).u32(start));
  }
  elementSection(output, input);
  if (input.module.dataCount !== undefined) {
    output.section(SectionId.DATA_COUNT, new Encoder(8).u32(input.module.dataCount + extraSegments(input)));
  }
  output.section(SectionId.CODE, code);
  dataSection(output, input);
  return output.finish();
}

function addedFunctions({ module, layout }: EmitterInput, state: StateLayout): AddedFunction[] {
  const memory = module.memories[0];
  const noMemory = memory === undefined && state.slots.length > 0;
  const grow = memory === undefined ? noGrowBody() : growBody(layout, memory.maximum);
  const save = noMemory ? stateUnreachableBody() : stateSaveBody(state);
  const load = noMemory ? stateUnreachableBody() : stateLoadBody(state);
  const functions: AddedFunction[] = [
    { parameters: [I64], results: [I64], body: refuelBody(layout) },
    { parameters: [I64, I64], results: [I64], body: refuelForBody(layout) },
    { parameters: [I64], results: [I64], body: settleBody(layout) },
    { parameters: [], results: [], body: outOfDepthBody(layout) },
    { parameters: [I32], results: [I32], body: grow },
    { parameters: [I32], results: [], body: save },
    { parameters: [I32], results: [], body: load },
  ];
  if (layout.shift === 0) functions.push({ parameters: [], results: [I32], body: noSliceBody() });
  return functions;
}

function codeSection(input: EmitterInput, added: readonly AddedFunction[]): Encoder {
  const { module, layout, plans, probes } = input;
  const section = new Encoder(module.bytes.length * 2 + 1024);
  const bodies = probes === undefined ? plans.length : 2 * plans.length;
  section.u32(bodies + layout.importedFunctions + added.length + layout.entries.size + layout.retries.size);
  const emitted: Encoder[] = [];
  if (plans.length > 0) {
    const emitter = new FunctionEmitter(input);
    for (const plan of plans) emitted.push(emitter.emit(plan));
  }
  for (const [body, code] of emitted.entries()) {
    const index = layout.importedFunctions + body;
    section.sized(probes?.around(index, typeOf(input, index).parameters.length) ?? code);
  }
  for (let index = 0; index < layout.importedFunctions; index++) {
    section.sized(thunkBody(layout, index, { parameters: typeOf(input, index).parameters.length, probes }));
  }
  for (const { body } of added) section.sized(body);
  for (const original of layout.entries.keys()) {
    section.sized(entryBody(layout, original, typeOf(input, original).parameters.length));
  }
  if (probes !== undefined) for (const code of emitted) section.sized(code);
  for (const body of layout.retries.keys()) {
    const plan = plans[body];
    assert(plan !== undefined, "what is entered again has a plan");
    const { parameters } = typeOf(input, layout.importedFunctions + body);
    section.sized(retryBody(layout, plan, parameters.length));
  }
  return section;
}

function functionSection(input: EmitterInput, added: readonly AddedFunction[]): Encoder {
  const { module, layout, plans } = input;
  const defined = module.functions.slice(layout.importedFunctions);
  const bodies = layout.probes === undefined ? 0 : defined.length;
  const count = module.functions.length + added.length + layout.entries.size + bodies + layout.retries.size;
  const section = new Encoder().u32(count);
  for (const plan of plans) section.u32(typeIndex(input, plan));
  for (const type of module.functions.slice(0, layout.importedFunctions)) section.u32(type);
  for (const { parameters, results } of added) section.u32(layout.types.index(parameters, results));
  for (const original of layout.entries.keys()) section.u32(module.functions[original] ?? 0);
  if (bodies > 0) for (const type of defined) section.u32(type);
  for (const body of layout.retries.keys()) {
    const plan = plans[body];
    assert(plan !== undefined, "what is entered again has a plan");
    section.u32(typeIndex(input, plan));
  }
  return section;
}

function importSection({ module, layout }: EmitterInput): Encoder {
  const section = new Encoder().u32(module.imports.length + layout.shift);
  for (const entry of module.imports) copyRange(section, module.bytes, entry);
  if (layout.shift === 0) return section;
  section.ascii(HOST_MODULE).ascii(Instrumented.slice).byte(ExternalKind.FUNCTION);
  section.u32(layout.types.index([], [I32]));
  if (layout.probes === undefined) return section;
  section.ascii(ProbeImport.module).ascii(ProbeImport.code).byte(ExternalKind.FUNCTION);
  section.u32(layout.types.index([I32], []));
  section.ascii(ProbeImport.module).ascii(ProbeImport.operand).byte(ExternalKind.FUNCTION);
  return section.u32(layout.types.index([I32, I32], []));
}

function copySection(output: Encoder, module: WasmModule, id: number): void {
  const section = module.sections.find((candidate) => candidate.id === id);
  if (section !== undefined) copyRange(output, module.bytes, section);
}

/** Without declared maximum: `__we_pages_max` and the growth function decide. */
function memorySection(output: Encoder, { module, layout }: EmitterInput): void {
  const defined = module.memories.slice(module.importedMemories);
  if (defined.length === 0) return;
  const section = new Encoder().u32(defined.length);
  for (const { minimum, maximum } of defined) {
    if (maximum === undefined || layout.shift > 0) section.byte(0).u32(minimum);
    else section.byte(1).u32(minimum).u32(maximum);
  }
  output.section(SectionId.MEMORY, section);
}

function globalSection(input: EmitterInput): Encoder {
  const { module, layout } = input;
  const defined = module.globals.slice(module.importedGlobals);
  const standalone = layout.shift === 0;
  const section = new Encoder().u32(defined.length + 5 + layout.segmentFlags.size + (standalone ? 1 : 0));
  for (const { type, mutable, init } of defined) {
    assert(init !== undefined, "a defined global has an initialiser");
    section.byte(type).byte(mutable ? 1 : 0);
    initExpression(section, input, init);
  }
  section
    .op(I64, 1, OpByte.I64_CONST)
    .op(...(standalone ? plentyOfFuel : [0]))
    .byte(OpByte.END);
  const counters = standalone ? [standaloneDepthBytes, 0, 0, 65_536] : [0, 0, 0, 0];
  const flags = new Array<number>(layout.segmentFlags.size).fill(0);
  for (const value of [...counters, ...flags, ...(standalone ? [standaloneDepthBytes] : [])]) {
    section.op(I32, 1, OpByte.I32_CONST).s32(value).byte(OpByte.END);
  }
  return section;
}

function exportSection(input: EmitterInput): Encoder {
  const { module, layout } = input;
  const globals = [
    [Instrumented.fuel, layout.fuel],
    [Instrumented.depth, layout.depthBudget],
    [Instrumented.status, layout.status],
    [Instrumented.charge, layout.charge],
    [Instrumented.pagesMax, layout.pagesMax],
  ] as const;
  const functions: [string, number][] = [
    [Instrumented.stateSave, layout.stateSave],
    [Instrumented.stateLoad, layout.stateLoad],
  ];
  if (module.start !== undefined && layout.shift > 0)
    functions.push([Instrumented.start, functionIndex(layout, module.start)]);
  const section = new Encoder().u32(module.exports.length + globals.length + functions.length);
  for (const { name, kind, index } of module.exports) {
    const text = encodeUtf8(name);
    section.u32(text.length).bytes(text).byte(kind);
    section.u32(kind === ExternalKind.FUNCTION ? exportIndex(layout, index) : index);
  }
  for (const [name, index] of globals) section.ascii(name).byte(ExternalKind.GLOBAL).u32(index);
  for (const [name, index] of functions) section.ascii(name).byte(ExternalKind.FUNCTION).u32(index);
  return section;
}

function elementSection(output: Encoder, input: EmitterInput): void {
  const { elements } = input.module;
  const undeclared = undeclaredReferences(input);
  const extra = undeclared.size > 0 ? 1 : 0;
  if (elements.length + extra === 0) return;
  const section = new Encoder().u32(elements.length + extra);
  for (const segment of elements) elementSegment(section, input, segment);
  if (extra > 0) section.op(3, 0).u32(undeclared.size);
  for (const index of undeclared) section.u32(index);
  output.section(SectionId.ELEMENT, section);
}

/**
 * An export declares a function for `ref.func`. Where the export stays the import itself while references go to its
 * thunk, the thunk needs a declaration of its own.
 */
function undeclaredReferences({ module, layout }: EmitterInput): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { kind, index } of module.exports) {
    if (kind !== ExternalKind.FUNCTION) continue;
    const reference = referenceIndex(layout, index);
    if (reference !== exportIndex(layout, index)) found.add(reference);
  }
  return found;
}

/** Flags: 1 not active, 2 explicit table or declarative, 4 expressions. */
function elementSegment(section: Encoder, input: EmitterInput, segment: ElementSegment): void {
  const { mode, functions, expressions, offset, table, type } = segment;
  const short = mode === "active" && table === 0 && type === ValueType.FUNCREF;
  const placement = mode === "active" ? (short ? 0 : 2) : mode === "passive" ? 1 : 3;
  section.u32(placement | (functions === undefined ? 4 : 0));
  if (mode === "active") {
    assert(offset !== undefined, "an active segment has an offset");
    if (!short) section.u32(table);
    initExpression(section, input, offset);
  }
  if (!short) section.byte(functions === undefined ? type : 0);
  if (functions !== undefined) {
    section.u32(functions.length);
    for (const index of functions) section.u32(referenceIndex(input.layout, index));
    return;
  }
  assert(expressions !== undefined, "a segment holds functions or expressions");
  section.u32(expressions.length);
  for (const expression of expressions) initExpression(section, input, expression);
}

function initExpression(section: Encoder, { module, layout }: EmitterInput, range: InitExpression): void {
  const reader = new InstructionReader(module.bytes, range.start, range.end);
  reader.next();
  if (reader.op !== OpByte.REF_FUNC) {
    copyRange(section, module.bytes, range);
    return;
  }
  section.byte(OpByte.REF_FUNC).u32(referenceIndex(layout, reader.index)).byte(OpByte.END);
}

function extraSegments({ layout }: EmitterInput): number {
  return layout.segmentFlags.size > 0 ? 1 : 0;
}

function dataSection(output: Encoder, input: EmitterInput): void {
  const { data, bytes } = input.module;
  if (data.length === 0) return;
  const section = new Encoder(1024).u32(data.length + extraSegments(input));
  for (const segment of data) copyRange(section, bytes, segment);
  if (extraSegments(input) > 0) section.op(1, 0);
  output.section(SectionId.DATA, section);
}

function copyRange(section: Encoder, bytes: Uint8Array, range: ByteRange): void {
  section.bytes(bytes, range.start, range.end);
}

/** Index of the type that a body is written with. */
function typeIndex({ module, layout }: EmitterInput, plan: FunctionPlan): number {
  const index = module.functions[layout.importedFunctions + plan.body] ?? -1;
  const type = module.types[index];
  assert(type !== undefined, "the function has a type");
  if (addedParameters(plan, layout) === 0) return index;
  const { parameters, results } = writtenType(plan, layout, type);
  return layout.types.index(parameters, results);
}

function typeOf({ module }: EmitterInput, index: number): FunctionType {
  const type = module.types[module.functions[index] ?? -1];
  assert(type !== undefined, "the function has a type");
  return type;
}
