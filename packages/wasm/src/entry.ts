/**
 * Entries of a standalone module: functions through which somebody else can come in. Nobody sets depth before their
 * calls, so a small function in front of each does. Calls inside of the module go past it and cost nothing. Agents
 * have none: their engine sets depth.
 */

import { assert } from "@wasm-engine/abi";
import { Encoder } from "./encoder.js";
import type { FunctionPlan } from "./function-plan.js";
import type { Layout } from "./layout.js";
import { ExternalKind } from "./module.js";
import type { WasmModule } from "./module.js";
import { OpByte } from "./op-byte.js";
import { referencedFunctions } from "./prepaid.js";
import { ValueType } from "./value-type.js";

/**
 * Defined functions that need an entry, in index order: those that look at depth and are exported, or whose reference
 * may leave the module. A function that is both exported and referenced has one identity, so references then lead
 * through its entry too.
 */
export function entriesOf(module: WasmModule, plans: readonly FunctionPlan[]): number[] {
  const outside = new Set<number>();
  for (const { kind, index } of module.exports) if (kind === ExternalKind.FUNCTION) outside.add(index);
  if (sharesReferences(module)) for (const index of referencedFunctions(module)) outside.add(index);
  const calls = (index: number): boolean => plans[index - module.importedFunctions]?.calls === true;
  return [...outside]
    .filter((index) => index >= module.importedFunctions && calls(index))
    .sort((a, b) => a - b);
}

/** Whether a reference to a function can get out: by a table, a global, a parameter or a result. */
function sharesReferences({ exports, tables, globals, types, importedTables }: WasmModule): boolean {
  const { FUNCREF } = ValueType;
  const shared = exports.some(
    ({ kind, index }) =>
      (kind === ExternalKind.TABLE && tables[index]?.element === FUNCREF) ||
      (kind === ExternalKind.GLOBAL && globals[index]?.type === FUNCREF),
  );
  return (
    shared ||
    tables.slice(0, importedTables).some(({ element }) => element === FUNCREF) ||
    globals.some(({ type, mutable, init }) => init === undefined && mutable && type === FUNCREF) ||
    types.some(({ parameters, results }) => parameters.includes(FUNCREF) || results.includes(FUNCREF))
  );
}

/** Begins with the whole budget and calls the function. A trap needs no cleaning up: the next entry begins anew. */
export function entryBody(layout: Layout, original: number, parameters: number): Encoder {
  assert(layout.entries.has(original), "the function has an entry");
  const body = new Encoder(parameters * 3 + 16).byte(0);
  body.byte(OpByte.GLOBAL_GET).u32(layout.depthBudget).byte(OpByte.GLOBAL_SET).u32(layout.depth);
  for (let parameter = 0; parameter < parameters; parameter++) body.byte(OpByte.LOCAL_GET).u32(parameter);
  return body
    .byte(OpByte.CALL)
    .u32(original + layout.shift)
    .byte(OpByte.END);
}
