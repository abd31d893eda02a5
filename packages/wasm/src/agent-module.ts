/**
 * What a valid module needs to be an agent: the ABI's exports with their types, a memory, and imports of host
 * functions only.
 */

import { ENTRY_POINTS, HOST_FUNCTIONS, HOST_MODULE, assert } from "@wasm-engine/abi";
import type { CapabilityName, HostFunction, HostFunctionName } from "@wasm-engine/abi";
import { wasmError } from "./errors.js";
import { ExternalKind, functionTypeName } from "./module.js";
import type { Export, FunctionType, Import, WasmModule } from "./module.js";
import { checkReserved } from "./reserved-name.js";
import type { ValidatedModule } from "./validator.js";
import { ValueType } from "./value-type.js";

/** What the engine needs to know of an agent module before it instruments it. */
export interface AgentModuleInfo {
  /** Host functions that the module imports, each once, in order of the first import. */
  readonly imports: readonly HostFunctionName[];
  /** Capabilities of these imports, each once, in order of the first import. */
  readonly capabilities: readonly CapabilityName[];
  /** Export names, in module order. */
  readonly exports: readonly string[];
  /** Optional entry points that are present. */
  readonly optional: readonly string[];
  readonly hasStart: boolean;
  /** Initial memory in pages. */
  readonly memoryPages: number;
  /** Declared maximum in pages. */
  readonly memoryPagesMax: number | undefined;
}

interface Signature {
  readonly parameters: readonly string[];
  readonly result: string | undefined;
}

const hostFunctions: ReadonlyMap<string, HostFunction> = new Map(Object.entries(HOST_FUNCTIONS));
const valueTypes: ReadonlyMap<string, ValueType> = new Map([
  ["i32", ValueType.I32],
  ["i64", ValueType.I64],
]);

/**
 * Checks a valid module of profile `agent` against ABI 1.0.
 * @throws {WE_MODULE_NAME_RESERVED} {WE_MODULE_IMPORT_UNKNOWN} {WE_MODULE_IMPORT_TYPE} {WE_MODULE_EXPORT_MISSING}
 * {WE_MODULE_EXPORT_TYPE} {WE_MODULE_MEMORY_EMPTY}
 */
export function checkAgentModule(validated: ValidatedModule): AgentModuleInfo {
  assert(validated.profile === "agent", "agents are validated with the agent profile");
  const { module } = validated;
  const imports = new Set<HostFunctionName>();
  for (const item of module.imports) imports.add(checkImport(module, item));
  for (const item of module.exports) checkReserved(item.name, "export", item.start);
  const memory = checkMemory(module);
  for (const [name, signature] of Object.entries<Signature>(ENTRY_POINTS.required)) {
    if (!checkEntryPoint(module, name, signature)) throw missing(name, signatureName(signature));
  }
  const optional: string[] = [];
  for (const [name, signature] of Object.entries<Signature>(ENTRY_POINTS.optional)) {
    if (checkEntryPoint(module, name, signature)) optional.push(name);
  }
  const capabilities = new Set<CapabilityName>();
  for (const name of imports) {
    const capability = hostFunctions.get(name)?.capability;
    if (capability !== undefined) capabilities.add(capability);
  }
  return {
    imports: [...imports],
    capabilities: [...capabilities],
    exports: module.exports.map((item) => item.name),
    optional,
    hasStart: module.start !== undefined,
    memoryPages: memory.minimum,
    memoryPagesMax: memory.maximum,
  };
}

function checkImport(module: WasmModule, item: Import): HostFunctionName {
  const { name, start: offset } = item;
  checkReserved(item.module, "import", offset);
  checkReserved(name, "import", offset);
  const host = item.module === HOST_MODULE ? hostFunctions.get(name) : undefined;
  if (host === undefined || item.kind !== ExternalKind.FUNCTION) {
    const offered = [...hostFunctions.keys()].join(", ");
    throw wasmError("WE_MODULE_IMPORT_UNKNOWN", { module: item.module, name, offered, offset });
  }
  const type = functionTypeOf(module, item.index);
  if (!matches(type, host)) {
    const expected = signatureName(host);
    throw wasmError("WE_MODULE_IMPORT_TYPE", { name, expected, actual: functionTypeName(type), offset });
  }
  return name as HostFunctionName; // a key of the table, looked up above
}

function checkMemory(module: WasmModule): { minimum: number; maximum: number | undefined } {
  const expected = "the module's memory";
  const item = findExport(module, "memory");
  if (item === undefined) throw missing("memory", expected);
  const memory = item.kind === ExternalKind.MEMORY ? module.memories[item.index] : undefined;
  if (memory === undefined) throw wrongExport(item, expected, kindName(item.kind));
  if (memory.minimum < 1) {
    throw wasmError("WE_MODULE_MEMORY_EMPTY", { actual: memory.minimum, offset: item.start });
  }
  return memory;
}

/** False where the module has no such export. */
function checkEntryPoint(module: WasmModule, name: string, signature: Signature): boolean {
  const item = findExport(module, name);
  if (item === undefined) return false;
  const expected = signatureName(signature);
  if (item.kind !== ExternalKind.FUNCTION) throw wrongExport(item, expected, kindName(item.kind));
  const type = functionTypeOf(module, item.index);
  if (!matches(type, signature)) throw wrongExport(item, expected, functionTypeName(type));
  return true;
}

function findExport(module: WasmModule, name: string): Export | undefined {
  return module.exports.find((item) => item.name === name);
}

function functionTypeOf(module: WasmModule, index: number): FunctionType | undefined {
  return module.types[module.functions[index] ?? -1];
}

function matches(type: FunctionType | undefined, signature: Signature): boolean {
  const { parameters, result } = signature;
  const results = result === undefined ? [] : [result];
  if (type?.parameters.length !== parameters.length || type.results.length !== results.length) return false;
  const same = (actual: ValueType, name: string | undefined): boolean =>
    actual === valueTypes.get(name ?? "");
  return (
    type.parameters.every((actual, index) => same(actual, parameters[index])) &&
    type.results.every((actual, index) => same(actual, results[index]))
  );
}

function signatureName({ parameters, result }: Signature): string {
  return `(${parameters.join(", ")}) -> (${result ?? ""})`;
}

function kindName(kind: ExternalKind): string {
  return ["a function", "a table", "a memory", "a global"][kind] ?? "something else";
}

function missing(name: string, expected: string): Error {
  return wasmError("WE_MODULE_EXPORT_MISSING", { name, expected });
}

function wrongExport(item: Export, expected: string, actual: string): Error {
  return wasmError("WE_MODULE_EXPORT_TYPE", { name: item.name, expected, actual, offset: item.start });
}
