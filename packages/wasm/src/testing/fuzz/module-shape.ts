/** What a fuzz test needs to know of any valid module to link and call it. */

import { ExternalKind } from "../../module.js";
import type { FunctionType, Limits, WasmModule } from "../../module.js";
import { readModule } from "../../module-reader.js";
import { ValueType, isReferenceType } from "../../value-type.js";

export type ImportShape = { readonly module: string; readonly name: string } & (
  | { readonly kind: "function"; readonly type: FunctionType }
  | { readonly kind: "memory"; readonly limits: Limits }
  | { readonly kind: "table"; readonly limits: Limits; readonly element: ValueType }
  | { readonly kind: "global"; readonly type: ValueType; readonly mutable: boolean }
);

export interface EntryShape {
  readonly name: string;
  readonly type: FunctionType;
  /** An import under another name. */
  readonly imported: boolean;
}

export interface ModuleShape {
  readonly imports: readonly ImportShape[];
  /** Exported functions that JavaScript can call, in order. */
  readonly entries: readonly EntryShape[];
  /** Export name of the memory. */
  readonly memory: string | undefined;
  /** Exported globals that JavaScript can read. */
  readonly globals: readonly { readonly name: string; readonly index: number }[];
  readonly hasStart: boolean;
  /** All state can be reached: the memory is exported, tables cannot change, nothing is imported but functions. */
  readonly open: boolean;
}

function passable(types: readonly ValueType[]): boolean {
  return types.every((type) => type !== ValueType.V128 && !isReferenceType(type));
}

function isOpen(module: WasmModule): boolean {
  const functionsOnly = module.imports.every(({ kind }) => kind === ExternalKind.FUNCTION);
  const exported = module.exports.some(({ kind }) => kind === ExternalKind.MEMORY);
  return functionsOnly && (module.memories.length === 0 || exported);
}

export function moduleShape(bytes: Uint8Array): ModuleShape {
  const module = readModule(bytes, { profile: "conformance" });
  const typeOf = (index: number): FunctionType =>
    module.types[module.functions[index] ?? -1] ?? { parameters: [], results: [] };
  const imports = module.imports.map(({ module: from, name, kind, index }): ImportShape => {
    const { element = ValueType.FUNCREF, ...table } = module.tables[index] ?? {
      minimum: 0,
      maximum: undefined,
    };
    const { type = ValueType.I32, mutable = false } = module.globals[index] ?? {};
    const limits = module.memories[index] ?? { minimum: 0, maximum: undefined };
    switch (kind) {
      case ExternalKind.FUNCTION:
        return { module: from, name, kind: "function", type: typeOf(index) };
      case ExternalKind.TABLE:
        return { module: from, name, kind: "table", limits: table, element };
      case ExternalKind.MEMORY:
        return { module: from, name, kind: "memory", limits };
      case ExternalKind.GLOBAL:
        return { module: from, name, kind: "global", type, mutable };
    }
  });
  const named = (kind: ExternalKind): { name: string; index: number }[] =>
    module.exports.filter((item) => item.kind === kind);
  return {
    imports,
    entries: named(ExternalKind.FUNCTION)
      .map(({ name, index }) => ({
        ...{ name, type: typeOf(index), imported: index < module.importedFunctions },
      }))
      .filter(({ type }) => passable(type.parameters) && passable(type.results)),
    memory: named(ExternalKind.MEMORY)[0]?.name,
    globals: named(ExternalKind.GLOBAL).filter(({ index }) =>
      passable([module.globals[index]?.type ?? ValueType.V128]),
    ),
    hasStart: module.start !== undefined,
    open: isOpen(module),
  };
}
