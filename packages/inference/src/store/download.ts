/**
 * One file from an address to a path: goes on where an earlier attempt stopped, whether in this process or a former
 * one, and puts the file in its place only when it is whole, proved and on the disk. Beside a part lies a note of the
 * version that it is a part of; another version begins anew.
 */

import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { inferenceError } from "../errors.js";
import { fetchAttemptsMax, fetchPauseMsMax } from "../limits.js";
import { fileDigest } from "../model/weight-files.js";
import { WebProblem, get } from "./web-request.js";
import type { WebAnswer, WebOptions } from "./web-request.js";

export interface Download {
  readonly model: string;
  readonly url: URL;
  /** Sent along; authorization goes to the first origin only. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Absolute; its folder is made. */
  readonly path: string;
  /** What the source has promised, as far as it has. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** Name of the content in git, for files that it holds itself. */
  readonly gitDigest?: string;
}

export interface DownloadOptions extends WebOptions {
  /** First pause before another attempt. */
  readonly pauseMs: number;
  /** Told from time to time: bytes of this file that are there. */
  readonly onProgress?: (bytes: number) => void;
}

export interface FetchedFile {
  readonly bytes: number;
  readonly sha256: string;
  /** Bytes that did not come over the wire this time. */
  readonly resumedAt: number;
}

/** The version that a part belongs to. */
interface PartNote {
  readonly url: string;
  readonly etag: string;
}

/** @throws {WE_MODEL_FETCH} @throws {WE_MODEL_DIGEST_MISMATCH} @throws {WE_MODEL_DISK_FULL} */
export async function download(file: Download, options: DownloadOptions): Promise<FetchedFile> {
  await mkdir(dirname(file.path), { recursive: true });
  const part = `${file.path}.part`;
  let best = await sizeOf(part);
  const resumedAt = best;
  let attempts = 0;
  let mayBeMixed = best > 0;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      await fetchRest(file, part, options);
      const mismatch = await mismatchOf(file, part);
      if (mismatch === undefined) break;
      await rm(part, { force: true });
      // A part of another version spoils the whole, once: what came in one piece is what the server has.
      if (!mayBeMixed) throw mismatch;
      mayBeMixed = false;
    } catch (cause) {
      if (!(cause instanceof WebProblem)) throw await told(file, part, cause);
      const now = await sizeOf(part);
      attempts = now > best ? 1 : attempts + 1;
      mayBeMixed ||= now > 0;
      best = Math.max(best, now);
      if (!cause.isPassing || attempts >= fetchAttemptsMax) throw fetchError(file.url, cause);
      const asked = cause instanceof Refused ? cause.pauseMs : undefined;
      await pause(asked ?? Math.min(options.pauseMs * 2 ** (attempts - 1), fetchPauseMsMax), undefined, {
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    }
  }
  const sha256 = await fileDigest(part);
  const { size: bytes } = await stat(part);
  await rename(part, file.path);
  await rm(noteOf(part), { force: true });
  return { bytes, sha256, resumedAt: Math.min(resumedAt, bytes) };
}

/** Brings the part to its end. Throws {@link WebProblem} where it does not get there. */
async function fetchRest(file: Download, part: string, options: DownloadOptions): Promise<void> {
  const note = await readNote(part, file.url);
  let have = await sizeOf(part);
  // Without a version and without a digest nobody could tell a mixture.
  if (have > 0 && note?.etag === undefined && file.sha256 === undefined && file.gitDigest === undefined)
    have = 0;
  if (have > 0 && have === file.bytes) return;
  const range =
    have === 0
      ? {}
      : {
          range: `bytes=${have}-`,
          ...(note === undefined || note.etag === "" ? {} : { "if-range": note.etag }),
        };
  const answer = await get(file.url, { ...file.headers, ...range }, options);
  try {
    const { start, total } = acceptedRange(file, answer, { have, note });
    if (start === 0) await writeNote(part, file.url, answer);
    await writeBody(answer, part, { start, total, options });
  } catch (cause) {
    if (cause instanceof Restart) await rm(part, { force: true });
    throw cause;
  } finally {
    answer.close();
  }
}

/** The part is of no use: the next attempt begins anew. */
class Restart extends WebProblem {}

/** A status that is no success. */
class Refused extends WebProblem {
  readonly status: number;
  /** As the server asks for it. */
  readonly pauseMs: number | undefined;

  constructor(status: number, retryAfter: string | undefined) {
    super(`the server answers with status ${status}`, [408, 425, 429].includes(status) || status >= 500);
    this.status = status;
    const seconds = Number(retryAfter);
    const known = retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0;
    this.pauseMs = known ? Math.min(seconds * 1000, fetchPauseMsMax) : undefined;
  }
}

interface Accepted {
  readonly start: number;
  /** Bytes of the whole file; undefined where nobody says. */
  readonly total: number | undefined;
}

function acceptedRange(
  file: Download,
  { status, headers }: WebAnswer,
  { have, note }: { readonly have: number; readonly note: PartNote | undefined },
): Accepted {
  if (status === 416) throw new Restart("the server has no such range any more", true);
  if (status !== 200 && status !== 206) throw new Refused(status, headers["retry-after"]);
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw new WebProblem(`it comes in the encoding ${encoding}`, false);
  const length = headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
  const announced = (total: number | undefined): number | undefined => {
    if (file.bytes !== undefined && total !== undefined && total !== file.bytes)
      throw new Restart(`the server announces ${total} bytes; the source has promised ${file.bytes}`, true);
    return file.bytes ?? total;
  };
  if (status === 200) return { start: 0, total: announced(length) };
  const [, from, whole] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  if (have === 0 || Number(from) !== have)
    throw new Restart("the server sends another range than it was asked", true);
  const etag = headers.etag ?? "";
  if (note !== undefined && note.etag !== "" && etag !== "" && etag !== note.etag)
    throw new Restart("the file has changed at the server", true);
  return { start: have, total: announced(whole === "*" || whole === undefined ? undefined : Number(whole)) };
}

interface BodyPlace extends Accepted {
  readonly options: DownloadOptions;
}

async function writeBody(
  { body }: WebAnswer,
  part: string,
  { start, total, options }: BodyPlace,
): Promise<void> {
  const target = await open(part, start === 0 ? "w" : "r+");
  let position = start;
  try {
    for await (const chunk of body) {
      if (total !== undefined && position + chunk.length > total)
        throw new Restart(`more than the announced ${total} bytes come`, true);
      await target.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      options.onProgress?.(position);
    }
    if (total !== undefined && position < total)
      throw new WebProblem(`it ended after ${position} of ${total} bytes`, true);
    await target.sync();
  } finally {
    await target.close();
  }
}

/** What speaks against the file as it has arrived. */
async function mismatchOf(file: Download, part: string): Promise<Error | undefined> {
  const { model, url } = file;
  const mismatch = (actual: string, expected: string): Error =>
    inferenceError("WE_MODEL_DIGEST_MISMATCH", {
      model,
      path: url.href,
      actual,
      expected,
      source: "the source",
    });
  if (file.sha256 !== undefined) {
    const actual = await fileDigest(part);
    return actual === file.sha256 ? undefined : mismatch(actual, file.sha256);
  }
  if (file.gitDigest === undefined) return undefined;
  const actual = await gitDigestOf(part);
  return actual === file.gitDigest ? undefined : mismatch(actual, file.gitDigest);
}

/** Files that git holds itself are small. */
export async function gitDigestOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

async function readNote(part: string, url: URL): Promise<PartNote | undefined> {
  try {
    const { url: from, etag } = JSON.parse(await readFile(noteOf(part), "utf8")) as Partial<PartNote>; // checked below
    return from === url.href && typeof etag === "string" && etag !== "" ? { url: from, etag } : undefined;
  } catch {
    return undefined;
  }
}

/** A weak mark says nothing about bytes. */
async function writeNote(part: string, { href }: URL, { headers: { etag = "" } }: WebAnswer): Promise<void> {
  await rm(part, { force: true });
  await writeFile(noteOf(part), JSON.stringify({ url: href, etag: etag.startsWith("W/") ? "" : etag }));
}

const noteOf = (part: string): string => `${part}.json`;

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function told(file: Download, part: string, cause: unknown): Promise<unknown> {
  const { code } = (cause ?? {}) as { readonly code?: unknown }; // of system errors
  if (code !== "ENOSPC" && code !== "EDQUOT") return cause;
  const missing = file.bytes === undefined ? "more" : file.bytes - (await sizeOf(part));
  return inferenceError("WE_MODEL_DISK_FULL", { file: file.url.href, path: dirname(part), bytes: missing });
}

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [401, "it wants to know who asks: accept the model's terms at its page and set HF_TOKEN"],
  [
    403,
    "it does not grant this to you: accept the model's terms at its page and set HF_TOKEN to a token that may read",
  ],
  [404, "check the name, the revision and the file"],
  [429, "wait, or set HF_TOKEN: it asks for fewer requests"],
]);

/** A problem as a coded error. Queries of addresses may hold keys and are not repeated. */
export function fetchError(url: URL, problem: WebProblem): Error {
  const status = problem instanceof Refused ? problem.status : 0;
  const advice =
    MEANINGS.get(status) ??
    "check the network, HTTPS_PROXY and HF_ENDPOINT, then give the same command again";
  return inferenceError("WE_MODEL_FETCH", {
    url: `${url.origin}${url.pathname}`,
    reason: problem.message,
    advice,
  });
}

/** A small text that must be there. @throws {WE_MODEL_FETCH} */
export async function fetchText(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: DownloadOptions,
  read: (answer: WebAnswer) => Promise<string>,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await get(url, headers, options);
      if (answer.status === 200) return await read(answer);
      answer.close();
      throw new Refused(answer.status, answer.headers["retry-after"]);
    } catch (cause) {
      if (!(cause instanceof WebProblem)) throw cause;
      if (!cause.isPassing || attempt >= fetchAttemptsMax) throw fetchError(url, cause);
      const asked = cause instanceof Refused ? cause.pauseMs : undefined;
      await pause(asked ?? options.pauseMs * 2 ** (attempt - 1));
    }
  }
}
