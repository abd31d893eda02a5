/**
 * What adding a model comes to: the files of its source that are wanted, where each one is, and what is known of it
 * before it has arrived. Asks sources for their lists; fetches nothing else.
 */

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { isPathWithin } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import { modelFilesMax } from "../limits.js";
import type { DownloadOptions } from "./download.js";
import { cachedFile, fileAddress, hubHeaders, listRepository } from "./hub.js";
import type { ListedFile } from "./hub.js";
import { chosenGraph, filesBeside } from "./model-selection.js";
import type { ModelSource } from "./model-source.js";

/** A file that is to lie in the model's folder. */
export interface PlannedFile extends ListedFile {
  /** To be fetched from there. */
  readonly url?: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** To be copied from there, where its content is what was promised. */
  readonly copyFrom?: string;
}

export interface ModelPlan {
  readonly revision?: string;
  /** Path of the graph. */
  readonly graph: string;
  readonly files: readonly PlannedFile[];
  /** A file of weights that the graph names and the list does not have; undefined: the source has none such. */
  more(path: string): Promise<PlannedFile | undefined>;
}

export interface PlanRequest {
  readonly model: string;
  readonly source: ModelSource;
  readonly dtype?: string;
  readonly file?: string;
  /** Commit of an earlier add, which stands for the revision. */
  readonly revision?: string;
}

/** @throws {WE_MODEL_…} */
export async function planModel(request: PlanRequest, options: DownloadOptions): Promise<ModelPlan> {
  const { source } = request;
  if (source.kind === "hub") return await planFromHub(request, source, options);
  if (source.kind === "file") return await planFromFolder(request, source.path);
  const graph = basename(source.url.pathname);
  const exportFrom = source.text;
  chosenGraph([graph], { model: request.model, source: source.text, exportFrom });
  const sha256 = source.sha256 === undefined ? {} : { sha256: source.sha256 };
  return {
    graph,
    files: [{ path: graph, url: source.url, ...sha256 }],
    more: (path) =>
      Promise.resolve({ path, url: new URL(path.split("/").map(encodeURIComponent).join("/"), source.url) }),
  };
}

async function planFromHub(
  request: PlanRequest,
  source: Extract<ModelSource, { readonly kind: "hub" }>,
  options: DownloadOptions,
): Promise<ModelPlan> {
  const { repository } = source;
  const listing = await listRepository(
    { repository, revision: request.revision ?? source.revision },
    options,
  );
  const { revision } = listing;
  const headers = await hubHeaders(options.environment);
  const planned = async (file: ListedFile): Promise<PlannedFile> => {
    const { path } = file;
    const url = fileAddress(options.environment, repository, revision, path);
    const cached = await cachedFile(options.environment, { repository, revision, path });
    return { ...file, url, headers, ...(cached === undefined ? {} : { copyFrom: cached }) };
  };
  const byPath = new Map(listing.files.map((file) => [file.path, file]));
  const paths = [...byPath.keys()];
  const graph = chosenGraph(paths, { ...request, source: source.text, exportFrom: repository });
  // The small ones first: what explains a model is there when its weights are still on their way.
  const wanted = [graph, ...filesBeside(paths, graph)]
    .flatMap((path) => byPath.get(path) ?? [])
    .sort((left, right) => (left.bytes ?? 0) - (right.bytes ?? 0));
  return {
    revision,
    graph,
    files: await Promise.all(wanted.map(planned)),
    more: async (path) => {
      const file = byPath.get(path);
      return file === undefined ? undefined : await planned(file);
    },
  };
}

async function planFromFolder(request: PlanRequest, path: string): Promise<ModelPlan> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw inferenceError("WE_MODEL_FOLDER", { model: request.model, path, reason: "it is not there" });
  const folder = found.isDirectory() ? path : dirname(path);
  const listed = found.isDirectory() ? await pathsBelow(request.model, folder) : [basename(path)];
  const { file } = request;
  const isDeeper = file !== undefined && isPathWithin(file) && !listed.includes(file);
  const isFound = isDeeper && (await stat(join(folder, file)).catch(() => undefined))?.isFile() === true;
  const paths = isFound ? [...listed, file] : listed;
  const wanted = { ...request, source: request.source.text, exportFrom: path };
  const graph = chosenGraph(paths, wanted);
  const planned = async (name: string): Promise<PlannedFile | undefined> => {
    const copyFrom = join(folder, ...name.split("/"));
    const stats = await stat(copyFrom).catch(() => undefined);
    return stats?.isFile() === true ? { path: name, bytes: stats.size, copyFrom } : undefined;
  };
  const files = await Promise.all([graph, ...filesBeside(paths, graph)].map(planned));
  return { graph, files: files.filter((file) => file !== undefined), more: planned };
}

/** Files of a folder and of those directly below it: models are laid out no deeper. */
async function pathsBelow(model: string, folder: string): Promise<readonly string[]> {
  const paths: string[] = [];
  const look = async (prefix: string): Promise<void> => {
    const entries = await readdir(join(folder, prefix), { withFileTypes: true });
    for (const entry of entries) {
      const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      if (!entry.isDirectory()) paths.push(path);
      else if (prefix === "") await look(path).catch(() => undefined);
    }
    if (paths.length > modelFilesMax)
      throw inferenceError("WE_MODEL_FOLDER", { model, path: folder, reason: "it holds too many files" });
  };
  await look("");
  return paths.filter(isPathWithin).sort();
}

/** For messages. */
export const addressOf = ({ url, copyFrom = "" }: PlannedFile): string =>
  url === undefined ? pathToFileURL(copyFrom).href : `${url.origin}${url.pathname}`;
