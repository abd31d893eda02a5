/**
 * Answers of models and tools by the digest of what was asked: one file each below `.wasm-engine/answers`, shared by
 * all runs of a project and by processes that run at the same time. A file appears whole or not at all and is checked
 * when it is read; what is torn, damaged or gone is asked anew. Losing any of it loses time, never a result.
 *
 *   0 "WEANSWR1" · 8 SHA-256 over key, encoding, payload · 40 encoding · 41 payload
 */

import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Encoding } from "@wasm-engine/abi";
import { assert, encodeUtf8 } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { answerBytesMax, keptAnswersBytesMax, keptAnswersFreeShare, keptAnswersMax } from "./limits.js";

const magic = encodeUtf8("WEANSWR1");
const digestAt = magic.length;
const encodingAt = digestAt + 32;
const payloadAt = encodingAt + 1;
const keyForm = /^[0-9a-f]{64}$/;

/** Bytes of an answer and what they are. */
export interface KeptAnswer {
  readonly encoding: Encoding;
  readonly payload: Uint8Array;
}

export interface StoreBounds {
  readonly bytesMax: number;
  readonly answersMax: number;
}

/** Where the answers of a project are kept. */
export function answersDirectory(baseDirectory: string): string {
  return join(baseDirectory, ".wasm-engine", "answers");
}

export class AnswerStore {
  readonly #directory: string;
  readonly #bounds: StoreBounds;
  /** Of everything in the folder as last looked at, with what was written here since; undefined: not looked at yet. */
  #sums: { bytes: number; answers: number } | undefined;

  constructor(
    directory: string,
    bounds: StoreBounds = { bytesMax: keptAnswersBytesMax, answersMax: keptAnswersMax },
  ) {
    this.#directory = directory;
    this.#bounds = bounds;
  }

  /** The answer kept under `key`, 64 hexadecimal digits; undefined where there is none that is whole. */
  get(key: string): KeptAnswer | undefined {
    const path = this.#pathOf(key);
    const answer = decode(key, readFile(path));
    // The oldest are removed first: what is used is not old.
    if (answer !== undefined) attempt(() => utimesSync(path, new Date(), new Date()));
    return answer;
  }

  /** Keeps an answer. One that cannot be written is forgotten: the world has it already. */
  put(key: string, answer: KeptAnswer): void {
    if (answer.payload.length > answerBytesMax) return;
    const path = this.#pathOf(key);
    const bytes = encode(key, answer);
    attempt(() => {
      mkdirSync(dirname(path), { recursive: true });
      const temporary = `${path}.${randomUUID()}.tmp`;
      writeFileSync(temporary, bytes, { mode: 0o600 });
      renameSync(temporary, path);
      this.#makeRoom(path, bytes.length);
    });
  }

  #pathOf(key: string): string {
    assert(keyForm.test(key), "answers are kept under digests");
    return join(this.#directory, key.slice(0, 2), key.slice(2));
  }

  /** Removes what was used longest ago, but never what was just `written`. */
  #makeRoom(written: string, added: number): void {
    const { bytesMax, answersMax } = this.#bounds;
    if (this.#sums === undefined) this.#sums = sumsOf(listFiles(this.#directory));
    else this.#sums = { bytes: this.#sums.bytes + added, answers: this.#sums.answers + 1 };
    if (this.#sums.bytes <= bytesMax && this.#sums.answers <= answersMax) return;
    const kept = 1 - keptAnswersFreeShare;
    const files = listFiles(this.#directory).sort((left, right) => left.usedMs - right.usedMs);
    const sums = sumsOf(files);
    for (const { path, bytes } of files) {
      if (path === written) continue;
      if (sums.bytes <= bytesMax * kept && sums.answers <= answersMax * kept) break;
      rmSync(path, { force: true });
      sums.bytes -= bytes;
      sums.answers -= 1;
    }
    this.#sums = sums;
  }
}

interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  /** When it was last written or read. */
  readonly usedMs: number;
}

function sumsOf(files: readonly StoredFile[]): { bytes: number; answers: number } {
  return { bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), answers: files.length };
}

/** Another process may remove files meanwhile. Temporary files of a process that was killed are listed like others. */
function listFiles(directory: string): StoredFile[] {
  const folders = attempt(() => readdirSync(directory)) ?? [];
  return folders.flatMap((folder) => {
    const names = attempt(() => readdirSync(join(directory, folder))) ?? [];
    return names.flatMap((name): StoredFile[] => {
      const path = join(directory, folder, name);
      const stats = attempt(() => statSync(path));
      return stats === undefined ? [] : [{ path, bytes: stats.size, usedMs: stats.mtimeMs }];
    });
  });
}

function readFile(path: string): Uint8Array | undefined {
  return attempt(() => new Uint8Array(readFileSync(path)));
}

/** Nothing that the file system has against it is worth stopping a world for. */
function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function digest(key: string, encoding: number, payload: Uint8Array): Uint8Array {
  return nodeHasher.sha256(encodeUtf8(key), Uint8Array.of(encoding), payload);
}

function encode(key: string, { encoding, payload }: KeptAnswer): Uint8Array {
  const bytes = new Uint8Array(payloadAt + payload.length);
  bytes.set(magic);
  bytes.set(digest(key, encoding, payload), digestAt);
  bytes[encodingAt] = encoding;
  bytes.set(payload, payloadAt);
  return bytes;
}

function decode(key: string, bytes: Uint8Array | undefined): KeptAnswer | undefined {
  if (bytes === undefined || bytes.length < payloadAt) return undefined;
  if (!equalBytes(bytes.subarray(0, digestAt), magic)) return undefined;
  const encoding = bytes[encodingAt] ?? 0;
  const payload = bytes.subarray(payloadAt);
  const isWhole = equalBytes(bytes.subarray(digestAt, encodingAt), digest(key, encoding, payload));
  return isWhole ? { encoding: encoding as Encoding, payload } : undefined; // the digest covers what put has written
}
