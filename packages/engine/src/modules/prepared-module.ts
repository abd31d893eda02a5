/**
 * What the engine derives from a module's bytes: imports, capabilities, instrumented bytes. Validating and
 * instrumenting a large module takes most of a second, so the result is kept in `.wasm-engine/prepared`, or where
 * `WASM_ENGINE_PREPARED` says, under a key of everything that it depends on: the module's digest, `semantics`, and the
 * code that derives it. Disposable; signatures are never answered from here.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CapabilityName, HostFunctionName, ModuleDigest } from "@wasm-engine/abi";
import { encodeUtf8 } from "@wasm-engine/abi";
import { SEMANTICS } from "@wasm-engine/core";
import { COST_TABLE_VERSION, checkAgentModule, digestOf, instrument, validate } from "@wasm-engine/wasm";
import type { ValidatedModule } from "@wasm-engine/wasm";
import { sha256, sha256Hex } from "../crypto/node-crypto.js";
import { writeAtomically } from "./build-cache.js";
import { sharedFolder } from "./shared-folder.js";

/** What checking a module's structure gave. */
export interface CheckedModule {
  /** Over the bytes without signature sections. */
  readonly digest: ModuleDigest;
  readonly imports: readonly HostFunctionName[];
  readonly capabilities: readonly CapabilityName[];
}

export interface PreparedModule extends CheckedModule {
  readonly instrumented: Uint8Array;
}

/**
 * Validates and checks a module, or recalls what doing so gave.
 * @param project folder whose `.wasm-engine` keeps the result
 * @throws {WE_MODULE_…} where the module is refused
 */
export function checkModule(bytes: Uint8Array, project: string): CheckedModule {
  return check(bytes, project).checked;
}

/** {@link checkModule}, and instruments the module. */
export function prepareModule(bytes: Uint8Array, project: string): PreparedModule {
  const { checked, validated } = check(bytes, project);
  const path = entryPath(project, "instrumented", checked.digest);
  const known = recall(path);
  if (known !== undefined) return { ...checked, instrumented: new Uint8Array(known) };
  const { bytes: instrumented } = instrument(validated ?? bytes);
  keep(path, instrumented);
  return { ...checked, instrumented };
}

/** `validated` is there unless the result was recalled. */
interface Check {
  readonly checked: CheckedModule;
  readonly validated?: ValidatedModule;
}

function check(bytes: Uint8Array, project: string): Check {
  const digest = digestOf(bytes, sha256);
  const path = entryPath(project, "checked", digest);
  const known = recall(path);
  if (known !== undefined) {
    return { checked: { digest, ...(JSON.parse(known.toString()) as CheckedText) } }; // kept below
  }
  const validated = validate(bytes);
  const { imports, capabilities } = checkAgentModule(validated);
  const text: CheckedText = { imports, capabilities };
  keep(path, encodeUtf8(JSON.stringify(text)));
  return { checked: { digest, imports, capabilities }, validated };
}

type CheckedText = Omit<CheckedModule, "digest">;

const DIGEST_BYTES = 32;

/** Projects may share one folder: keys say nothing of a project. */
function folderOf(project: string): string {
  return sharedFolder() ?? join(project, ".wasm-engine", "prepared");
}

function entryPath(project: string, kind: string, digest: ModuleDigest): string {
  const key = `${kind}\0${digest}\0${SEMANTICS}\0${COST_TABLE_VERSION}\0${preparerDigest()}`;
  return join(folderOf(project), `${sha256Hex(encodeUtf8(key)).slice(0, 32)}.${kind}`);
}

/** An entry is the SHA-256 of its content, and the content: a torn or altered one is derived again. */
function recall(path: string): Buffer | undefined {
  try {
    const entry = readFileSync(path);
    const content = entry.subarray(DIGEST_BYTES);
    return entry.length >= DIGEST_BYTES && entry.subarray(0, DIGEST_BYTES).equals(sha256(content))
      ? content
      : undefined;
  } catch {
    // Missing or of another version: it is derived again.
    return undefined;
  }
}

/** A folder that cannot be written costs time at the next start, nothing else. */
function keep(path: string, content: Uint8Array): void {
  try {
    writeAtomically(path, Buffer.concat([sha256(content), content]));
  } catch {
    return;
  }
}

let knownPreparer: string | undefined;

/** Digest of the code that derives: another build of it never meets the results of this one. */
function preparerDigest(): string {
  // All of it is one file: see scripts/src/join-modules.ts.
  knownPreparer ??= sha256Hex(readFileSync(fileURLToPath(import.meta.resolve("@wasm-engine/wasm"))));
  return knownPreparer;
}
