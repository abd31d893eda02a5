/**
 * Names of functions for people: those of the name section, else those of imports and exports, else numbers. A
 * damaged name section names nothing; it is never a reason to refuse a module.
 */

import { HOST_MODULE } from "@wasm-engine/abi";
import { BinaryReader } from "./binary-reader.js";
import { readSections, withoutSections } from "./custom-section.js";
import { ExternalKind } from "./module.js";
import type { WasmModule } from "./module.js";
import { readModule } from "./module-reader.js";

/** Subsection of the name section that names functions. */
const functionNames = 1;
/** Longer names (of C++ templates, say) are cut. */
const nameCharactersMax = 256;

/** One name per function, imported ones first. Names need not be unique. */
export function functionNamesOf(module: WasmModule): string[] {
  const names = module.functions.map((_, index) => `function ${index}`);
  for (const { kind, index, name } of module.exports) {
    if (kind === ExternalKind.FUNCTION) names[index] = name;
  }
  for (const [index, name] of namedFunctions(module))
    if (index < names.length && name !== "") names[index] = name;
  for (const { kind, index, module: from, name } of module.imports) {
    // A host function is called by the name of the ABI, whatever the compiler called it.
    if (kind === ExternalKind.FUNCTION)
      names[index] = from === HOST_MODULE ? `host:${name}` : `${from}.${name}`;
  }
  return names.map((name) => {
    if (name.length <= nameCharactersMax) return name;
    return `${[...name].slice(0, nameCharactersMax).join("")}…`;
  });
}

/**
 * Names of `original` as another build of the same code has them, which may differ in custom sections only.
 * `undefined`: it is other code.
 * @throws {WE_MODULE_…} where either is no module
 */
export function functionNamesFrom(original: Uint8Array, named: Uint8Array): string[] | undefined {
  const code = codeOf(original);
  const other = codeOf(named);
  const isSame = code.length === other.length && code.every((byte, index) => byte === other[index]);
  return isSame ? functionNamesOf(readModule(named)) : undefined;
}

function codeOf(bytes: Uint8Array): Uint8Array {
  return withoutSections(bytes, readSections(bytes), () => true);
}

function namedFunctions(module: WasmModule): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const section = module.customSections.find(({ name }) => name === "name");
  if (section === undefined) return names;
  try {
    const reader = new BinaryReader(module.bytes, section.payloadStart, section.end);
    while (!reader.done) {
      const id = reader.byte();
      const size = reader.u32();
      const start = reader.skip(size);
      if (id === functionNames) readNames(new BinaryReader(module.bytes, start, start + size), names);
    }
  } catch {
    // Nothing but names of this section depends on it.
    names.clear();
  }
  return names;
}

function readNames(reader: BinaryReader, names: Map<number, string>): void {
  const count = reader.u32();
  for (let entry = 0; entry < count; entry++) {
    const index = reader.u32();
    names.set(index, reader.name());
  }
}
