/**
 * `readModule`: bytes to a decoded module, in one pass. It checks the binary format and all declarations, refuses
 * features
 * that show there, and applies the limits; instructions in bodies are the validator's business. Linear in the bytes;
 * nothing is allocated for a count before it is known to be within its limit and within the bytes that are left.
 */

import { BinaryReader, malformed } from "./binary-reader.js";
import { readCodeSection, readDataSection, readElementSection } from "./body-reader.js";
import { wasmError } from "./errors.js";
import { featureRefused } from "./feature.js";
import { ModuleDraft } from "./module-draft.js";
import type { DraftOptions, Profile } from "./module-draft.js";
import { HEADER_BYTES, checkHeader } from "./module-header.js";
import { SectionId, functionTypeName } from "./module.js";
import type { WasmModule } from "./module.js";
import {
  readExportSection,
  readFunctionSection,
  readGlobalSection,
  readImportSection,
  readMemorySection,
  readTableSection,
  readTypeSection,
} from "./section-reader.js";

export interface ReadOptions {
  /** @default "agent" */
  readonly profile?: Profile;
}

/** Place of a section in the file; the data count section stands between elements and code. */
const sectionOrder: Readonly<Record<number, number>> = {
  [SectionId.TYPE]: 1,
  [SectionId.IMPORT]: 2,
  [SectionId.FUNCTION]: 3,
  [SectionId.TABLE]: 4,
  [SectionId.MEMORY]: 5,
  [SectionId.GLOBAL]: 6,
  [SectionId.EXPORT]: 7,
  [SectionId.START]: 8,
  [SectionId.ELEMENT]: 9,
  [SectionId.DATA_COUNT]: 10,
  [SectionId.CODE]: 11,
  [SectionId.DATA]: 12,
};

const sectionReaders: Readonly<Record<number, (reader: BinaryReader, draft: ModuleDraft) => void>> = {
  [SectionId.TYPE]: readTypeSection,
  [SectionId.IMPORT]: readImportSection,
  [SectionId.FUNCTION]: readFunctionSection,
  [SectionId.TABLE]: readTableSection,
  [SectionId.MEMORY]: readMemorySection,
  [SectionId.GLOBAL]: readGlobalSection,
  [SectionId.EXPORT]: readExportSection,
  [SectionId.START]: readStartSection,
  [SectionId.ELEMENT]: readElementSection,
  [SectionId.DATA_COUNT]: (reader, draft) => {
    draft.dataCount = reader.u32();
  },
  [SectionId.CODE]: readCodeSection,
  [SectionId.DATA]: readDataSection,
};

/**
 * Decodes a module and checks its declarations. The result refers to `bytes`, which must not change any more.
 * @throws {WE_MODULE_HEADER} {WE_MODULE_MALFORMED} {WE_MODULE_LIMIT} {WE_MODULE_FEATURE_REFUSED} and, for
 * declarations, the codes of {@link validate}
 */
export function readModule(bytes: Uint8Array, options: ReadOptions = {}): WasmModule {
  return readDraft(bytes, { profile: options.profile ?? "agent" });
}

/** {@link readModule} with a visitor for bodies. */
export function readDraft(bytes: Uint8Array, options: DraftOptions): WasmModule {
  const draft = new ModuleDraft(bytes, options);
  draft.limit("module bytes", bytes.length, draft.limits.moduleBytesMax, 0);
  checkHeader(bytes);
  const reader = new BinaryReader(bytes, HEADER_BYTES);
  let place = 0;
  while (!reader.done) place = readSection(reader, draft, place);
  checkCounts(draft, bytes.length);
  return draft.module();
}

/** Reads one section and gives the place in the order that was reached. */
function readSection(reader: BinaryReader, draft: ModuleDraft, placeBefore: number): number {
  const start = reader.offset;
  const id = reader.byte();
  if (id > SectionId.DATA_COUNT) {
    if (id === 13) throw featureRefused("exceptions", "tag section", start);
    throw malformed(`malformed section id ${id}`, start);
  }
  const size = reader.u32();
  const contentStart = reader.offset;
  if (size > reader.end - contentStart) throw malformed("length out of bounds", contentStart);
  const end = contentStart + size;
  const content = new BinaryReader(reader.bytes, contentStart, end);
  reader.offset = end;
  if (id === SectionId.CUSTOM) {
    draft.limit("custom sections", draft.customSections.length + 1, draft.limits.customSectionsMax, start);
    const name = content.name();
    draft.sections.push({ id, start, contentStart, end });
    draft.customSections.push({ id, start, contentStart, end, name, payloadStart: content.offset });
    return placeBefore;
  }
  const place = sectionOrder[id] ?? 0;
  if (place === placeBefore) throw malformed("duplicate section", start);
  if (place < placeBefore) throw malformed("unexpected content: section out of order", start);
  sectionReaders[id]?.(content, draft);
  if (!content.done) throw malformed("section size mismatch", content.offset);
  draft.sections.push({ id, start, contentStart, end });
  return place;
}

function readStartSection(reader: BinaryReader, draft: ModuleDraft): void {
  const offset = reader.offset;
  const index = reader.u32();
  draft.index("function", index, draft.functions.length, offset);
  const type = draft.types[draft.functions[index] ?? 0];
  const words = type === undefined ? 0 : type.parameters.length + type.results.length;
  if (words > 0) throw wasmError("WE_MODULE_START_TYPE", { index, actual: functionTypeName(type), offset });
  draft.start = index;
}

/** Counts that stand in two sections each. */
function checkCounts(draft: ModuleDraft, offset: number): void {
  const declared = draft.functions.length - draft.importedFunctions;
  if (declared !== draft.code.length) {
    throw malformed(
      `function and code section have inconsistent lengths: ${declared}, ${draft.code.length}`,
      offset,
    );
  }
  if (draft.dataCount !== undefined && draft.dataCount !== draft.data.length) {
    throw malformed(
      `data count and data section have inconsistent lengths: ${draft.dataCount}, ${draft.data.length}`,
      offset,
    );
  }
}
