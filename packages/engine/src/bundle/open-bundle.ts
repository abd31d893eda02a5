/**
 * A bundle unpacked into a run folder. Everything is verified before anything is written: digests, names, paths, the
 * log's chain and the modules of its genesis. The folder appears whole or not at all.
 */

import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { EngineError, decodeUtf8 } from "@wasm-engine/abi";
import { encodeSyncedMark, equalBytes, readLog, segmentIndex } from "@wasm-engine/core";
import type { Genesis } from "@wasm-engine/core";
import { digestOf } from "@wasm-engine/wasm";
import { planFileName } from "../fork/fork-plan.js";
import { nodeHasher, sha256, sha256Hex } from "../crypto/node-crypto.js";
import { RunFolder } from "../storage/index.js";
import { storageError } from "../storage/errors.js";
import { makeFolders } from "../storage/make-folders.js";
import { runsDirectory } from "../world/run-reference.js";
import { checkModulesOf } from "../world/run-store.js";
import { bundleError, damaged } from "./errors.js";
import { checkFileBytes, decodeBundle } from "./bundle-file.js";
import type { BundleContent, BundlePart } from "./bundle-file.js";
import { causeOf, reportOf } from "./bundle-run.js";
import type { BundleReport } from "./bundle-run.js";
import type { Refuse } from "./byte-column.js";
import { installedInfo, parseJson, portableRunId, readPortableRecords } from "./portable-run.js";

const moduleName = /^modules\/[0-9a-f]{64}\.wasm$/;
const logFolder = "log/";

export interface OpenedBundle extends BundleReport {
  /** The run folder. */
  readonly dir: string;
}

export interface UnpackOptions {
  /** The run folder; must not exist. Default: `.wasm-engine/runs/<id>` below `baseDirectory`. */
  readonly dir?: string;
  /** Default: the working directory. */
  readonly baseDirectory?: string;
  /** Folder that the paths of run.json are taken from. Default: the run folder itself. */
  readonly filesDirectory?: string;
}

/**
 * Unpacks a bundle.
 * @throws {WE_BUNDLE_READ} {WE_BUNDLE_DAMAGED} {WE_BUNDLE_VERSION} {WE_BUNDLE_SIZE} {WE_BUNDLE_UNWRITABLE}
 * {WE_RUN_EXISTS}
 */
export function unpackBundle(path: string, options: UnpackOptions = {}): OpenedBundle {
  const { file, content, genesis } = readBundle(path, readFile(path));
  const base = options.baseDirectory ?? process.cwd();
  const dir = options.dir ?? join(runsDirectory(base), content.facts.runId);
  if (existsSync(dir)) throw storageError("WE_RUN_EXISTS", { path: dir });
  const temporary = join(dirname(dir), `.${basename(dir)}.${process.pid}.tmp`);
  try {
    makeFolders(dirname(dir));
    writeRun(temporary, { content, genesis, path, filesDirectory: options.filesDirectory ?? dir });
    renameSync(temporary, dir);
  } catch (error) {
    removeFolder(temporary);
    if (EngineError.is(error)) throw error;
    throw bundleError("WE_BUNDLE_UNWRITABLE", { path: dir, cause: causeOf(error) });
  }
  return { ...reportOf(path, file, content), dir };
}

/**
 * Unpacks a bundle into a folder of its own, which the caller removes. For reading only: models are looked for beside
 * the bundle.
 */
export function unpackTemporarily(path: string): { readonly dir: string; readonly remove: () => void } {
  const parent = mkdtempSync(join(tmpdir(), "wasm-engine-bundle-"));
  const remove = (): void => {
    rmSync(parent, { recursive: true, force: true });
  };
  try {
    const { dir } = unpackBundle(path, { dir: join(parent, "run"), filesDirectory: dirname(path) });
    return { dir, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

export interface ReadBundle {
  readonly file: Uint8Array;
  readonly content: BundleContent;
  readonly genesis: Genesis;
}

/**
 * A file as a run, verified whole. Nothing is written.
 * @throws {WE_BUNDLE_DAMAGED} {WE_BUNDLE_VERSION} {WE_BUNDLE_SIZE}
 */
export function readBundle(path: string, file: Uint8Array): ReadBundle {
  const content = decodeBundle(path, file);
  const refuse = damaged(path);
  checkNames(content, refuse);
  return { file, content, genesis: checkLog(content, refuse) };
}

function readFile(path: string): Uint8Array {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw bundleError("WE_BUNDLE_READ", { path, cause: "it is not a file" });
    checkFileBytes(path, stats.size);
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    if (EngineError.is(error)) throw error;
    throw bundleError("WE_BUNDLE_READ", { path, cause: causeOf(error) });
  }
}

const fileNames: ReadonlySet<string> = new Set(["run.json", "side.jsonl", planFileName]);

/** Only the names that a run folder has, each once: no other path is ever written. */
function checkNames({ parts, log }: BundleContent, refuse: Refuse): void {
  const seen = new Set<string>();
  for (const { name, bytes } of parts) {
    const isKnown = fileNames.has(name) || moduleName.test(name);
    if (!isKnown || seen.has(name)) refuse(`it holds a part ${JSON.stringify(name)}`);
    if (moduleName.test(name) && !isNamedByDigest(name, bytes)) refuse(`${name} is another module`);
    seen.add(name);
  }
  for (const name of ["run.json", "side.jsonl"]) if (!seen.has(name)) refuse(`it lacks ${name}`);
  for (const [index, { name }] of log.entries()) {
    if (segmentIndex(name.slice(logFolder.length)) !== index || !name.startsWith(logFolder)) {
      refuse(`it holds a segment ${JSON.stringify(name)}`);
    }
  }
}

/** Instrumented modules are named by their SHA-256, originals by their digest without signatures. */
function isNamedByDigest(name: string, bytes: Uint8Array): boolean {
  const digest = name.slice("modules/".length, -".wasm".length);
  if (sha256Hex(bytes) === digest) return true;
  try {
    return digestOf(bytes, sha256) === digest;
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return false;
  }
}

/** The log is whole to its last byte, and what the table states of it is so. */
function checkLog({ facts, log }: BundleContent, refuse: Refuse): Genesis {
  const segments = log.map(({ bytes }, index) => ({ index, bytes }));
  const verdict = readLog(segments, { hasher: nodeHasher });
  if (verdict.damagedAt !== undefined) refuse(`its log: ${verdict.damagedAt.reason}`);
  const { genesis, genesisDigest, state, reachedTick } = verdict;
  if (genesis === undefined || genesisDigest === undefined) return refuse("its log holds no genesis");
  const isAsStated =
    equalBytes(genesisDigest, facts.genesisDigest) &&
    equalBytes(state.chainHead, facts.chainHead) &&
    reachedTick + 1 === facts.ticks &&
    genesis.name === facts.name &&
    genesis.semantics === facts.semantics;
  return isAsStated ? genesis : refuse("its log is not the one that its table states");
}

/** What cannot be removed was never written: the first error is the one to tell. */
function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Its parent is no folder, or may not be changed.
  }
}

interface Unpacking {
  readonly genesis: Genesis;
  readonly content: BundleContent;
  readonly path: string;
  readonly filesDirectory: string;
}

function writeRun(folder: string, { content, genesis, path, filesDirectory }: Unpacking): void {
  const refuse = damaged(path);
  const text = (name: string): string =>
    decodeUtf8(content.parts.find((part) => part.name === name)?.bytes ?? new Uint8Array()) ??
    refuse(`${name} is not UTF-8`);
  const info = installedInfo(parseJson(text("run.json"), refuse), filesDirectory, refuse);
  if (portableRunId(info["runId"]) !== content.facts.runId) refuse("run.json is of another run");
  const records = readPortableRecords(text("side.jsonl"), refuse);
  const run = RunFolder.create(folder, info, nodeHasher);
  const files: readonly BundlePart[] = [
    ...content.parts.filter(({ name }) => moduleName.test(name) || name === planFileName),
    ...content.log,
  ];
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  const position = content.log.reduce((sum, { bytes }) => sum + bytes.length, 0);
  writeFileSync(join(folder, "synced"), encodeSyncedMark(content.facts.genesisDigest, position));
  const side = run.openSideRecords();
  try {
    for (const { kind, data } of records) side.append(kind, data);
  } finally {
    side.close();
  }
  try {
    checkModulesOf(run, genesis);
  } catch (error) {
    if (!EngineError.is(error) || error.code.startsWith("WE_INTERNAL_")) throw error;
    refuse(error.message);
  }
}
