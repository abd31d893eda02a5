/**
 * Builds by what they were made of: `.wasm-engine/build/KEY.json` lists every file a build looked at with its
 * digest, `KEY.wasm` is its output. An entry is used only while looking again gives the same. Where a folder is shared
 * (shared-folder.ts), equal sources in two projects are built once. Disposable.
 */

import { mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { sha256Hex } from "../crypto/node-crypto.js";
import type { CompiledSource, Compiler } from "./compiler.js";
import { buildError } from "./errors.js";
import { sharedFolder } from "./shared-folder.js";
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

/** A folder of entries, and the entry of one source there. */
interface Place {
  readonly folder: string;
  readonly key: string;
}

/**
 * The compiled source, from the cache of the project in `directory` where nothing has changed; else from the folder
 * that projects share, where another one had the same sources in the same places; else from the compiler.
 */
export async function compileCached(
  path: string,
  compiler: Compiler,
  directory: string,
): Promise<CachedBuild> {
  const { identity } = compiler;
  const own: Place = {
    folder: join(directory, ".wasm-engine", "build", "cache"),
    key: sha256Hex(Buffer.from(`${identity}\0${path}`)).slice(0, 32),
  };
  const cached = lookUp(own, identity, directory);
  if (cached !== undefined) return { ...cached, isCached: true };
  const shared = sharedPlace(path, identity, directory);
  const equal = shared === undefined ? undefined : lookUp(shared, identity, directory);
  const compiled = equal ?? (await compiler.compile(path));
  store(own, identity, compiled);
  if (shared !== undefined && equal === undefined)
    store(shared, identity, { ...compiled, trace: movable(compiled.trace, directory) });
  const { bytes, trace, declared = {} } = compiled;
  return { bytes, declared, trace, isCached: false };
}

/**
 * Where the builds of all projects lie that have this source at this path. Projects below the same folder look for
 * what is not theirs in the same places, so that an entry may say where that was.
 */
function sharedPlace(path: string, identity: string, directory: string): Place | undefined {
  const folder = sharedFolder();
  if (folder === undefined) return undefined;
  const source = sha256Hex(readFileSync(path));
  const key = [identity, dirname(directory), relative(directory, path), source].join("\0");
  return { folder: join(folder, "builds"), key: sha256Hex(Buffer.from(key)).slice(0, 32) };
}

/** What lies in the project by its path there; a compiler may have followed links to it. */
function movable(trace: SourceTrace, directory: string): SourceTrace {
  const roots = [directory, realpathSync(directory)].map((root) => `${root}${sep}`);
  return trace.map(([path, digest]) => {
    const root = roots.find((start) => path.startsWith(start));
    return [root === undefined ? path : path.slice(root.length), digest];
  });
}

function lookUp(
  { folder, key }: Place,
  identity: string,
  directory: string,
): Omit<CachedBuild, "isCached"> | undefined {
  try {
    const entry = JSON.parse(readFileSync(join(folder, `${key}.json`), "utf8")) as CacheEntry; // written below
    const bytes = new Uint8Array(readFileSync(join(folder, `${key}.wasm`)));
    const trace: SourceTrace = entry.trace.map(([path, digest]) => [resolve(directory, path), digest]);
    const isGood = entry.identity === identity && entry.sha256 === sha256Hex(bytes) && isTraceCurrent(trace);
    return isGood ? { bytes, declared: entry.declared, trace } : undefined;
  } catch {
    // Missing, torn or of another version: it is built again.
    return undefined;
  }
}

function store({ folder, key }: Place, identity: string, compiled: CompiledSource): void {
  const { bytes, trace, declared = {} } = compiled;
  const entry: CacheEntry = { identity, trace, sha256: sha256Hex(bytes), declared };
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
