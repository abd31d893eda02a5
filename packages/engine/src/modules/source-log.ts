/**
 * Every file that a build looked at, with its digest, or that it looked for in vain. A cached build is good as
 * long as looking again gives the same: sources, SDK and shadowing files all count.
 */

import { readFileSync } from "node:fs";
import { sha256Hex } from "../crypto/node-crypto.js";

/** Path and SHA-256 of its content; `null` where there was no file. */
export type SourceTrace = readonly (readonly [path: string, sha256: string | null])[];

export class SourceLog {
  readonly #seen = new Map<string, string | null>();

  /** Content of a file, noted; `undefined` where there is none. */
  read(path: string): Buffer | undefined {
    const bytes = readOrUndefined(path);
    this.#seen.set(path, bytes === undefined ? null : sha256Hex(bytes));
    return bytes;
  }

  get trace(): SourceTrace {
    return [...this.#seen].sort(([left], [right]) => (left < right ? -1 : 1));
  }
}

/** True while every file of the trace is as it was. */
export function isTraceCurrent(trace: SourceTrace): boolean {
  return trace.every(([path, sha256]) => {
    const bytes = readOrUndefined(path);
    return sha256 === null ? bytes === undefined : bytes !== undefined && sha256Hex(bytes) === sha256;
  });
}

function readOrUndefined(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    // Missing, a folder or unreadable: for a compiler that probes paths all the same.
    return undefined;
  }
}
