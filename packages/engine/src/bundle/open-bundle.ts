/**
 * A bundle unpacked into a run folder. Everything is verified before anything is written: digests, names, paths, the
 * log's chain and the modules of its genesis. The folder appears whole or not at all.
 */

import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EngineError, decodeUtf8 } from "@wasm-engine/abi";
import {
  decodePack,
  decodePagedSnapshot,
  decodeSnapshot,
  encodePagedSnapshot,
  encodeSnapshot,
  encodeSyncedMark,
  equalBytes,
  nextChainHead,
  readLog,
  readSnapshotPlace,
  segmentIndex,
} from "@wasm-engine/core";
import type { Genesis, Json, LogBase, LogRecord } from "@wasm-engine/core";
import { digestOf } from "@wasm-engine/wasm";
import { planFileName } from "../fork/fork-plan.js";
import { hexOfBytes, nodeHasher, sha256, sha256Hex } from "../crypto/node-crypto.js";
import { nodeCompression } from "../storage/block-compression.js";
import { RunFolder, nodeFileSystem, recoverLog } from "../storage/index.js";
import { placeBeside, removeAbandoned } from "../storage/abandoned-files.js";
import { storageError } from "../storage/errors.js";
import { makeDurableFolders, makeFolders } from "../storage/make-folders.js";
import { runInfoProblem } from "../world/run-info-schema.js";
import { runsDirectory } from "../world/run-reference.js";
import { checkModulesOf } from "../world/run-store.js";
import { withEmptyOutputs } from "../world/snapshot-content.js";
import { bundleError, damaged } from "./errors.js";
import { checkFileBytes, decodeBundle } from "./bundle-file.js";
import { followerIndexName } from "./limits.js";
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

export interface ImportedBundle extends OpenedBundle {
  /** The same run was there before; nothing was written. */
  readonly already: boolean;
}

export interface UnpackOptions {
  /** The run folder; must not exist. Default: `.wasm-engine/runs/<id>` below `baseDirectory`. */
  readonly dir?: string;
  /** Default: the working directory. */
  readonly baseDirectory?: string;
  /** Folder that the paths of run.json are taken from. Default: the run folder itself. */
  readonly filesDirectory?: string;
  /** Also the index of a follower, which says what its maker wrote into it. Default: it is made anew when needed. */
  readonly withIndex?: boolean;
  /** Everything is on the disk before the folder appears. Default: true. */
  readonly durable?: boolean;
}

/**
 * Unpacks a bundle.
 * @throws {WE_BUNDLE_READ} {WE_BUNDLE_DAMAGED} {WE_BUNDLE_VERSION} {WE_BUNDLE_SIZE} {WE_BUNDLE_UNWRITABLE}
 * {WE_RUN_EXISTS}
 */
export function unpackBundle(path: string, options: UnpackOptions = {}): OpenedBundle {
  const read = readBundle(path, readFile(path));
  const dir = placeOf(read.content, options);
  if (existsSync(dir)) throw storageError("WE_RUN_EXISTS", { path: dir });
  return install(path, read, { ...options, dir });
}

/**
 * As `unpackBundle`; where the same run is there already, says so and changes nothing.
 * @throws {WE_BUNDLE_HERE} and what `unpackBundle` throws
 */
export function importBundle(path: string, options: UnpackOptions = {}): ImportedBundle {
  const read = readBundle(path, readFile(path));
  const dir = placeOf(read.content, options);
  if (!existsSync(dir)) return { ...install(path, read, { ...options, dir }), already: false };
  const { runId, genesisDigest, chainHead, ticks } = read.content.facts;
  const here = recoverLog(RunFolder.open(dir, nodeHasher).log);
  const isSame =
    equalBytes(here.genesisDigest, genesisDigest) &&
    equalBytes(here.chainHead, chainHead) &&
    here.reachedTick + 1 === ticks;
  if (isSame) return { ...reportOf(path, read.file, read.content), dir, already: true };
  const found = `its chain head is ${hexOfBytes(here.chainHead)} after ${here.reachedTick + 1} ticks`;
  const expected = `${hexOfBytes(chainHead)} after ${ticks}`;
  throw bundleError("WE_BUNDLE_HERE", { runId, dir, found, expected });
}

function placeOf({ facts }: BundleContent, options: UnpackOptions): string {
  return options.dir ?? join(runsDirectory(options.baseDirectory ?? process.cwd()), facts.runId);
}

/** Writes the run beside its place and moves it there once it is on the disk. */
function install(
  path: string,
  { file, content, genesis, position }: ReadBundle,
  options: UnpackOptions & { readonly dir: string },
): OpenedBundle {
  const { dir, filesDirectory = dir, withIndex = false, durable = true } = options;
  const temporary = placeBeside(dir);
  try {
    makeDurableFolders(dirname(dir));
    removeAbandoned(dir);
    writeRun(temporary, { content, genesis, position, path, filesDirectory, withIndex, durable });
    renameSync(temporary, dir);
    if (durable) nodeFileSystem.syncFolder(dirname(dir));
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
    const { dir } = unpackBundle(path, {
      dir: join(parent, "run"),
      filesDirectory: dirname(path),
      durable: false,
    });
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
  /** End of the log. */
  readonly position: number;
}

/**
 * A file as a run, verified whole. Nothing is written.
 * @throws {WE_BUNDLE_DAMAGED} {WE_BUNDLE_VERSION} {WE_BUNDLE_SIZE}
 */
export function readBundle(path: string, file: Uint8Array): ReadBundle {
  const content = decodeBundle(path, file);
  const refuse = damaged(path);
  checkNames(content, refuse);
  const log = checkLog(content, refuse);
  checkSnapshots(content, log, refuse);
  return { file, content, genesis: log.genesis, position: log.position };
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

const fileNames: ReadonlySet<string> = new Set(["run.json", "side.jsonl", planFileName, followerIndexName]);
const snapshotName = /^snapshots\/(\d{16})\.snap$/;
const packName = /^pages\/([0-9a-f]{64})\.pack$/;
const knownNames = [moduleName, snapshotName, packName];

/** Only the names that a run folder has, each once: no other path is ever written. */
function checkNames({ parts, log }: BundleContent, refuse: Refuse): void {
  const seen = new Set<string>();
  for (const { name, bytes } of parts) {
    const isKnown = fileNames.has(name) || knownNames.some((form) => form.test(name));
    if (!isKnown || seen.has(name)) refuse(`it holds a part ${JSON.stringify(name)}`);
    if (moduleName.test(name) && !isNamedByDigest(name, bytes)) refuse(`${name} is another module`);
    seen.add(name);
  }
  for (const name of ["run.json", "side.jsonl"]) if (!seen.has(name)) refuse(`it lacks ${name}`);
  const first = indexOf(log[0]?.name ?? "") ?? 0;
  for (const [at, { name }] of log.entries()) {
    if (indexOf(name) !== first + at) refuse(`it holds a segment ${JSON.stringify(name)}`);
  }
}

function indexOf(name: string): number | undefined {
  return name.startsWith(logFolder) ? segmentIndex(name.slice(logFolder.length)) : undefined;
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

interface CheckedLog {
  readonly genesis: Genesis;
  readonly records: number;
  readonly position: number;
  readonly base: LogBase | undefined;
  /** Chain heads after the ticks of `facts`' snapshots, and of every other commit where there are snapshots. */
  readonly heads: ReadonlyMap<number, Uint8Array>;
}

/** The log is whole to its last byte, and what the table states of it is so. */
function checkLog({ facts, parts, log }: BundleContent, refuse: Refuse): CheckedLog {
  const segments = log.map(({ name, bytes }) => ({ index: indexOf(name) ?? 0, bytes }));
  const heads = new Map<number, Uint8Array>();
  const snapshots = new Set(parts.flatMap(({ name }) => tickOfSnapshot(name) ?? []));
  let head = facts.genesisDigest;
  const onRecord = (record: LogRecord): void => {
    if (record.kind === "base") head = record.base.chainHead;
    if (record.kind === "base") heads.set(record.base.tick, head);
    if (record.kind !== "commit" || snapshots.size === 0) return;
    head = nextChainHead(nodeHasher, head, record.commit);
    if (snapshots.has(record.commit.tick)) heads.set(record.commit.tick, head);
  };
  const verdict = readLog(segments, { hasher: nodeHasher, onRecord });
  if (verdict.damagedAt !== undefined) refuse(`its log: ${verdict.damagedAt.reason}`);
  const { genesis, genesisDigest, state, base, reachedTick } = verdict;
  if (genesis === undefined || genesisDigest === undefined) return refuse("its log holds no genesis");
  const isAsStated =
    equalBytes(genesisDigest, facts.genesisDigest) &&
    equalBytes(state.chainHead, facts.chainHead) &&
    reachedTick + 1 === facts.ticks &&
    genesis.name === facts.name &&
    genesis.semantics === facts.semantics;
  if (!isAsStated) return refuse("its log is not the one that its table states");
  return { genesis, records: state.records, position: state.position, base, heads };
}

function tickOfSnapshot(name: string): number | undefined {
  const [, digits] = snapshotName.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits) - 1;
}

/**
 * Every snapshot is whole and stands in the chain of the log, and every pack is named by one: what they say of the
 * world is for `replay`. A log without its beginning has one to begin with.
 */
function checkSnapshots({ facts, parts }: BundleContent, log: CheckedLog, refuse: Refuse): void {
  const packs = new Map(
    parts.flatMap(({ name, bytes }) => (packName.test(name) ? [[name, bytes] as const] : [])),
  );
  const named = new Set<string>();
  let first = Infinity;
  for (const { name, bytes } of parts) {
    const tick = tickOfSnapshot(name);
    if (tick === undefined) continue;
    first = Math.min(first, tick);
    const place = readable(name, refuse, () => readSnapshotPlace(nodeHasher, bytes));
    const fits =
      place.tick === tick &&
      place.logRecords <= log.records &&
      equalBytes(place.genesisDigest, facts.genesisDigest) &&
      equalBytes(place.chainHead, log.heads.get(tick) ?? new Uint8Array());
    if (!fits) refuse(`${name} does not stand in its log`);
    for (const digest of place.packs) named.add(`pages/${hexOfBytes(digest)}.pack`);
  }
  for (const name of named) if (!packs.has(name)) refuse(`it lacks ${name}`);
  for (const [name, bytes] of packs) {
    if (!named.has(name)) refuse(`it holds a part ${JSON.stringify(name)}`);
    const digest = Buffer.from(packName.exec(name)?.[1] ?? "", "hex");
    readable(name, refuse, () =>
      decodePack({ hasher: nodeHasher, compression: nodeCompression }, bytes, digest),
    );
  }
  if (log.base !== undefined && first !== log.base.tick)
    refuse("it lacks the snapshot that its log begins with");
}

/** Errors of snapshots are damage here. */
function readable<Result>(name: string, refuse: Refuse, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    return refuse(`${name}: ${error.message}`);
  }
}

/** Outputs do not travel: a run that goes on here writes its own, from its newest snapshot on. */
function withoutOutputs({ name, bytes }: BundlePart, refuse: Refuse): BundlePart {
  const ports = { hasher: nodeHasher, compression: nodeCompression };
  const parts = readable(name, refuse, () => {
    const paged = decodePagedSnapshot(ports, bytes);
    const snapshot = paged ?? decodeSnapshot(nodeHasher, bytes);
    const world = withEmptyOutputs(snapshot.world) ?? refuse(`${name} holds no world`);
    if (paged !== undefined) return encodePagedSnapshot(ports, { ...paged, world });
    return encodeSnapshot(nodeHasher, { ...decodeSnapshot(nodeHasher, bytes), world });
  });
  return { name, bytes: new Uint8Array(Buffer.concat(parts)) };
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
  readonly position: number;
  readonly withIndex: boolean;
  readonly durable: boolean;
}

function writeRun(folder: string, unpacking: Unpacking): void {
  const { content, genesis, path, filesDirectory, position, withIndex, durable } = unpacking;
  const refuse = damaged(path);
  const text = (name: string): string =>
    decodeUtf8(content.parts.find((part) => part.name === name)?.bytes ?? new Uint8Array()) ??
    refuse(`${name} is not UTF-8`);
  const info = installedInfo(parseJson(text("run.json"), refuse), filesDirectory, refuse);
  if (portableRunId(info["runId"]) !== content.facts.runId) refuse("run.json is of another run");
  const problem = runInfoProblem(info);
  if (problem !== undefined) refuse(`run.json: ${problem}`);
  const records = readPortableRecords(text("side.jsonl"), refuse);
  const run = RunFolder.create(folder, info, nodeHasher);
  const made = new Set(["run.json", "side.jsonl", ...(withIndex ? [] : [followerIndexName])]);
  const mark = encodeSyncedMark(content.facts.genesisDigest, position);
  const { outputs } = info["setup"] as { readonly outputs: readonly Json[] }; // installedInfo has looked
  const files: readonly BundlePart[] = [
    ...content.parts
      .filter(({ name }) => !made.has(name))
      .map((part) =>
        outputs.length > 0 && snapshotName.test(part.name) ? withoutOutputs(part, refuse) : part,
      ),
    ...content.log,
    { name: "synced", bytes: mark },
  ];
  for (const { name, bytes } of files) {
    makeFolders(dirname(join(folder, name)));
    writeFileSync(join(folder, name), bytes, { flush: durable });
  }
  const folders = durable ? new Set(files.map(({ name }) => dirname(name))) : [];
  for (const below of folders) nodeFileSystem.syncFolder(join(folder, below));
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
