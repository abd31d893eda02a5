/** Builds JavaScript agents. The engine's module builder calls {@link buildAgent}; embedders may call either. */

import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { EngineError } from "@wasm-engine/abi";
import { bundleAgent } from "./bundle.js";
import type { Bundle } from "./bundle.js";
import { javaScriptError } from "./errors.js";
import { readSections, writeSections } from "./module-sections.js";
import { sourceMapSection } from "./packed-source-map.js";
import { preInitialise } from "./pre-initialiser.js";
import type { AgentDeclaration, InitialisedAgent } from "./pre-initialiser.js";
import { withNames } from "./refused-global.js";
import { checkBundle } from "./refusals.js";
import { mappedTrace } from "./source-position.js";

export { JAVASCRIPT_ERRORS } from "./errors.js";
export type { AgentDeclaration } from "./pre-initialiser.js";

/** A published package carries the base in its own folder, a checkout keeps it once for all (ADR 0025). */
const basePath: string =
  ["../assets/quickjs-agent-base.wasm", "../../../assets/quickjs/quickjs-agent-base.wasm"]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path)) ?? "quickjs-agent-base.wasm";

export interface BuiltAgent {
  /** Core WebAssembly with a source map, without manifest and signature. */
  readonly bytes: Uint8Array;
  /** What the agent says of itself for its manifest. */
  readonly declaration: AgentDeclaration;
  /** Absolute paths of every file that decides what it is; some may not exist. */
  readonly inputs: readonly string[];
}

/**
 * Builds the agent in the file `entry` with everything that it imports. Equal sources give equal bytes.
 * @throws {WE_JAVASCRIPT_BUILD} {WE_JAVASCRIPT_NODE_IMPORT} {WE_JAVASCRIPT_REFUSED} {WE_JAVASCRIPT_LOAD}
 * {WE_JAVASCRIPT_BUNDLER} {WE_JAVASCRIPT_BASE}
 */
export async function buildAgent({ entry }: { readonly entry: string }): Promise<BuiltAgent> {
  const bundle = await bundleAgent(entry);
  checkBundle(bundle);
  const { bytes, declaration } = initialised(bundle, basename(entry));
  const mapped = writeSections([...readSections(bytes), sourceMapSection(bundle)]);
  return { bytes: mapped, declaration, inputs: [...bundle.inputs, basePath] };
}

function initialised(bundle: Bundle, entryName: string): InitialisedAgent {
  try {
    return preInitialise(quickJsBase(), withNames(bundle.text), bundle.name);
  } catch (error) {
    if (!EngineError.is(error) || error.code !== "WE_JAVASCRIPT_LOAD") throw error;
    const cause = mappedTrace(bundle, String(error.details["cause"]));
    throw javaScriptError("WE_JAVASCRIPT_LOAD", { name: entryName, cause });
  }
}

/**
 * The module of one script as it is, neither bundled nor checked: the same source, name and base give the same bytes.
 * @throws {WE_JAVASCRIPT_LOAD} {WE_JAVASCRIPT_BASE}
 */
export function buildJavaScriptAgent(
  source: string,
  name: string,
  base: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return preInitialise(base, source, name).bytes;
}

/** Bytes of the QuickJS base that belongs to this version. @throws {WE_JAVASCRIPT_BASE} */
export function quickJsBase(): Uint8Array {
  try {
    return readFileSync(basePath);
  } catch (error) {
    throw javaScriptError("WE_JAVASCRIPT_BASE", { cause: String(error) });
  }
}
