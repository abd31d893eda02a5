/**
 * What the engine derives from a module's bytes: imports, capabilities, instrumented bytes. Validating and
 * instrumenting a large module takes most of a second, so the result is kept in `.wasm-engine/prepared`, under a key
 * of everything that it depends on: the module's digest, `semantics`, and the code that derives it. Disposable;
 * signatures are never answered from here.
 */

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CapabilityName, HostFunctionName, ModuleDigest } from "@wasm-engine/abi";
import { encodeUtf8 } from "@wasm-engine/abi";
import { SEMANTICS } from "@wasm-engine/core";
import {
  COST_TABLE_VERSION,
  checkAgentModule,
  digestOf,
  instrument,
  validateModule,
} from "@wasm-engine/wasm";
import { sha256, sha256Hex } from "../crypto/node-crypto.js";
import { writeAtomically } from "./build-cache.js";

export interface PreparedModule {
  /** Over the bytes without signature sections. */
  readonly digest: ModuleDigest;
  readonly imports: readonly HostFunctionName[];
  readonly capabilities: readonly CapabilityName[];
  readonly instrumented: Uint8Array;
}

interface PreparedEntry extends Pick<PreparedModule, "imports" | "capabilities"> {
  /** Over the instrumented bytes, and of this entry: a torn or altered one is derived again. */
  readonly sha256: string;
}

/**
 * Validates, checks and instruments a module, or recalls what doing so gave.
 * @param project folder whose `.wasm-engine` keeps the result
 * @throws {WE_MODULE_…} where the module is refused
 */
export function prepareModule(bytes: Uint8Array, project: string): PreparedModule {
  const digest = digestOf(bytes, sha256);
  const key = sha256Hex(encodeUtf8(`${digest}\0${SEMANTICS}\0${COST_TABLE_VERSION}\0${preparerDigest()}`));
  const stem = join(project, ".wasm-engine", "prepared", key.slice(0, 32));
  const known = recall(stem);
  if (known !== undefined) return { digest, ...known };
  const { imports, capabilities } = checkAgentModule(validateModule(bytes));
  const { bytes: instrumented } = instrument(bytes);
  keep(stem, { imports, capabilities, instrumented });
  return { digest, imports, capabilities, instrumented };
}

type Derived = Omit<PreparedModule, "digest">;

function recall(stem: string): Derived | undefined {
  try {
    const text = readFileSync(`${stem}.json`, "utf8");
    const { sha256: expected, imports, capabilities } = JSON.parse(text) as PreparedEntry; // written below
    const instrumented = new Uint8Array(readFileSync(`${stem}.wasm`));
    if (expected !== entryDigest({ imports, capabilities, instrumented })) return undefined;
    return { imports, capabilities, instrumented };
  } catch {
    // Missing, torn or of another version: it is derived again.
    return undefined;
  }
}

/** A folder that cannot be written costs time at the next start, nothing else. */
function keep(stem: string, derived: Derived): void {
  const { imports, capabilities, instrumented } = derived;
  const entry: PreparedEntry = { sha256: entryDigest(derived), imports, capabilities };
  try {
    writeAtomically(`${stem}.wasm`, instrumented);
    writeAtomically(`${stem}.json`, `${JSON.stringify(entry)}\n`);
  } catch {
    return;
  }
}

function entryDigest({ imports, capabilities, instrumented }: Derived): string {
  const head = encodeUtf8(`${imports.join()}\0${capabilities.join()}\0`);
  return sha256Hex(Buffer.concat([head, instrumented]));
}

let knownPreparer: string | undefined;

/** Digest of the code that derives: another build of it never meets the results of this one. */
function preparerDigest(): string {
  if (knownPreparer !== undefined) return knownPreparer;
  const folder = dirname(fileURLToPath(import.meta.resolve("@wasm-engine/wasm")));
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".js") && !name.endsWith(".test.js"))
    .sort();
  knownPreparer = sha256Hex(Buffer.concat(files.map((name) => readFileSync(join(folder, name)))));
  return knownPreparer;
}
