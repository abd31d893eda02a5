/** The bytes of a file, chunk by chunk and synchronously; `.gz` is unpacked. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { inputError } from "./errors.js";
import { chunkBytes, unpackedBytesMax } from "./limits.js";

/**
 * Chunks of the content. `seen` gets the bytes as they are on the disk: what a digest of the file covers.
 * A chunk is valid until the next one is asked for.
 */
export function* fileChunks(path: string, seen?: (bytes: Uint8Array) => void): Generator<Uint8Array> {
  if (!path.endsWith(".gz")) {
    for (const chunk of rawChunks(path)) {
      seen?.(chunk);
      yield chunk;
    }
    return;
  }
  const packed: Uint8Array[] = [];
  for (const chunk of rawChunks(path)) {
    seen?.(chunk);
    packed.push(new Uint8Array(chunk)); // a Buffer's own slice would share the reused bytes
  }
  yield unpack(path, Buffer.concat(packed));
}

function* rawChunks(path: string): Generator<Uint8Array> {
  const descriptor = open(path);
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      const count = read(path, descriptor, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(descriptor);
  }
}

function open(path: string): number {
  try {
    const descriptor = openSync(path, "r");
    if (fstatSync(descriptor).isDirectory()) {
      closeSync(descriptor);
      throw inputError("WE_INPUT_READ", { file: path, cause: "it is a folder" });
    }
    return descriptor;
  } catch (error) {
    throw readError(path, error);
  }
}

function read(path: string, descriptor: number, buffer: Uint8Array): number {
  try {
    return readSync(descriptor, buffer);
  } catch (error) {
    throw readError(path, error);
  }
}

function readError(path: string, error: unknown): unknown {
  const cause = (error as NodeJS.ErrnoException).code; // node:fs throws nothing else; coded errors pass through
  return cause === undefined || cause.startsWith("WE_")
    ? error
    : inputError("WE_INPUT_READ", { file: path, cause });
}

function unpack(path: string, packed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: unpackedBytesMax });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw inputError("WE_INPUT_COMPRESSION", { file: path, cause, bytesMax: unpackedBytesMax });
  }
}
