/** A run as one file: everything that replay needs, nothing of the machine that it ran on. */

import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError, assert, compareIds, encodeUtf8 } from "@wasm-engine/abi";
import type { ModuleDigest } from "@wasm-engine/abi";
import { damageError, equalBytes, readLog, readSyncedMark, segmentName } from "@wasm-engine/core";
import type { Genesis } from "@wasm-engine/core";
import { hexOfBytes, nodeHasher, sha256Hex } from "../crypto/node-crypto.js";
import { placeBeside, removeAbandoned } from "../storage/abandoned-files.js";
import { storageError } from "../storage/errors.js";
import { cutLog } from "../storage/cut-log.js";
import { errnoOf } from "../storage/file-system.js";
import { RunFolder, nodeFileSystem, readSegments } from "../storage/index.js";
import { planBytes } from "../fork/fork-future.js";
import { planFileName } from "../fork/fork-plan.js";
import { checkModulesOf, engineRelease, moduleDigestsOf, readInfo } from "../world/run-store.js";
import { checkFileBytes, contentDigest, encodeBundle } from "./bundle-file.js";
import type { BundleContent, BundlePart } from "./bundle-file.js";
import { bundleError, sizeError } from "./errors.js";
import { bundleContentBytesMax, followerIndexName } from "./limits.js";
import { portableInfo, portableRecords, portableRunId } from "./portable-run.js";

/** What was written. */
export interface BundleReport {
  readonly path: string;
  readonly runId: string;
  readonly name: string;
  readonly ticks: number;
  readonly chainHead: string;
  /** Over names and contents of the parts: equal for one run, whatever compressed it. */
  readonly digest: string;
  /** Of the file. */
  readonly sha256: string;
  readonly bytes: number;
  /** Of the parts unpacked. */
  readonly contentBytes: number;
}

/** What else of a run goes into its file. */
export interface BundleOptions {
  /** The log begins at the newest snapshot at or before this tick; what came before stays behind. */
  readonly from?: number;
  /** With its snapshots, so that any tick is reached as fast as here. */
  readonly snapshots?: boolean;
  /** With the index of its follower. */
  readonly index?: boolean;
}

/**
 * Writes the run in `dir` as one file; folders of `path` that are not there are made. The log is verified first; what
 * a crash left behind its last record stays out.
 * @throws {WE_BUNDLE_EXISTS} {WE_BUNDLE_SIZE} {WE_BUNDLE_UNWRITABLE} and what reading a damaged run throws
 */
export function writeBundle(dir: string, path: string, options: BundleOptions = {}): BundleReport {
  if (existsSync(path)) throw bundleError("WE_BUNDLE_EXISTS", { path });
  const content = contentOfRun(dir, path, options);
  const file = encodeBundle(content, engineRelease());
  checkFileBytes(path, file.length);
  store(path, file);
  return reportOf(path, file, content);
}

/** What is told of a bundle, written or opened. */
export function reportOf(path: string, file: Uint8Array, content: BundleContent): BundleReport {
  const { facts, parts, log } = content;
  return {
    path,
    runId: facts.runId,
    name: facts.name,
    ticks: facts.ticks,
    chainHead: hexOfBytes(facts.chainHead),
    digest: hexOfBytes(contentDigest(content)),
    sha256: sha256Hex(file),
    bytes: file.length,
    contentBytes: [...parts, ...log].reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
}

function contentOfRun(dir: string, path: string, options: BundleOptions): BundleContent {
  const folder = RunFolder.open(dir, nodeHasher);
  const info = portableInfo(folder.readInfo());
  const log = beginningAt(folder, wholeSegments(folder), options.from);
  const contentBytes = log.segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (contentBytes > bundleContentBytesMax)
    throw sizeError(path, "its log", { bytes: contentBytes, bytesMax: bundleContentBytesMax });
  const { genesis } = log;
  checkModulesOf(folder, genesis);
  const parts: BundlePart[] = [
    { name: "run.json", bytes: encodeUtf8(`${JSON.stringify(info, undefined, 2)}\n`) },
    { name: "side.jsonl", bytes: encodeUtf8(portableRecords(folder.sideRecords())) },
    ...forkParts(folder),
    ...moduleParts(folder),
    ...snapshotParts(folder, log, options.snapshots === true),
    ...(options.index === true ? indexParts(folder) : []),
  ];
  const { runId } = info as { runId: string }; // made by portableInfo
  const facts = {
    name: genesis.name,
    runId: portableRunId(runId),
    semantics: genesis.semantics,
    genesisDigest: log.genesisDigest,
    chainHead: log.chainHead,
    ticks: log.reachedTick + 1,
  };
  return { facts, parts, log: log.segments };
}

/** What a fork has not used yet: without it the run replays, but cannot go on. @throws {WE_FORK_PLAN} */
function forkParts(folder: RunFolder): BundlePart[] {
  const { fork } = readInfo(folder);
  return fork?.plan === undefined ? [] : [{ name: planFileName, bytes: planBytes(folder.path, fork.plan) }];
}

/** Original and instrumented bytes of every module, once each, in the order of their names. */
function moduleParts(folder: RunFolder): BundlePart[] {
  const names = [...new Set(moduleDigestsOf(folder))].sort();
  return names.map((digest: ModuleDigest) => {
    const bytes = folder.readModule(digest) ?? new Uint8Array();
    return { name: `modules/${digest}.wasm`, bytes };
  });
}

interface WholeLog {
  readonly genesis: Genesis;
  readonly genesisDigest: Uint8Array;
  readonly segments: readonly BundlePart[];
  readonly chainHead: Uint8Array;
  readonly reachedTick: number;
  readonly records: number;
  /** Last tick that was given up; undefined where the log is whole. */
  readonly baseTick: number | undefined;
}

/** The segments up to the last good record. @throws {WE_LOG_DAMAGED} {WE_RUN_NEVER_STARTED} */
function wholeSegments(folder: RunFolder): WholeLog {
  // The mark before the segments: a running world only appends. What it covers must be there.
  const mark = folder.log.system.read(folder.log.markPath);
  const syncedPosition = mark === undefined ? 0 : (readSyncedMark(mark, undefined) ?? 0);
  const all = [...readSegments(folder.log)];
  const verdict = readLog(all, { hasher: nodeHasher, syncedPosition });
  const { genesis, genesisDigest } = verdict;
  const neverStarted = storageError("WE_RUN_NEVER_STARTED", { path: folder.path });
  if (genesis === undefined && mark === undefined && verdict.damagedAt?.kind !== "wrong") throw neverStarted;
  if (verdict.damagedAt !== undefined) throw damageError(verdict.damagedAt);
  if (genesis === undefined || genesisDigest === undefined) throw neverStarted;
  const { segment: last, offset } = verdict.end;
  const segments = all
    .filter(({ index }) => index < last || (index === last && offset > 0))
    .map(({ index, bytes }): BundlePart => {
      return { name: `log/${segmentName(index)}`, bytes: index === last ? bytes.subarray(0, offset) : bytes };
    });
  return {
    genesis,
    genesisDigest,
    segments,
    chainHead: verdict.state.chainHead,
    reachedTick: verdict.reachedTick,
    records: verdict.state.records,
    baseTick: verdict.base?.tick,
  };
}

/** The log from the newest snapshot at or before `from` on. @throws {WE_BUNDLE_FROM} */
function beginningAt(folder: RunFolder, log: WholeLog, from: number | undefined): WholeLog {
  if (from === undefined) return log;
  const { genesisDigest, records, baseTick } = log;
  const fit = { genesisDigest, records, tickMin: baseTick ?? 0, tickMax: from };
  const { snapshot } = folder.snapshots.newest(fit);
  const ticks = folder.snapshots.ticks();
  const found = ticks.length === 0 ? "the run has none" : `there are those of ticks ${ticks.join(", ")}`;
  const cut = snapshot && cutLog(folder.log, snapshot.tick);
  if (snapshot === undefined || (cut !== undefined && !equalBytes(cut.state.chainHead, snapshot.chainHead)))
    throw bundleError("WE_BUNDLE_FROM", { dir: folder.path, tick: from, found });
  if (cut === undefined) return log;
  const name = `log/${segmentName(cut.index)}`;
  const at = log.segments.findIndex((segment) => segment.name === name);
  const kept = log.segments[at];
  assert(kept !== undefined, "the cut lies in the log");
  // What a crash left behind the last record was left out of the whole log, and is here too.
  const bytes = cut.bytes.subarray(0, cut.bytes.length - cut.restBytes + (kept.bytes.length - cut.offset));
  const segments = [{ name, bytes }, ...log.segments.slice(at + 1)];
  return { ...log, segments, baseTick: cut.state.tick };
}

/** All snapshots, or the one that a log without its older records begins with. @throws {WE_RUN_COMPACTED} */
function snapshotParts(folder: RunFolder, { baseTick }: WholeLog, all: boolean): readonly BundlePart[] {
  const parts = new Map<string, BundlePart>();
  const add = (tick: number): boolean => {
    const files = folder.snapshots.filesOf(tick);
    for (const file of files ?? []) parts.set(file.name, file);
    return files !== undefined;
  };
  const first = folder.snapshots.ticks().find((tick) => tick >= (baseTick ?? Infinity)) ?? -1;
  if (baseTick !== undefined && !add(first))
    throw storageError("WE_RUN_COMPACTED", {
      path: folder.path,
      tick: baseTick,
      asked: "its first snapshot",
    });
  const later = folder.snapshots.ticks().filter((tick) => tick >= (baseTick ?? 0));
  if (all) later.forEach(add);
  return [...parts.values()].sort((left, right) => compareIds(left.name, right.name));
}

function indexParts(folder: RunFolder): readonly BundlePart[] {
  const bytes = nodeFileSystem.read(join(folder.path, followerIndexName));
  return bytes === undefined ? [] : [{ name: followerIndexName, bytes }];
}

/** Whole or not at all, and on the disk. */
function store(path: string, file: Uint8Array): void {
  const temporary = placeBeside(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    removeAbandoned(path);
    writeFileSync(temporary, file, { flush: true });
    publish(temporary, path);
    nodeFileSystem.syncFolder(dirname(path));
  } catch (error) {
    removeFile(temporary);
    if (EngineError.is(error)) throw error;
    throw bundleError("WE_BUNDLE_UNWRITABLE", { path, cause: causeOf(error) });
  }
}

/** A file of that name that has come since it was looked for stays. */
function publish(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
    removeFile(temporary);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") throw bundleError("WE_BUNDLE_EXISTS", { path });
    // Not every file system has links.
    renameSync(temporary, path);
  }
}

/** What cannot be removed was never written: the first error is the one to tell. */
function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its name is too long, or its parent is no folder.
  }
}

/** Text of an error of node:fs. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
