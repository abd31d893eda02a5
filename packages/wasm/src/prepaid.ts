/**
 * Fuel that callers pay for a function, so that the function itself need not: what every way through it costs at
 * least. Only for functions that nothing but direct calls of the same module can reach.
 */

import { InstructionReader } from "./instruction-reader.js";
import { ExternalKind } from "./module.js";
import type { InitExpression, WasmModule } from "./module.js";
import { OpByte } from "./op-byte.js";

/**
 * Functions that cost more pay for themselves: there it hardly matters, and a segment full of calls would go far ahead
 * of what has been executed.
 */
export const prepaidFuelMax = 128;

/** By body: whether it can be called in another way than by a direct call in the module. */
export function openBodies(module: WasmModule): Uint8Array {
  const open = new Uint8Array(module.code.length);
  const mark = (index: number | undefined): void => {
    if (index !== undefined && index >= module.importedFunctions) open[index - module.importedFunctions] = 1;
  };
  mark(module.start);
  for (const { kind, index } of module.exports) if (kind === ExternalKind.FUNCTION) mark(index);
  for (const index of referencedFunctions(module)) mark(index);
  return open;
}

/** Functions that elements and globals name; code may refer only to these and to exported ones. */
export function* referencedFunctions(module: WasmModule): Iterable<number> {
  for (const { functions, expressions } of module.elements) {
    yield* functions ?? [];
    for (const expression of expressions ?? []) yield* functionIn(module, expression);
  }
  for (const { init } of module.globals) if (init !== undefined) yield* functionIn(module, init);
}

function* functionIn({ bytes }: WasmModule, { start, end }: InitExpression): Iterable<number> {
  const reader = new InstructionReader(bytes, start, end);
  reader.next();
  if (reader.op === OpByte.REF_FUNC) yield reader.index;
}
