/** Sections of contents: element segments, function bodies, data segments. Instructions are not looked at. */

import { BinaryReader, malformed } from "./binary-reader.js";
import { wasmError } from "./errors.js";
import { readInitExpression } from "./init-expression.js";
import type { ModuleDraft } from "./module-draft.js";
import type { ElementSegment, InitExpression, LocalsGroup } from "./module.js";
import { ValueType, valueTypeName } from "./value-type.js";

export function readElementSection(reader: BinaryReader, draft: ModuleDraft): void {
  const { limits } = draft;
  const count = draft.count(reader, "element segments", limits.elementSegmentsMax);
  let entries = 0;
  for (let index = 0; index < count; index++) {
    const start = reader.offset;
    const segment = readElement(reader, draft, entries);
    entries += (segment.functions ?? segment.expressions ?? []).length;
    draft.elements.push({ ...segment, start, end: reader.offset });
  }
}

/** Flag bits: 1 not active, 2 explicit table (active) or declarative, 4 expressions instead of function indices. */
function readElement(
  reader: BinaryReader,
  draft: ModuleDraft,
  entriesBefore: number,
): Omit<ElementSegment, "start" | "end"> {
  const start = reader.offset;
  const flags = reader.u32();
  if (flags > 7) throw malformed(`malformed elements segment kind ${flags}`, start);
  const active = (flags & 1) === 0;
  const mode = active ? "active" : flags & 2 ? "declarative" : "passive";
  const table = active && flags & 2 ? reader.u32() : 0;
  if (active) draft.index("table", table, draft.tables.length, start);
  const offset = active ? readInitExpression(reader, draft, ValueType.I32) : undefined;
  const usesExpressions = (flags & 4) !== 0;
  const type = (flags & 3) === 0 ? ValueType.FUNCREF : readElementType(reader, draft, usesExpressions);
  if (active) checkElementType(draft, table, type, start);
  const limit = draft.limits.elementEntriesMax;
  const count = draft.count(reader, "element entries", limit, entriesBefore);
  if (usesExpressions) {
    const expressions: InitExpression[] = [];
    for (let index = 0; index < count; index++) expressions.push(readInitExpression(reader, draft, type));
    return { mode, type, table, offset, functions: undefined, expressions };
  }
  const functions: number[] = [];
  for (let index = 0; index < count; index++) {
    const at = reader.offset;
    const functionIndex = reader.u32();
    draft.index("function", functionIndex, draft.functions.length, at);
    draft.declaredFunctions.add(functionIndex);
    functions.push(functionIndex);
  }
  return { mode, type, table, offset, functions, expressions: undefined };
}

function checkElementType(draft: ModuleDraft, table: number, type: ValueType, offset: number): void {
  const expected = draft.tables[table]?.element ?? type;
  if (expected === type) return;
  throw wasmError("WE_MODULE_TYPE_MISMATCH", {
    offset,
    construct: "element segment",
    expected: valueTypeName(expected),
    actual: valueTypeName(type),
  });
}

function readElementType(reader: BinaryReader, draft: ModuleDraft, usesExpressions: boolean): ValueType {
  if (usesExpressions) return draft.referenceType(reader);
  const start = reader.offset;
  if (reader.byte() !== 0) throw malformed("malformed element kind", start);
  return ValueType.FUNCREF;
}

export function readCodeSection(reader: BinaryReader, draft: ModuleDraft): void {
  const { limits } = draft;
  const offset = reader.offset;
  const count = draft.count(reader, "function bodies", limits.functionsMax);
  const declared = draft.functions.length - draft.importedFunctions;
  if (declared !== count) {
    throw malformed(`function and code section have inconsistent lengths: ${declared}, ${count}`, offset);
  }
  for (let index = 0; index < count; index++) {
    const start = reader.offset;
    const size = reader.u32();
    const contentStart = reader.offset;
    if (size > reader.end - contentStart) throw malformed("unexpected end: body out of bounds", contentStart);
    draft.limit("bytes of a function body", size, limits.bodyBytesMax, start);
    const end = contentStart + size;
    const body = new BinaryReader(reader.bytes, contentStart, end);
    const { localsGroups, localsCount } = readLocals(body, draft);
    const read = { start, contentStart, codeStart: body.offset, end, localsGroups, localsCount };
    draft.onBody?.(draft, read);
    draft.code.push(read);
    reader.offset = end;
  }
}

function readLocals(
  reader: BinaryReader,
  draft: ModuleDraft,
): { localsGroups: LocalsGroup[]; localsCount: number } {
  const groups = draft.count(reader, "groups of locals", 0xffff_ffff);
  const localsGroups: LocalsGroup[] = [];
  let localsCount = 0;
  for (let index = 0; index < groups; index++) {
    const start = reader.offset;
    const count = reader.u32();
    const type = draft.valueType(reader);
    localsCount += count;
    if (localsCount > 0xffff_ffff) throw malformed("too many locals", start);
    draft.limit("locals of a function", localsCount, draft.limits.localsPerFunctionMax, start);
    if (count === 0) continue;
    draft.localsGroupsCount += 1;
    draft.limit("groups of locals", draft.localsGroupsCount, draft.limits.localsGroupsMax, start);
    localsGroups.push({ count, type });
  }
  return { localsGroups, localsCount };
}

/** Flag: 0 active, 1 passive, 2 active with explicit memory. */
export function readDataSection(reader: BinaryReader, draft: ModuleDraft): void {
  const count = draft.count(reader, "data segments", draft.limits.dataSegmentsMax);
  for (let index = 0; index < count; index++) {
    const start = reader.offset;
    const flags = reader.u32();
    if (flags > 2) throw malformed(`malformed data segment kind ${flags}`, start);
    const memory = flags === 2 ? reader.u32() : 0;
    if (flags !== 1) draft.index("memory", memory, draft.memories.length, start);
    const offset = flags === 1 ? undefined : readInitExpression(reader, draft, ValueType.I32);
    const size = reader.u32();
    const bytesStart = reader.skip(size);
    const mode = flags === 1 ? "passive" : "active";
    draft.data.push({
      mode,
      memory,
      offset,
      bytesStart,
      bytesEnd: bytesStart + size,
      start,
      end: reader.offset,
    });
  }
}
