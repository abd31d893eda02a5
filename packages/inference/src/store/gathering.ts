/**
 * Gathers the files of a model in one folder: those of an earlier attempt are kept, those that lie elsewhere on this
 * machine are copied, the rest is fetched. Every file is proved against what is known of it.
 */

import { constants } from "node:fs";
import { copyFile, mkdir, open, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { LockedFile, LockedModel } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import { modelFileBytesMax } from "../limits.js";
import { checkVersions, readBounded } from "../model/model-folder.js";
import { fileDigest, modelDigest, readWeightFiles } from "../model/weight-files.js";
import { readOnnxHeader } from "../onnx/index.js";
import { download, gitDigestOf } from "./download.js";
import type { DownloadOptions } from "./download.js";
import { addressOf } from "./model-plan.js";
import type { ModelPlan, PlannedFile } from "./model-plan.js";

export interface GatheringRequest {
  readonly model: string;
  readonly plan: ModelPlan;
  /** Folder in which the files are gathered. */
  readonly staging: string;
  /** Folder that may hold some of them. */
  readonly former?: string;
  /** What a lock says of them. */
  readonly expected: readonly LockedFile[];
  readonly options: DownloadOptions;
  readonly onProgress?: (path: string, bytes: number, total: number | undefined) => void;
}

export interface Gathered extends Omit<LockedModel, "source" | "folder"> {
  readonly fetchedBytes: number;
  /** The former folder has exactly these files: there is nothing to put in its place. */
  readonly wasThere: boolean;
}

interface Got extends LockedFile {
  readonly fetched: number;
}

/** @throws {WE_MODEL_…} */
export async function gatherModel(request: GatheringRequest): Promise<Gathered> {
  const { model, plan, staging } = request;
  const got: Got[] = [];
  await checkRoom(request, plan.files);
  for (const file of plan.files) got.push(await gather(request, file));
  const path = join(staging, ...plan.graph.split("/"));
  const bytes = await readBounded(model, path, modelFileBytesMax);
  const header = readOnnxHeader(bytes);
  if (typeof header === "string") throw await malformed(request, header);
  checkVersions({ model, path }, header);
  const folder = dirname(plan.graph);
  for (const name of header.weightFiles.keys()) {
    const full = folder === "." ? name : `${folder}/${name}`;
    if (got.some((file) => file.path === full)) continue;
    const more = await plan.more(full);
    if (more !== undefined) got.push(await gather(request, more));
  }
  const weights = await readWeightFiles({ model, path }, header.weightFiles);
  const digest = modelDigest(basename(path), bytes, weights);
  const isDescribed = got.some((file) => file.path === "config.json" || file.path === "model.json");
  if (!isDescribed) got.push(await describe(request, digest));
  const files = got
    .map(({ path: name, bytes: size, sha256 }) => ({ path: name, bytes: size, sha256 }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
  return {
    ...(plan.revision === undefined ? {} : { revision: plan.revision }),
    file: plan.graph,
    digest,
    files,
    fetchedBytes: got.reduce((sum, { fetched }) => sum + fetched, 0),
    wasThere: await areIn(request.former, files),
  };
}

async function gather(request: GatheringRequest, file: PlannedFile): Promise<Got> {
  const { model, staging, former, expected, options, onProgress } = request;
  const path = join(staging, ...file.path.split("/"));
  const promised = expected.find((known) => known.path === file.path);
  const wanted = promised === undefined ? file : { ...file, bytes: promised.bytes, sha256: promised.sha256 };
  const tell = (bytes: number): void => onProgress?.(file.path, bytes, wanted.bytes);
  const places = [path, ...(former === undefined ? [] : [join(former, ...file.path.split("/"))])];
  const copies = [...places, ...(file.copyFrom === undefined ? [] : [file.copyFrom])];
  for (const from of copies) {
    // Without a promise a file that was left by an earlier attempt may be of another version.
    const isSource = from === file.copyFrom;
    if (!(await isAsPromised(from, wanted, isSource && file.url === undefined))) continue;
    if (from !== path) await copyWhole(from, path, wanted);
    const { size: bytes } = await stat(path);
    tell(bytes);
    return { path: file.path, bytes, sha256: await fileDigest(path), fetched: 0 };
  }
  if (file.url === undefined)
    throw inferenceError("WE_MODEL_CHANGED", {
      model,
      path: file.copyFrom ?? path,
      expected: promised?.sha256 ?? "another",
      actual: "not that",
    });
  tell(0);
  const { bytes, sha256, resumedAt } = await download(
    { ...wanted, model, url: file.url, path },
    { ...options, onProgress: tell },
  );
  return { path: file.path, bytes, sha256, fetched: bytes - resumedAt };
}

async function isAsPromised(
  path: string,
  { bytes, sha256, gitDigest }: PlannedFile,
  isOriginal: boolean,
): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true || (bytes !== undefined && stats.size !== bytes)) return false;
  if (sha256 !== undefined) return (await fileDigest(path)) === sha256;
  if (gitDigest !== undefined) return (await gitDigestOf(path)) === gitDigest;
  return isOriginal;
}

async function copyWhole(from: string, to: string, { path, bytes = 0 }: PlannedFile): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await copyFile(from, `${to}.copy`, constants.COPYFILE_FICLONE);
    const file = await open(`${to}.copy`, "r+");
    await file.chmod(0o644).finally(() => file.sync().finally(() => file.close()));
    await rm(to, { force: true });
    await rename(`${to}.copy`, to);
  } catch (cause) {
    await rm(`${to}.copy`, { force: true });
    if ((cause as NodeJS.ErrnoException).code !== "ENOSPC") throw cause; // what copyFile throws
    throw inferenceError("WE_MODEL_DISK_FULL", { file: path, path: dirname(to), bytes });
  }
}

/** Before the first byte: a download of hours should not end for want of room that could be seen at its beginning. */
async function checkRoom({ staging }: GatheringRequest, files: readonly PlannedFile[]): Promise<void> {
  await mkdir(staging, { recursive: true });
  const { bavail, bsize } = await statfs(staging);
  let needed = 0;
  for (const { path, bytes = 0 } of files) {
    const place = join(staging, ...path.split("/"));
    const there = await Promise.any([stat(place), stat(`${place}.part`)]).catch(() => ({ size: 0 }));
    needed += Math.max(bytes - there.size, 0);
  }
  const missing = needed - bavail * bsize;
  if (missing <= 0) return;
  const [largest] = [...files].sort((left, right) => (right.bytes ?? 0) - (left.bytes ?? 0));
  throw inferenceError("WE_MODEL_DISK_FULL", {
    file: largest?.path ?? "",
    path: staging,
    bytes: missing,
  });
}

/** What came is no model: it is not kept, since the next attempt would find it whole. */
async function malformed({ model, plan, staging }: GatheringRequest, reason: string): Promise<Error> {
  const graph = plan.files.find(({ path }) => path === plan.graph);
  await rm(join(staging, ...plan.graph.split("/")), { force: true });
  const path = graph === undefined ? plan.graph : addressOf(graph);
  return inferenceError("WE_MODEL_MALFORMED", { model, path, reason });
}

/** A single file says nothing about itself: a manifest makes a folder of it. */
async function describe({ model, plan, staging }: GatheringRequest, sha256: string): Promise<Got> {
  const manifest = { name: model, version: "unversioned", file: plan.graph, sha256 };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const path = join(staging, "model.json");
  await writeFile(path, text);
  return { path: "model.json", bytes: Buffer.byteLength(text), sha256: await fileDigest(path), fetched: 0 };
}

async function areIn(former: string | undefined, files: readonly LockedFile[]): Promise<boolean> {
  if (former === undefined) return false;
  for (const { path, bytes, sha256 } of files)
    if (!(await isAsPromised(join(former, ...path.split("/")), { path, bytes, sha256 }, false))) return false;
  return true;
}
