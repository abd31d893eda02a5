/**
 * Sections of declarations: types, imports, functions, tables, memories, globals, exports. Order and size are the
 * caller's business.
 */

import type { BinaryReader } from "./binary-reader.js";
import { malformed } from "./binary-reader.js";
import { readInitExpression } from "./init-expression.js";
import { wasmError } from "./errors.js";
import { featureRefused } from "./feature.js";
import type { ModuleDraft } from "./module-draft.js";
import { ExternalKind } from "./module.js";
import type { FunctionType, GlobalType, Limits, TableType } from "./module.js";
import { ValueType } from "./value-type.js";

export function readTypeSection(reader: BinaryReader, draft: ModuleDraft): void {
  const { limits } = draft;
  const count = draft.count(reader, "types", limits.typesMax);
  let words = 0;
  for (let index = 0; index < count; index++) {
    const start = reader.offset;
    const type = readFunctionType(reader, draft);
    draft.types.push(type);
    words += type.parameters.length + type.results.length;
    draft.limit("parameters and results of all types", words, limits.typeWordsMax, start);
  }
}

function readFunctionType(reader: BinaryReader, draft: ModuleDraft): FunctionType {
  const start = reader.offset;
  const form = reader.byte();
  if (form !== 0x60) {
    if (form === 0x5d) throw featureRefused("stack-switching", "continuation type", start);
    if (form >= 0x4d && form <= 0x5f) throw featureRefused("gc", `type form 0x${form.toString(16)}`, start);
    throw malformed(`malformed type form 0x${form.toString(16)}`, start);
  }
  const parameters = readTypes(reader, draft, "parameters", draft.limits.parametersPerFunctionMax);
  const results = readTypes(reader, draft, "results", draft.limits.resultsPerFunctionMax);
  return { parameters, results };
}

function readTypes(reader: BinaryReader, draft: ModuleDraft, item: string, limit: number): ValueType[] {
  const count = draft.count(reader, item, limit);
  const types: ValueType[] = [];
  for (let index = 0; index < count; index++) types.push(draft.valueType(reader));
  return types;
}

export function readImportSection(reader: BinaryReader, draft: ModuleDraft): void {
  const count = draft.count(reader, "imports", draft.limits.importsMax);
  for (let position = 0; position < count; position++) {
    const start = reader.offset;
    const module = reader.name();
    const name = reader.name();
    const kindOffset = reader.offset;
    const byte = reader.byte();
    const kind = externalKind(byte, kindOffset);
    const index = readImportedItem(reader, draft, kind, start);
    draft.imports.push({ module, name, kind, index, start, end: reader.offset });
  }
}

/** Appends the imported item to its index space and gives its index. */
function readImportedItem(
  reader: BinaryReader,
  draft: ModuleDraft,
  kind: ExternalKind,
  start: number,
): number {
  const agent = draft.profile === "agent";
  switch (kind) {
    case ExternalKind.FUNCTION:
      draft.functions.push(readTypeIndex(reader, draft));
      return draft.importedFunctions++;
    case ExternalKind.TABLE:
      if (agent) throw featureRefused("imported-table", "import", start);
      draft.tables.push(readTableType(reader, draft));
      return draft.importedTables++;
    case ExternalKind.MEMORY:
      if (agent) throw featureRefused("imported-memory", "import", start);
      draft.memories.push(readLimits(reader, "memory", draft.limits.memoryPagesMax));
      checkMemoryCount(draft, start);
      return draft.importedMemories++;
    case ExternalKind.GLOBAL:
      if (agent) throw featureRefused("imported-global", "import", start);
      draft.globals.push({ ...readGlobalType(reader, draft), init: undefined });
      return draft.importedGlobals++;
  }
}

function externalKind(byte: number, offset: number): ExternalKind {
  switch (byte) {
    case ExternalKind.FUNCTION:
    case ExternalKind.TABLE:
    case ExternalKind.MEMORY:
    case ExternalKind.GLOBAL:
      return byte;
    case 4:
      throw featureRefused("exceptions", "tag", offset);
    default:
      throw malformed(`malformed import or export kind ${byte}`, offset);
  }
}

export function readFunctionSection(reader: BinaryReader, draft: ModuleDraft): void {
  const count = draft.count(reader, "functions", draft.limits.functionsMax, draft.importedFunctions);
  for (let index = 0; index < count; index++) draft.functions.push(readTypeIndex(reader, draft));
}

function readTypeIndex(reader: BinaryReader, draft: ModuleDraft): number {
  const offset = reader.offset;
  const index = reader.u32();
  draft.index("type", index, draft.types.length, offset);
  return index;
}

export function readTableSection(reader: BinaryReader, draft: ModuleDraft): void {
  const count = draft.count(reader, "tables", draft.limits.tablesMax, draft.tables.length);
  let entries = 0;
  for (let index = 0; index < count; index++) {
    const start = reader.offset;
    if (reader.bytes[start] === 0x40) throw featureRefused("function-references", "table initialiser", start);
    const table = readTableType(reader, draft);
    entries += table.minimum;
    draft.limit("table entries", entries, draft.limits.tableEntriesMax, start);
    draft.tables.push(table);
  }
}

function readTableType(reader: BinaryReader, draft: ModuleDraft): TableType {
  const element = draft.referenceType(reader);
  return { element, ...readLimits(reader, "table", 0xffff_ffff) };
}

/** Flag bits: 1 maximum, 2 shared, 4 64-bit addresses, 8 page size. */
function readLimits(reader: BinaryReader, construct: "memory" | "table", max: number): Limits {
  const start = reader.offset;
  const flags = reader.byte();
  if (flags > 0x0f) throw malformed(`malformed limits flags 0x${flags.toString(16)}`, start);
  if (flags & 2) throw featureRefused("threads", `shared ${construct}`, start);
  if (flags & 4) throw featureRefused("memory64", `64-bit ${construct}`, start);
  if (flags & 8) throw featureRefused("custom-page-sizes", construct, start);
  const minimum = reader.u32();
  const maximum = flags & 1 ? reader.u32() : undefined;
  if (minimum > (maximum ?? max) || (maximum ?? 0) > max) {
    throw wasmError("WE_MODULE_RANGE", { construct, offset: start, minimum, maximum: maximum ?? "none" });
  }
  return { minimum, maximum };
}

export function readMemorySection(reader: BinaryReader, draft: ModuleDraft): void {
  const count = draft.count(reader, "memories", 0xffff_ffff);
  for (let index = 0; index < count; index++) {
    const start = reader.offset;
    draft.memories.push(readLimits(reader, "memory", draft.limits.memoryPagesMax));
    checkMemoryCount(draft, start);
  }
}

function checkMemoryCount(draft: ModuleDraft, offset: number): void {
  if (draft.memories.length > 1) throw featureRefused("multi-memory", "second memory", offset);
}

export function readGlobalSection(reader: BinaryReader, draft: ModuleDraft): void {
  const count = draft.count(reader, "globals", draft.limits.globalsMax, draft.importedGlobals);
  for (let index = 0; index < count; index++) {
    const type = readGlobalType(reader, draft);
    draft.globals.push({ ...type, init: readInitExpression(reader, draft, type.type) });
  }
}

function readGlobalType(reader: BinaryReader, draft: ModuleDraft): GlobalType {
  const start = reader.offset;
  const type = draft.valueType(reader);
  const mutability = reader.byte();
  if (mutability === 2 || mutability === 3) throw featureRefused("threads", "shared global", start);
  if (mutability > 3) throw malformed("malformed mutability", start + 1);
  const mutable = mutability === 1;
  if (mutable && type === ValueType.FUNCREF && draft.profile === "agent") {
    throw featureRefused("reference-types", "mutable global of type funcref", start);
  }
  return { type, mutable };
}

export function readExportSection(reader: BinaryReader, draft: ModuleDraft): void {
  const count = draft.count(reader, "exports", draft.limits.exportsMax);
  const names = new Set<string>();
  for (let position = 0; position < count; position++) {
    const start = reader.offset;
    const name = reader.name();
    if (names.has(name)) throw wasmError("WE_MODULE_DUPLICATE_EXPORT", { name, offset: start });
    names.add(name);
    const kindOffset = reader.offset;
    const kind = externalKind(reader.byte(), kindOffset);
    const indexOffset = reader.offset;
    const index = reader.u32();
    const [space, size] = indexSpace(draft, kind);
    draft.index(space, index, size, indexOffset);
    if (kind === ExternalKind.FUNCTION) draft.declaredFunctions.add(index);
    draft.exports.push({ name, kind, index, start, end: reader.offset });
  }
}

function indexSpace(draft: ModuleDraft, kind: ExternalKind): [string, number] {
  switch (kind) {
    case ExternalKind.FUNCTION:
      return ["function", draft.functions.length];
    case ExternalKind.TABLE:
      return ["table", draft.tables.length];
    case ExternalKind.MEMORY:
      return ["memory", draft.memories.length];
    case ExternalKind.GLOBAL:
      return ["global", draft.globals.length];
  }
}
