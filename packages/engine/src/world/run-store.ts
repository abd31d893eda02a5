/**
 * A run folder as the host uses it: creates it from a configuration, opens it to go on, or opens it for reading.
 * Checks that the modules in it are those of the genesis. Formats and durability are storage's own.
 */

import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { ModuleDigest } from "@wasm-engine/abi";
import { EXECUTABLE_SEMANTICS, genesisDigest } from "@wasm-engine/core";
import type { Genesis, Json, LogBase, Snapshot } from "@wasm-engine/core";
import { digestOf } from "@wasm-engine/wasm";
import type { ForkRecord } from "../fork/contract.js";
import { newRunId, runsDirectory } from "./run-reference.js";
import { nodeHasher, sha256Hex } from "../crypto/node-crypto.js";
import { StackMap } from "../modules/stack-map.js";
import { clearOutputs } from "../outputs/clear-outputs.js";
import { RunFolder, createEventLog, openEventLog, recoverLog, surveyLog } from "../storage/index.js";
import type { EventLog, RecoveredLog, RunLock, SideRecord, SideRecords } from "../storage/index.js";
import { storageError } from "../storage/errors.js";
import { isLogBegun } from "../storage/event-log-reader.js";
import type { OpenLogOptions } from "../storage/event-log.js";
import type { FileSystem } from "../storage/file-system.js";
import { checkNewRunPlace } from "../storage/new-run-place.js";
import type { ResolvedWorld } from "./contract.js";
import type { StopReason } from "./control.js";
import { fail } from "./errors.js";
import { runInfoProblem } from "./run-info-schema.js";
import { executingProcess } from "./run-result.js";
import { decodeContent } from "./snapshot-content.js";
import { snapshotShelf } from "./snapshot-shelf.js";
import type { SnapshotShelf } from "./snapshot-shelf.js";

/** What a run folder keeps of its configuration beside genesis and modules. JSON. */
export type RunSetup = Omit<ResolvedWorld, "genesis" | "modules">;

/** A module of the run: digest over the original bytes, SHA-256 over the instrumented ones. */
export interface StoredModule {
  readonly name: string;
  readonly digest: ModuleDigest;
  readonly instrumented: ModuleDigest;
}

export interface RunInfo {
  readonly format: 1;
  readonly runId: string;
  readonly name: string;
  /** Version of the engine that made the run. */
  readonly release: string;
  readonly semantics: number;
  readonly createdAt: string;
  readonly setup: RunSetup;
  readonly modules: readonly StoredModule[];
  /** Present where the run was forked from another. */
  readonly fork?: ForkRecord;
}

/** A run folder opened for reading. */
export interface ReadRun {
  readonly runId: string;
  readonly dir: string;
  readonly genesis: Genesis;
  readonly setup: RunSetup;
  /** Instrumented bytes by digest. */
  readonly modules: ReadonlyMap<ModuleDigest, Uint8Array>;
  readonly recovered: RecoveredLog;
  /** A module as signed. @throws {WE_MODULE_DIGEST_MISMATCH} where the folder has lost it */
  moduleBytes(digest: ModuleDigest): Uint8Array;
  /** What the configuration called a module when the run was made; its digest where it was not there. */
  moduleName(digest: ModuleDigest): string;
  /** Places of the sources for stack traces of the run's modules. */
  readonly stacks: StackMap;
  /** Present where the run was forked from another. */
  readonly fork: ForkRecord | undefined;
  /** Facts beside the chain, oldest first. @throws {WE_RUN_FILE_DAMAGED} */
  sideRecords(): readonly SideRecord[];
  /** The newest usable snapshot at or before `tick`. */
  newestSnapshot(tick: number): Snapshot | undefined;
  /** State hash that a snapshot of exactly this tick recorded. */
  stateHashOfSnapshot(tick: number): Uint8Array | undefined;
  /** Ticks of the snapshots that are there, ascending; whether they can be used shows when they are read. */
  snapshotTicks(): readonly number[];
}

/** How a run ended, noted beside the chain so that lists of runs need not read logs. */
export interface RunEnd {
  readonly reason: StopReason;
  readonly chainHead: string;
}

/** A run folder opened for going on. */
export interface RunStore extends Omit<
  ReadRun,
  "recovered" | "moduleBytes" | "moduleName" | "snapshotTicks" | "stateHashOfSnapshot"
> {
  readonly log: EventLog;
  /** Absent in a new run. */
  readonly recovered: RecoveredLog | undefined;
  /** Keeps a fact beside the chain. */
  note(kind: string, data: Json): void;
  readonly snapshots: SnapshotShelf;
  readonly genesisDigest: Uint8Array;
  /** SHA-256 of the file of the newest snapshot, as hex; undefined without one. */
  newestSnapshotDigest(): string | undefined;
  /** Whether the newest snapshot is that of the tick, and the next one can refer to its pages. */
  canBuildOn(tick: number): boolean;
  /** Closes the log with its closing record and gives the folder back. */
  close(reachedTick: number, end?: RunEnd): void;
  /** Gives the folder back without a closing record. */
  release(): void;
}

export interface StoreOptions {
  readonly threaded: boolean;
  /** Another disk, for tests: nobody else can have a run of it open, and its log has no thread. */
  readonly system?: FileSystem;
  /** Length from which on a segment of the log is followed by another. */
  readonly segmentBytes?: number;
  /** Of the thread that the log belongs to: see `LogOptions`. */
  readonly bell?: SharedArrayBuffer;
}

/** Another disk belongs to whoever made it. */
const unshared: Pick<RunLock, "release"> = { release: () => undefined };

function lockOf(folder: RunFolder, { system }: StoreOptions): Pick<RunLock, "release"> {
  return system === undefined ? folder.lock() : unshared;
}

function writerOf({
  threaded,
  segmentBytes,
  bell,
}: StoreOptions): Pick<OpenLogOptions, "threaded" | "segmentBytes" | "bell"> {
  return {
    threaded,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    ...(bell === undefined ? {} : { bell }),
  };
}

/** Makes the folder of a new run. @throws {WE_RUN_EXISTS} {WE_RUN_NESTED} and what storage throws */
export function createRunStore(
  world: ResolvedWorld,
  options: StoreOptions & { dir: string | undefined },
): RunStore {
  const runId = newRunId();
  const dir = options.dir ?? join(runsDirectory(world.baseDirectory), runId);
  if (options.system === undefined) checkNewRunPlace(dir);
  const { genesis, modules, ...setup } = world;
  const stored = [...modules].map(([digest, { name, instrumented }]): StoredModule => {
    return { name, digest, instrumented: instrumentedDigest(instrumented) };
  });
  const id = options.dir === undefined ? runId : basename(resolve(dir));
  const info = newRunInfo(id, { genesis, setup, modules: stored });
  // What an earlier run of the same configuration wrote there is not part of this one.
  clearOutputs(setup.outputs, options.system);
  const folder = RunFolder.create(dir, info as unknown as Json, nodeHasher, options.system); // plain data by contract
  const lock = lockOf(folder, options);
  try {
    for (const [digest, module] of modules) {
      folder.writeModule(digest, module.bytes);
      folder.writeModule(instrumentedDigest(module.instrumented), module.instrumented);
    }
    const { durability } = setup;
    const log = createEventLog(folder.log, genesis, { durability, ...writerOf(options) });
    const bytes = new Map([...modules].map(([digest, module]) => [digest, module.instrumented]));
    const { threaded } = options;
    return live({ folder, lock, log, info, genesis, modules: bytes, recovered: undefined, threaded });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** run.json of a run that this release makes now. */
export function newRunInfo(
  runId: string,
  run: { readonly genesis: Genesis } & Pick<RunInfo, "setup" | "modules" | "fork">,
): RunInfo {
  const { genesis, setup, modules, fork } = run;
  return {
    format: 1,
    runId,
    name: genesis.name,
    release: engineRelease(),
    semantics: genesis.semantics,
    createdAt: new Date().toISOString(),
    setup,
    modules,
    ...(fork === undefined ? {} : { fork }),
  };
}

/** Opens a run to go on with it. @throws {WE_RUN_NOT_FOUND} @throws {WE_RUN_LOCKED} @throws {WE_LOG_DAMAGED} */
export function openRunStore(dir: string, options: StoreOptions): RunStore {
  const folder = RunFolder.open(dir, nodeHasher, options.system);
  const lock = lockOf(folder, options);
  try {
    const info = readInfo(folder);
    // From run.json and not from the log: nothing is opened for writing that cannot go on.
    checkSemantics(dir, info, info.semantics);
    // Modules are written before the log is begun: some may be missing here, and that is not what is wrong.
    if (!isLogBegun(folder.log)) throw storageError("WE_RUN_NEVER_STARTED", { path: dir });
    folder.removeInterrupted();
    const modules = readModules(folder, info);
    const { durability } = info.setup;
    const { log, recovered } = openEventLog(folder.log, { durability, ...writerOf(options) });
    checkGenesis(recovered.genesis, modules);
    return live({
      folder,
      lock,
      log,
      info,
      genesis: recovered.genesis,
      modules,
      recovered,
      threaded: options.threaded,
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What a run was configured with. @throws {WE_RUN_NOT_FOUND} @throws {WE_RUN_INFO} */
export function readSetup(dir: string): RunSetup {
  return readInfo(RunFolder.open(dir, nodeHasher)).setup;
}

/** `whole`: the log is checked from begin to end first. `parts`: each part when it is read. */
export type LogChecking = "whole" | "parts";

/** Opens a run for reading; changes nothing in it. @throws {WE_RUN_NOT_FOUND} @throws {WE_LOG_DAMAGED} */
export function readRunStore(dir: string, checking: LogChecking = "whole"): ReadRun {
  const folder = RunFolder.open(dir, nodeHasher);
  const info = readInfo(folder);
  const modules = readModules(folder, info);
  const recovered = checking === "whole" ? recoverLog(folder.log) : surveyLog(folder.log);
  checkSemantics(dir, info, recovered.genesis.semantics);
  checkGenesis(recovered.genesis, modules);
  const { genesis, records, base } = recovered;
  return {
    runId: info.runId,
    dir,
    genesis,
    setup: info.setup,
    modules,
    recovered,
    moduleBytes: (digest) => moduleBytesOf(folder, digest),
    moduleName: (digest) => info.modules.find((module) => module.digest === digest)?.name ?? digest,
    stacks: stacksOf(folder, info),
    fork: info.fork,
    sideRecords: () => folder.sideRecords(),
    stateHashOfSnapshot: (tick) => {
      const world = folder.snapshots.worldOf(tick, { genesisDigest: recovered.genesisDigest, records });
      return world && decodeContent({ world, images: [] }).stateHash;
    },
    snapshotTicks: () => folder.snapshots.ticks(),
    newestSnapshot: (tick) =>
      newestSnapshot(folder, { digest: recovered.genesisDigest, records, base, tick }),
  };
}

/** @throws {WE_RUN_SEMANTICS} */
function checkSemantics(dir: string, { release }: RunInfo, semantics: number): void {
  if (EXECUTABLE_SEMANTICS.includes(semantics)) return;
  const executable = EXECUTABLE_SEMANTICS.join(", ");
  throw fail("WE_RUN_SEMANTICS", { dir, found: semantics, executable, release });
}

/** Version in the package's own manifest. */
export function engineRelease(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version; // npm's format
}

interface LiveParts {
  readonly folder: RunFolder;
  readonly lock: Pick<RunLock, "release">;
  readonly log: EventLog;
  readonly info: RunInfo;
  readonly genesis: Genesis;
  readonly modules: ReadonlyMap<ModuleDigest, Uint8Array>;
  readonly recovered: RecoveredLog | undefined;
  readonly threaded: boolean;
}

function live(parts: LiveParts): RunStore {
  const { folder, lock, log, info, genesis, modules, recovered } = parts;
  const digest = genesisDigest(nodeHasher, genesis);
  const side: SideRecords = folder.openSideRecords();
  const { node, arch, v8Flags } = executingProcess();
  side.append("opened", { node, arch, v8Flags, at: new Date().toISOString(), cut: cutOf(recovered) });
  const snapshots = snapshotShelf({ ...parts, keep: info.setup.snapshotsKept, side, genesisDigest: digest });
  const release = (): void => {
    snapshots.close();
    side.close();
    lock.release();
  };
  return {
    runId: info.runId,
    dir: folder.path,
    genesis,
    setup: info.setup,
    modules,
    log,
    recovered,
    stacks: stacksOf(folder, info),
    fork: info.fork,
    newestSnapshot: (tick) =>
      newestSnapshot(folder, { digest, records: log.records, base: recovered?.base, tick }),
    genesisDigest: digest,
    newestSnapshotDigest: () => folder.snapshots.newestDigest(),
    canBuildOn: (tick) => folder.snapshots.canBuildOn(tick),
    sideRecords: () => folder.sideRecords(),
    note: (kind, data) => side.append(kind, data),
    snapshots,
    close: (reachedTick, end) => {
      snapshots.settle();
      log.close(reachedTick);
      side.append("closed", { ...end, reachedTick, at: new Date().toISOString() });
      release();
    },
    release,
  };
}

function cutOf(recovered: RecoveredLog | undefined): Json {
  const cut = recovered?.cut;
  if (cut === undefined) return null;
  const { segment, offset, record, bytes } = cut;
  return { segment, offset, record, bytes };
}

function newestSnapshot(
  folder: RunFolder,
  fit: {
    readonly digest: Uint8Array;
    readonly records: number;
    readonly base: LogBase | undefined;
    readonly tick: number;
  },
): Snapshot | undefined {
  const { digest, records, base, tick } = fit;
  const span = { tickMin: base?.tick ?? -1, tickMax: tick };
  return folder.snapshots.newest({ genesisDigest: digest, records, ...span }).snapshot;
}

/** @throws {WE_RUN_INFO} */
export function readInfo(folder: RunFolder): RunInfo {
  const info = folder.readInfo();
  const reason = runInfoProblem(info);
  if (reason !== undefined) throw fail("WE_RUN_INFO", { path: join(folder.path, "run.json"), reason });
  return info as unknown as RunInfo; // its form was looked at
}

/** Digests under which a run keeps files: of originals and of instrumented modules. @throws {WE_RUN_INFO} */
export function moduleDigestsOf(folder: RunFolder): readonly ModuleDigest[] {
  return readInfo(folder).modules.flatMap(({ digest, instrumented }) => [digest, instrumented]);
}

/**
 * The folder holds every module of the genesis, unchanged.
 * @throws {WE_MODULE_DIGEST_MISMATCH} @throws {WE_RUN_INFO}
 */
export function checkModulesOf(folder: RunFolder, genesis: Genesis): void {
  checkGenesis(genesis, readModules(folder, readInfo(folder)));
}

function stacksOf(folder: RunFolder, { modules }: RunInfo): StackMap {
  return new StackMap(() => modules.flatMap(({ digest }) => folder.readModule(digest) ?? []));
}

function moduleBytesOf(folder: RunFolder, digest: ModuleDigest): Uint8Array {
  const bytes = folder.readModule(digest);
  if (bytes === undefined)
    throw fail("WE_MODULE_DIGEST_MISMATCH", { name: digest, expected: digest, actual: "nothing" });
  return bytes;
}

export function instrumentedDigest(bytes: Uint8Array): ModuleDigest {
  return sha256Hex(bytes) as ModuleDigest; // brand: the folder keeps instrumented bytes under their own digest
}

/** Instrumented bytes of every module, after both files have been checked. @throws {WE_MODULE_DIGEST_MISMATCH} */
function readModules(folder: RunFolder, info: RunInfo): ReadonlyMap<ModuleDigest, Uint8Array> {
  const modules = new Map<ModuleDigest, Uint8Array>();
  for (const { name, digest, instrumented } of info.modules) {
    const original = folder.readModule(digest);
    const found = original === undefined ? "nothing" : originalDigest(original);
    if (found !== digest) throw fail("WE_MODULE_DIGEST_MISMATCH", { name, expected: digest, actual: found });
    const bytes = folder.readModule(instrumented);
    const actual = bytes === undefined ? "nothing" : instrumentedDigest(bytes);
    if (bytes === undefined || actual !== instrumented) {
      throw fail("WE_MODULE_DIGEST_MISMATCH", {
        name: `${name} (instrumented)`,
        expected: instrumented,
        actual,
      });
    }
    modules.set(digest, bytes);
  }
  return modules;
}

/** Bytes that are no module any more have no module digest: then the digest of the file names them. */
function originalDigest(bytes: Uint8Array): string {
  try {
    return digestOf(bytes, (value) => nodeHasher.sha256(value));
  } catch {
    return sha256Hex(bytes);
  }
}

/** Every module of the genesis must be there. */
function checkGenesis(genesis: Genesis, modules: ReadonlyMap<ModuleDigest, Uint8Array>): void {
  for (const [name, digest] of Object.entries(genesis.modules)) {
    if (modules.has(digest)) continue;
    throw fail("WE_MODULE_DIGEST_MISMATCH", { name, expected: digest, actual: "nothing" });
  }
}
