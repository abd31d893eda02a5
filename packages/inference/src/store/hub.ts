/**
 * A hub with the interface of Hugging Face: what a repository holds at a revision, where its files are, who asks, and
 * the files that other programs have already put into their cache here. Environment: HF_ENDPOINT, HF_TOKEN, HF_HOME,
 * HF_HUB_CACHE.
 */

import { readFile, readlink, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { isPathWithin } from "@wasm-engine/core";
import { inferenceError } from "../errors.js";
import { modelFilesMax } from "../limits.js";
import { fetchText } from "./download.js";
import type { DownloadOptions } from "./download.js";
import type { ModelSource } from "./model-source.js";
import type { Environment } from "./web-proxy.js";
import { addressProblem, bodyText } from "./web-request.js";

const endpointDefault = "https://huggingface.co";

/** A file as its source lists it. */
export interface ListedFile {
  readonly path: string;
  readonly bytes?: number;
  readonly sha256?: string;
  /** Name of the content in git, for files that it holds itself. */
  readonly gitDigest?: string;
}

export interface HubListing {
  /** Commit. */
  readonly revision: string;
  readonly files: readonly ListedFile[];
}

export type HubSource = Extract<ModelSource, { readonly kind: "hub" }>;

/** @throws {WE_MODEL_SOURCE} where HF_ENDPOINT is no address that is asked */
export function hubEndpoint(environment: Environment): URL {
  const text = environment["HF_ENDPOINT"] ?? endpointDefault;
  const problem = URL.canParse(text) ? addressProblem(new URL(text)) : "it is no address";
  if (problem !== undefined)
    throw inferenceError("WE_MODEL_SOURCE", { source: `HF_ENDPOINT=${text.slice(0, 200)}`, problem });
  return new URL(text.endsWith("/") ? text : `${text}/`);
}

function homeOf(environment: Environment): string {
  const cache = environment["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return environment["HF_HOME"] ?? join(cache, "huggingface");
}

/** Header that says who asks, where that is known. */
export async function hubHeaders(environment: Environment): Promise<Readonly<Record<string, string>>> {
  const path = environment["HF_TOKEN_PATH"] ?? join(homeOf(environment), "token");
  const token = environment["HF_TOKEN"] ?? (await readFile(path, "utf8").catch(() => ""));
  return token.trim() === "" ? {} : { authorization: `Bearer ${token.trim()}` };
}

/** @throws {WE_MODEL_FETCH} */
export async function listRepository(
  { repository, revision }: Pick<HubSource, "repository" | "revision">,
  options: DownloadOptions,
): Promise<HubListing> {
  const path = `api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const url = new URL(path, hubEndpoint(options.environment));
  const text = await fetchText(url, await hubHeaders(options.environment), options, bodyText);
  const listing = readListing(text);
  if (typeof listing !== "string") return listing;
  const advice = "check HF_ENDPOINT: what it names does not have the interface of Hugging Face";
  throw inferenceError("WE_MODEL_FETCH", { url: `${url.origin}${url.pathname}`, reason: listing, advice });
}

/** Where a file of a commit is. */
export function fileAddress(
  environment: Environment,
  repository: string,
  revision: string,
  path: string,
): URL {
  const file = path.split("/").map(encodeURIComponent).join("/");
  return new URL(`${repository}/resolve/${revision}/${file}`, hubEndpoint(environment));
}

function readListing(text: string): HubListing | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "its list of files is no JSON";
  }
  const { sha, siblings } = (value ?? {}) as { readonly sha?: unknown; readonly siblings?: unknown }; // checked below
  if (typeof sha !== "string" || !/^[0-9a-f]{40,64}$/.test(sha)) return "its list of files names no commit";
  if (!Array.isArray(siblings) || siblings.length > modelFilesMax) return "its list of files is none";
  const files: ListedFile[] = [];
  for (const sibling of siblings as readonly unknown[]) {
    const file = readSibling(sibling);
    if (file === undefined) return "its list of files has an entry that is no file";
    files.push(file);
  }
  return { revision: sha, files };
}

function readSibling(sibling: unknown): ListedFile | undefined {
  const { rfilename, size, blobId, lfs } = (sibling ?? {}) as Readonly<Record<string, unknown>>; // checked below
  if (typeof rfilename !== "string" || !isPathWithin(rfilename)) return undefined;
  const large = (lfs ?? {}) as Readonly<Record<string, unknown>>; // checked below
  const bytes = large["size"] ?? size;
  const sha256 = large["sha256"];
  return {
    path: rfilename,
    ...(Number.isSafeInteger(bytes) && Number(bytes) >= 0 ? { bytes: Number(bytes) } : {}),
    ...(typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256)
      ? { sha256 }
      : typeof blobId === "string" && /^[0-9a-f]{40}$/.test(blobId)
        ? { gitDigest: blobId }
        : {}),
  };
}

/** A file of a commit in the cache that other programs keep, whoever put it there; its content is not proved. */
export async function cachedFile(
  environment: Environment,
  {
    repository,
    revision,
    path,
  }: { readonly repository: string; readonly revision: string; readonly path: string },
): Promise<string | undefined> {
  const cache = environment["HF_HUB_CACHE"] ?? join(homeOf(environment), "hub");
  const folder = `models--${repository.replaceAll("/", "--")}`;
  const found = join(cache, folder, "snapshots", revision, ...path.split("/"));
  // Snapshots are links to files that are named by their digest; a part has another end.
  const target = await readlink(found).catch(() => found);
  if (basename(target).endsWith(".incomplete")) return undefined;
  return stat(found).then(
    (stats) => (stats.isFile() ? found : undefined),
    () => undefined,
  );
}
