/**
 * Builds by what they were made of: `.wasm-engine/build/KEY.json` lists every file a build looked at with its
 * digest, `KEY.wasm` is its output. An entry is used only while looking again gives the same. Disposable.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256Hex } from "../crypto/node-crypto.js";
import type { CompiledSource, Compiler } from "./compiler.js";
import { buildError } from "./errors.js";
import { isTraceCurrent } from "./source-log.js";
import type { SourceTrace } from "./source-log.js";

interface CacheEntry {
  readonly identity: string;
  readonly trace: SourceTrace;
  readonly sha256: string;
  readonly declared: Declared;
}

type Declared = NonNullable<CompiledSource["declared"]>;

export interface CachedBuild {
  readonly bytes: Uint8Array;
  readonly declared: Declared;
  /** Every file that was looked at, or for. */
  readonly trace: SourceTrace;
  readonly isCached: boolean;
}

/** The compiled source, from the cache where nothing has changed. */
export async function compileCached(path: string, compiler: Compiler, folder: string): Promise<CachedBuild> {
  const key = sha256Hex(Buffer.from(`${compiler.identity}\0${path}`)).slice(0, 32);
  const cached = lookUp(folder, key, compiler.identity);
  if (cached !== undefined) return { ...cached, isCached: true };
  const compiled = await compiler.compile(path);
  store(folder, key, { identity: compiler.identity, compiled });
  const { bytes, trace, declared = {} } = compiled;
  return { bytes, declared, trace, isCached: false };
}

function lookUp(folder: string, key: string, identity: string): Omit<CachedBuild, "isCached"> | undefined {
  try {
    const entry = JSON.parse(readFileSync(join(folder, `${key}.json`), "utf8")) as CacheEntry; // written below
    const bytes = new Uint8Array(readFileSync(join(folder, `${key}.wasm`)));
    const isGood =
      entry.identity === identity && entry.sha256 === sha256Hex(bytes) && isTraceCurrent(entry.trace);
    return isGood ? { bytes, declared: entry.declared, trace: entry.trace } : undefined;
  } catch {
    // Missing, torn or of another version: it is built again.
    return undefined;
  }
}

function store(folder: string, key: string, build: { identity: string; compiled: CompiledSource }): void {
  const { bytes, trace, declared = {} } = build.compiled;
  const entry: CacheEntry = { identity: build.identity, trace, sha256: sha256Hex(bytes), declared };
  writeAtomically(join(folder, `${key}.wasm`), bytes);
  writeAtomically(join(folder, `${key}.json`), `${JSON.stringify(entry, undefined, 1)}\n`);
}

/** Replaces a file as a whole: another process sees the old content or the new one. */
export function writeAtomically(path: string, content: Uint8Array | string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw buildError("WE_BUILD_STORE", { path: dirname(path), cause });
  }
}
