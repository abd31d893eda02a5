/** Names that instrumentation keeps to itself: no original module may import or export one, whatever the profile. */

import { RESERVED_PREFIX } from "@wasm-engine/abi";
import { wasmError } from "./errors.js";
import type { WasmModule } from "./module.js";

/**
 * An export would collide with an added one; an import could set the counters of another instrumented module.
 * @throws {WE_MODULE_NAME_RESERVED} at the first such name.
 */
export function checkReservedNames({ imports, exports }: WasmModule): void {
  for (const { module, name, start } of imports) {
    checkReserved(module, "import", start);
    checkReserved(name, "import", start);
  }
  for (const { name, start } of exports) checkReserved(name, "export", start);
}

/** @throws {WE_MODULE_NAME_RESERVED} */
export function checkReserved(name: string, construct: "import" | "export", offset: number): void {
  if (name.startsWith(RESERVED_PREFIX))
    throw wasmError("WE_MODULE_NAME_RESERVED", { name, construct, offset });
}
