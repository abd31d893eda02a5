/** A module while it is being read: growing arrays, the profile and its limits. Becomes a `WasmModule` at the end. */

import type { BinaryReader } from "./binary-reader.js";
import { malformed } from "./binary-reader.js";
import { wasmError } from "./errors.js";
import { featureRefused } from "./feature.js";
import { foreignType } from "./foreign-type.js";
import { AGENT_LIMITS, CONFORMANCE_LIMITS } from "./limits.js";
import type { ModuleLimits } from "./limits.js";
import type {
  CustomSection,
  DataSegment,
  ElementSegment,
  Export,
  FunctionBody,
  FunctionType,
  Global,
  Import,
  Limits,
  Section,
  TableType,
  WasmModule,
} from "./module.js";
import { ValueType, isValueType } from "./value-type.js";

/**
 * What a module is read for. `agent` is the frozen set for agents; `conformance` is WebAssembly 2.0 as its test suite
 * uses it.
 */
export type Profile = "agent" | "conformance";

export interface DraftOptions {
  readonly profile: Profile;
  readonly onBody?: (draft: ModuleDraft, body: FunctionBody) => void;
}

export class ModuleDraft implements WasmModule {
  readonly bytes: Uint8Array;
  readonly profile: Profile;
  readonly limits: ModuleLimits;
  readonly sections: Section[] = [];
  readonly customSections: CustomSection[] = [];
  readonly types: FunctionType[] = [];
  readonly imports: Import[] = [];
  readonly functions: number[] = [];
  importedFunctions = 0;
  readonly tables: TableType[] = [];
  importedTables = 0;
  readonly memories: Limits[] = [];
  importedMemories = 0;
  readonly globals: Global[] = [];
  importedGlobals = 0;
  readonly exports: Export[] = [];
  start: number | undefined = undefined;
  readonly elements: ElementSegment[] = [];
  dataCount: number | undefined = undefined;
  readonly code: FunctionBody[] = [];
  readonly data: DataSegment[] = [];
  /** Groups of locals read so far. */
  localsGroupsCount = 0;
  /** Functions that `ref.func` in code may name. */
  readonly declaredFunctions = new Set<number>();
  /** Called for each body as soon as it is read, so that the first error is the one with the lowest offset. */
  readonly onBody: ((draft: ModuleDraft, body: FunctionBody) => void) | undefined;

  constructor(bytes: Uint8Array, options: DraftOptions) {
    this.bytes = bytes;
    this.profile = options.profile;
    this.limits = options.profile === "agent" ? AGENT_LIMITS : CONFORMANCE_LIMITS;
    this.onBody = options.onBody;
  }

  /** @throws {WE_MODULE_UNKNOWN_INDEX} where `index` is not below `count`. */
  index(space: string, index: number, count: number, offset: number): void {
    if (index >= count) throw wasmError("WE_MODULE_UNKNOWN_INDEX", { space, index, count, offset });
  }

  /** @throws {WE_MODULE_LIMIT} where `actual` is above `limit`. */
  limit(item: string, actual: number, limit: number, offset: number): void {
    if (actual > limit) throw wasmError("WE_MODULE_LIMIT", { item, actual, limit, offset });
  }

  /** A vector's length, within its limit and within the bytes that are left. */
  count(reader: BinaryReader, item: string, limit: number, already = 0): number {
    const offset = reader.offset;
    const count = reader.u32();
    if (count > reader.end - reader.offset) throw malformed("unexpected end", reader.end);
    this.limit(item, already + count, limit, offset);
    return count;
  }

  /** A value type byte; those of refused features are named. */
  valueType(reader: BinaryReader): ValueType {
    const offset = reader.offset;
    const byte = reader.byte();
    if (!isValueType(byte)) throw foreignType(byte, offset);
    if (byte === ValueType.EXTERNREF && this.profile === "agent") {
      throw featureRefused("reference-types", "externref", offset);
    }
    return byte;
  }

  referenceType(reader: BinaryReader): ValueType {
    const offset = reader.offset;
    const type = this.valueType(reader);
    if (type !== ValueType.FUNCREF && type !== ValueType.EXTERNREF) {
      throw malformed("malformed reference type", offset);
    }
    return type;
  }

  /** The finished module, without what only reading needed. */
  module(): WasmModule {
    const { bytes, sections, customSections, types, imports, functions, importedFunctions } = this;
    const { tables, importedTables, memories, importedMemories, globals, importedGlobals } = this;
    const { exports, start, elements, dataCount, code, data } = this;
    return {
      ...{ bytes, sections, customSections, types, imports, functions, importedFunctions },
      ...{ tables, importedTables, memories, importedMemories, globals, importedGlobals },
      ...{ exports, start, elements, dataCount, code, data },
    };
  }
}
