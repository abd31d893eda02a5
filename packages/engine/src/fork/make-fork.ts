/**
 * Makes the folder of a fork: the parent's records up to the tick, its modules, a snapshot of the world there, and what
 * is still to come. It is made beside its place under a hidden name and moved there when it is whole and on the disk,
 * so that a fork which was interrupted is no run.
 */

import { renameSync, rmSync, rmdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { genesisDigest, nextChainHead } from "@wasm-engine/core";
import type { BaseStart, Genesis, Json, LogBase } from "@wasm-engine/core";
import { nodeHasher, sha256Hex } from "../crypto/node-crypto.js";
import { lastTick } from "../replay/play.js";
import { placeBeside, removeAbandoned } from "../storage/abandoned-files.js";
import { RunFolder, createBasedLog, createEventLog, nodeFileSystem } from "../storage/index.js";
import { storageError } from "../storage/errors.js";
import { requireReach } from "../storage/event-log-reader.js";
import { errnoOf, replaceFile } from "../storage/file-system.js";
import { shareFile } from "../storage/share-file.js";
import { makeDurableFolders } from "../storage/make-folders.js";
import { checkNewRunPlace } from "../storage/new-run-place.js";
import { guardedWrite } from "../storage/write-error.js";
import { isExecutorLoss } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import { openRun } from "../world/open-run.js";
import type { OpenRun } from "../world/open-run.js";
import { hex } from "../world/report.js";
import { instrumentedDigest, newRunInfo, readInfo, readRunStore } from "../world/run-store.js";
import type { ReadRun, StoredModule } from "../world/run-store.js";
import { withEmptyOutputs } from "../world/snapshot-content.js";
import type { ForkJob, ForkRecord, ForkReport, ResolvedOverrides } from "./contract.js";
import { changedGenesis, changedSetup, checkNoGenesisChange, checkReplaced } from "./fork-changes.js";
import { cutText } from "./fork-cuts.js";
import { encodePlan, planFileName } from "./fork-plan.js";
import { overrideTexts } from "./override-text.js";
import { planFuture } from "./planned-future.js";
import type { PlannedFuture } from "./planned-future.js";

/** Folder of the outputs in that of the fork. */
export const outputsFolder = "outputs";

/**
 * The job `fork`.
 * @throws {WE_RUN_EXISTS} {WE_RUN_NESTED} {WE_RUN_TICK} {WE_RUN_DIVERGED} and the codes of forks, modules, inputs
 */
export function makeFork(job: ForkJob, machine: Machine | undefined): ForkReport {
  const parent = readRunStore(job.dir);
  const at = job.at === "start" ? -1 : lastTick({ log: parent.recovered }, job.at);
  const { out } = job;
  const staging = placeBeside(out);
  checkNewRunPlace(out);
  try {
    makeDurableFolders(dirname(out));
    removeAbandoned(out);
  } catch (error) {
    throw storageError("WE_RUN_UNWRITABLE", { path: staging, cause: errnoOf(error) });
  }
  try {
    const report = makeTwice(staging, parent, { job, at, machine });
    guardedWrite(out, () => place(staging, out));
    return report;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

/** What was made beside its place comes there, once it is on the disk. @throws {WE_RUN_EXISTS} and errors of node:fs */
export function place(path: string, out: string): void {
  try {
    if (nodeFileSystem.list(out) !== undefined) rmdirSync(out);
    renameSync(path, out);
  } catch (error) {
    // Somebody was faster.
    if (["ENOTEMPTY", "EEXIST"].includes(errnoOf(error))) throw storageError("WE_RUN_EXISTS", { path: out });
    throw error;
  }
  nodeFileSystem.syncFolder(dirname(out));
}

interface Making {
  readonly job: ForkJob;
  readonly at: number;
  readonly machine: Machine | undefined;
}

/** What executing threads lose is made once more, from the start. */
function makeTwice(staging: string, parent: ReadRun, making: Making): ForkReport {
  try {
    return makeAt(staging, parent, making);
  } catch (error) {
    if (!isExecutorLoss(error)) throw error;
    rmSync(staging, { recursive: true, force: true });
    return makeAt(staging, parent, making);
  }
}

function makeAt(staging: string, parent: ReadRun, { job, at, machine }: Making): ForkReport {
  const { overrides, out, runId } = job;
  checkReplaced(parent.genesis, overrides);
  if (at >= 0) checkNoGenesisChange(overrides, at);
  const genesis = at >= 0 ? parent.genesis : changedGenesis(parent.genesis, overrides);
  const source = RunFolder.open(job.dir, nodeHasher);
  const modules = storedModules(source, overrides);
  const info = (dir: string, fork: ForkRecord): Json => {
    const place = { baseDirectory: job.baseDirectory, outputs: outputsIn(dir, parent) };
    const setup = changedSetup(parent.setup, overrides, place);
    const made = newRunInfo(runId, { genesis, setup, modules, fork });
    return made as unknown as Json; // plain data by contract
  };
  const bare: ForkRecord = {
    parent: parent.runId,
    at,
    inputs: typeof job.inputs === "string" ? job.inputs : "file",
    overrides: overrideTexts(overrides),
    openSources: [],
  };
  const folder = RunFolder.create(staging, info(staging, bare), nodeHasher);
  writeModules(folder, source, modules, overrides);
  const records = writePrefix(folder, parent, { genesis, at });
  giveSnapshots(source, folder, parent, { at, records });
  die(job, "log");
  const run = openRun(
    { kind: "resume", dir: staging },
    { writer: "inline", pass: () => undefined, ...(machine === undefined ? {} : { machine }) },
  );
  const { chainHead, future } = sealed(run, at, () => {
    die(job, "world");
    return planFuture(parent, run.loop, { job, at, modules });
  });
  const record = writePlan(folder, bare, future);
  folder.writeInfo(info(out, record));
  note(folder, job, record);
  die(job, "plan");
  return forkReport(job, { parent: parent.runId, at, chainHead, future });
}

export function forkReport(
  { runId, out }: Pick<ForkJob, "runId" | "out">,
  made: Pick<ForkReport, "parent" | "at" | "chainHead"> & { readonly future: PlannedFuture },
): ForkReport {
  const { future, ...rest } = made;
  return {
    runId,
    dir: out,
    ...rest,
    keptInputs: future.plan.inputs.length - future.upgraded.length - future.cuts.length,
    recordedAnswers: future.plan.answers.length,
    upgraded: future.upgraded,
    cut: future.cuts.map((body) => cutText(body).slice("cut ".length)),
  };
}

/** Keeps the world at the tick, computes what is still to come from there, and closes the run. */
export function sealed<Future>(
  run: OpenRun,
  at: number,
  compute: () => Future,
): { readonly chainHead: string; readonly future: Future } {
  const { loop, log } = run;
  try {
    loop.reach(at);
    log.waitForSync();
    loop.release();
    // Where the parent had a snapshot of the tick, the fork has it already.
    if (loop.world.tick > run.snapshotTick) run.snapshots.takeNow();
    return { chainHead: hex(loop.world.chainHead), future: compute() };
  } finally {
    // Not closed like a run that has ended: its world may stand beyond the tick, to see the parent's requests.
    run.abandon();
  }
}

/** Modules of the parent and those that the fork brings, which stand first under their names. */
export function storedModules(source: RunFolder, { modules }: ResolvedOverrides): readonly StoredModule[] {
  const fresh = modules.map(({ name, digest, instrumented }) => {
    return { name, digest, instrumented: instrumentedDigest(instrumented) };
  });
  const digests = new Set(fresh.map(({ digest }) => digest));
  return [...fresh, ...readInfo(source).modules.filter(({ digest }) => !digests.has(digest))];
}

function writeModules(
  folder: RunFolder,
  source: RunFolder,
  stored: readonly StoredModule[],
  { modules }: ResolvedOverrides,
): void {
  for (const { digest, bytes, instrumented } of modules) {
    folder.writeModule(digest, bytes);
    folder.writeModule(instrumentedDigest(instrumented), instrumented);
  }
  for (const digest of stored.flatMap((module) => [module.digest, module.instrumented])) {
    const bytes = source.readModule(digest);
    if (bytes !== undefined) folder.writeModule(digest, bytes);
  }
}

interface PrefixPlan {
  readonly genesis: Genesis;
  readonly at: number;
  /** Length from which on a segment is followed by another. */
  readonly segmentBytes?: number;
}

/** The records up to and with the last commit at or before the tick. Returns how many the log holds. */
export function writePrefix(
  folder: RunFolder,
  parent: ReadRun,
  { genesis, at, segmentBytes }: PrefixPlan,
): number {
  const { base } = parent.recovered;
  const options = {
    durability: "ephemeral",
    threaded: false,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  } as const;
  const start = base === undefined ? undefined : basedStart(parent, base, at);
  const log =
    start === undefined
      ? createEventLog(folder.log, genesis, options)
      : createBasedLog(folder.log, start, options);
  const loggedSeq = start?.state.lastSeq ?? 0;
  let head = start?.state.chainHead ?? genesisDigest(nodeHasher, genesis);
  for (const { tick, inputs, commit } of parent.recovered.ticks(base?.tick)) {
    if (commit === undefined || tick > at) break;
    for (const input of inputs) if (input.seq > loggedSeq) log.append({ kind: "input", input });
    head = nextChainHead(nodeHasher, head, commit);
    log.append({ kind: "commit", commit, chainHead: head });
    log.poll();
  }
  const { records } = log;
  log.close(at);
  return records;
}

/** The parent's base, with those of its waiting inputs that the fork has executed. @throws {WE_RUN_COMPACTED} */
function basedStart({ dir, genesis, recovered }: ReadRun, base: LogBase, at: number): BaseStart {
  requireReach(dir, base, at, Math.max(0, at));
  const waiting = [...recovered.ticks(base.tick)]
    .flatMap(({ inputs }) => inputs)
    .filter(({ seq }) => seq <= base.state.lastSeq);
  const kept = waiting.filter(({ tick }) => tick <= at);
  const lastSeq = base.state.lastSeq - (waiting.length - kept.length);
  const { genesisDigest: digest } = recovered;
  return { genesis, genesisDigest: digest, state: { ...base.state, lastSeq }, waiting: kept };
}

/**
 * Outputs are written anew, so a world that has any is executed from its first tick, or from the earliest that is
 * left: what it wrote before is not in the outputs of the fork.
 */
export function giveSnapshots(
  source: RunFolder,
  folder: RunFolder,
  parent: ReadRun,
  { at, records }: { readonly at: number; readonly records: number },
): void {
  const hasOutputs = parent.setup.outputs.length > 0;
  const { base, genesisDigest: digest, records: parentRecords } = parent.recovered;
  const give = (tickMax: number): void => {
    const fit = { genesisDigest: digest, records: parentRecords, tickMax };
    source.snapshots.giveNewest(fit, { store: folder.snapshots, logRecords: records, share: shareFile });
  };
  const first = base === undefined || !hasOutputs ? undefined : parent.newestSnapshot(base.tick);
  const world = first && withEmptyOutputs(first.world);
  if (first !== undefined && world !== undefined)
    folder.snapshots.saveWhole({ ...first, world, logRecords: records });
  if (base !== undefined && !hasOutputs) give(base.tick);
  if (!hasOutputs && at >= 0) give(at);
}

/** No fork writes over what its parent wrote. Names that two outputs share are told apart by their places. */
export function outputsIn(dir: string, { setup }: ReadRun): ReadRun["setup"]["outputs"] {
  const names = setup.outputs.map(({ path }) => basename(path));
  return setup.outputs.map((output, index) => {
    const name = basename(output.path);
    const isShared = names.indexOf(name) !== names.lastIndexOf(name);
    return { ...output, path: join(dir, outputsFolder, isShared ? `${index}-${name}` : name) };
  });
}

/** Returns the whole record of the fork. */
export function writePlan(folder: RunFolder, bare: ForkRecord, future: PlannedFuture): ForkRecord {
  const { plan, openSources, cuts } = future;
  const record = { ...bare, overrides: [...bare.overrides, ...cuts.map(cutText)], openSources };
  if (plan.inputs.length === 0 && plan.answers.length === 0) return record;
  const bytes = encodePlan(plan);
  guardedWrite(folder.path, () => replaceFile(nodeFileSystem, folder.path, planFileName, [bytes]));
  return { ...record, plan: sha256Hex(bytes) };
}

/** What run.json leaves out because it travels: where the parent was. */
export function note(folder: RunFolder, job: Pick<ForkJob, "dir">, record: ForkRecord): void {
  const side = folder.openSideRecords();
  const { parent, at, inputs, overrides } = record;
  side.append("forked", {
    parent,
    parentDir: job.dir,
    at,
    inputs,
    overrides,
    time: new Date().toISOString(),
  });
  side.close();
}

/** Test-only. */
function die({ testing }: ForkJob, step: NonNullable<ForkJob["testing"]>["dieAfter"]): void {
  if (testing?.dieAfter === undefined || testing.dieAfter !== step) return;
  process.kill(process.pid, "SIGKILL");
  // The signal ends the process before the next instruction matters; sleeping makes sure of it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
