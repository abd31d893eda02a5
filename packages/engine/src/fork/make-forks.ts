/**
 * Makes several forks of one tick. The parent is read, its world restored and its later ticks looked at once, in a
 * trunk: a run of its own under a hidden name, without plan. Every fork then has the files of the trunk: files that
 * nobody changes under a further name, the others as copies, which share their blocks where the disk can. All forks
 * are whole and on the disk before the first of them gets its place.
 */

import { constants, copyFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { assert } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { lastTick } from "../replay/play.js";
import { placeBeside, removeAbandoned } from "../storage/abandoned-files.js";
import { RunFolder, nodeFileSystem } from "../storage/index.js";
import { makeDurableFolders } from "../storage/make-folders.js";
import { checkNewRunPlace } from "../storage/new-run-place.js";
import { shareFile } from "../storage/share-file.js";
import { guardedWrite } from "../storage/write-error.js";
import { isExecutorLoss } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import { openRun } from "../world/open-run.js";
import { instrumentedDigest, newRunInfo, readInfo, readRunStore } from "../world/run-store.js";
import type { ReadRun, StoredModule } from "../world/run-store.js";
import type { ForkJob, ForkRecord, ForkReport, ForkedFuture, ForksJob } from "./contract.js";
import { changedSetup, checkNoGenesisChange, checkReplaced } from "./fork-changes.js";
import {
  forkReport,
  giveSnapshots,
  note,
  outputsFolder,
  outputsIn,
  place,
  sealed,
  storedModules,
  writePlan,
  writePrefix,
} from "./make-fork.js";
import { overrideTexts } from "./override-text.js";
import { planFutures } from "./planned-future.js";
import type { PlannedFuture } from "./planned-future.js";

/** Folders of files that are never changed, only replaced and removed. */
const frozenFolders = ["modules", "snapshots", "pages"] as const;

/** Forks share all segments of the log but the last: what of it each has for itself is not much longer than this. */
const trunkSegmentBytes = 256 * 1024;

/** What all forks have in common. */
interface Trunk {
  readonly folder: RunFolder;
  readonly parent: ReadRun;
  readonly job: ForksJob;
  readonly chainHead: string;
  readonly modules: readonly StoredModule[];
}

/**
 * The job `forks`: reports in the order of the futures.
 * @throws {WE_RUN_EXISTS} {WE_RUN_NESTED} {WE_RUN_TICK} {WE_RUN_DIVERGED} and the codes of forks, modules, inputs
 */
export function makeForks(job: ForksJob, machine: Machine | undefined): readonly ForkReport[] {
  const parent = readRunStore(job.dir);
  const at = lastTick({ log: parent.recovered }, job.at);
  assert(at >= 0 && job.futures.length > 0, "forks of a tick have a world in common");
  for (const { out, overrides } of job.futures) {
    checkNewRunPlace(out);
    checkReplaced(parent.genesis, overrides);
    checkNoGenesisChange(overrides, at);
  }
  const made = job.futures.map(({ out }) => placeBeside(out));
  const trunkPlace = `${job.futures[0]?.out ?? ""}.trunk`;
  const trunkPath = placeBeside(trunkPlace);
  try {
    for (const place of [trunkPlace, ...job.futures.map(({ out }) => out)]) {
      guardedWrite(place, () => {
        makeDurableFolders(dirname(place));
        removeAbandoned(place);
      });
    }
    const { trunk, futures } = grownTwice(trunkPath, parent, { job, at, machine });
    const reports = job.futures.map((forked, index) => {
      const [path, future] = [made[index], futures[index]];
      assert(path !== undefined && future !== undefined, "every fork has its folder and its future");
      return fork(path, trunk, { forked, future, at });
    });
    for (const [index, path] of made.entries())
      guardedWrite(path, () => place(path, job.futures[index]?.out ?? ""));
    return reports;
  } finally {
    for (const path of [trunkPath, ...made]) rmSync(path, { recursive: true, force: true });
  }
}

interface Growing {
  readonly job: ForksJob;
  readonly at: number;
  readonly machine: Machine | undefined;
}

interface Grown {
  readonly trunk: Trunk;
  readonly futures: readonly PlannedFuture[];
}

/** What executing threads lose is made once more, from the start. */
function grownTwice(path: string, parent: ReadRun, growing: Growing): Grown {
  try {
    return grown(path, parent, growing);
  } catch (error) {
    if (!isExecutorLoss(error)) throw error;
    rmSync(path, { recursive: true, force: true });
    return grown(path, parent, growing);
  }
}

/** The parent up to the tick, restored once; closed when it is returned. */
function grown(path: string, parent: ReadRun, { job, at, machine }: Growing): Grown {
  const source = RunFolder.open(job.dir, nodeHasher);
  const { modules } = readInfo(source);
  const setup = { ...parent.setup, outputs: outputsIn(path, parent) };
  const record = { parent: parent.runId, at, inputs: "none", overrides: [], openSources: [] } as const;
  const info = newRunInfo(basename(path), { genesis: parent.genesis, setup, modules, fork: record });
  const folder = RunFolder.create(path, info as unknown as Json, nodeHasher); // plain data by contract
  guardedWrite(path, () => share(source.path, path, "modules"));
  const records = writePrefix(folder, parent, {
    genesis: parent.genesis,
    at,
    segmentBytes: trunkSegmentBytes,
  });
  giveSnapshots(source, folder, parent, { at, records });
  const run = openRun(
    { kind: "resume", dir: path },
    { writer: "inline", pass: () => undefined, ...(machine === undefined ? {} : { machine }) },
  );
  const { chainHead, future: futures } = sealed(run, at, () => {
    const forkings = job.futures.map(({ inputs, overrides }) => {
      return { job: { inputs, overrides }, at, modules: storedModules(source, overrides) };
    });
    return planFutures(parent, run.loop, forkings);
  });
  return { trunk: { folder, parent, job, chainHead, modules }, futures };
}

interface Forking {
  readonly forked: ForkedFuture;
  readonly future: PlannedFuture;
  readonly at: number;
}

/** The folder of one fork, under a hidden name. */
function fork(path: string, trunk: Trunk, { forked, future, at }: Forking): ForkReport {
  const { folder: source, parent, job, chainHead } = trunk;
  const { overrides, out, runId, inputs } = forked;
  const bare: ForkRecord = {
    parent: parent.runId,
    at,
    inputs: typeof inputs === "string" ? inputs : "file",
    overrides: overrideTexts(overrides),
    openSources: [],
  };
  const outputs = outputsIn(out, parent);
  const setup = changedSetup(parent.setup, overrides, { baseDirectory: job.baseDirectory, outputs });
  const modules = storedModules(source, overrides);
  const info = (record: ForkRecord): Json => {
    const made = newRunInfo(runId, { genesis: parent.genesis, setup, modules, fork: record });
    return made as unknown as Json; // plain data by contract
  };
  const folder = RunFolder.create(path, info(bare), nodeHasher);
  guardedWrite(path, () => shareAll(source.path, path));
  for (const { digest, bytes, instrumented } of overrides.modules) {
    folder.writeModule(digest, bytes);
    folder.writeModule(instrumentedDigest(instrumented), instrumented);
  }
  const record = writePlan(folder, bare, future);
  folder.writeInfo(info(record));
  note(folder, job, record);
  const single: Pick<ForkJob, "runId" | "out"> = { runId, out };
  return forkReport(single, { parent: parent.runId, at, chainHead, future });
}

/** Closed segments of a log are frozen; the last one is written on. */
function shareAll(from: string, to: string): void {
  for (const folder of frozenFolders) share(from, to, folder);
  const segments = nodeFileSystem.list(join(from, "log")) ?? [];
  for (const name of segments.slice(0, -1)) shareFile(join(from, "log", name), join(to, "log", name));
  for (const name of segments.slice(-1)) copy(join(from, "log", name), join(to, "log", name));
  nodeFileSystem.syncFolder(join(to, "log"));
  const outputs = nodeFileSystem.list(join(from, outputsFolder));
  if (outputs !== undefined) nodeFileSystem.makeFolder(join(to, outputsFolder));
  for (const name of outputs ?? []) copy(join(from, outputsFolder, name), join(to, outputsFolder, name));
  if (outputs !== undefined) nodeFileSystem.syncFolder(join(to, outputsFolder));
  copy(join(from, "synced"), join(to, "synced"));
  nodeFileSystem.syncFolder(to);
}

function share(from: string, to: string, folder: (typeof frozenFolders)[number]): void {
  const names = nodeFileSystem.list(join(from, folder));
  if (names === undefined) return;
  nodeFileSystem.makeFolder(join(to, folder));
  for (const name of names) shareFile(join(from, folder, name), join(to, folder, name));
  nodeFileSystem.syncFolder(join(to, folder));
}

/** Blocks are shared until one of both is written to, where the disk can do that. */
function copy(from: string, to: string): void {
  if (nodeFileSystem.length(from) === undefined) return;
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const file = nodeFileSystem.open(to);
  try {
    nodeFileSystem.sync(file);
  } finally {
    nodeFileSystem.close(file);
  }
}
