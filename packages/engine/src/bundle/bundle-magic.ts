/** How a bundle is told from other files, without loading what reads it. */

import { closeSync, openSync, readSync } from "node:fs";
import { encodeUtf8 } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { isFile } from "../storage/path-kind.js";

export const bundleMagic: Uint8Array = encodeUtf8("WEBUNDLE");

/** True for bytes that begin as bundles do. */
export function isBundle(beginning: Uint8Array): boolean {
  return equalBytes(beginning.subarray(0, bundleMagic.length), bundleMagic);
}

/** True where `path` is a file that begins as bundles do; false also where it cannot be read. */
export function isBundleFile(path: string): boolean {
  if (!isFile(path)) return false;
  const beginning = new Uint8Array(bundleMagic.length);
  try {
    const file = openSync(path, "r");
    try {
      return readSync(file, beginning) === beginning.length && isBundle(beginning);
    } finally {
      closeSync(file);
    }
  } catch {
    // What may not be read is told by whoever reads it.
    return false;
  }
}
