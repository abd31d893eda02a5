/**
 * The eight bytes that every core module begins with. A file of its own: digests, manifests and signatures need
 * nothing else of the reader, and pages that verify load no more than that.
 */

import { wasmError } from "./errors.js";
import { featureRefused } from "./feature.js";

export const HEADER_BYTES = 8;
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** @throws {WE_MODULE_HEADER} {WE_MODULE_FEATURE_REFUSED} for components. */
export function checkHeader(bytes: Uint8Array): void {
  const magic = header.slice(0, 4).every((byte, index) => bytes[index] === byte);
  if (magic && bytes[4] === 0x0d && bytes[6] === 0x01) {
    throw featureRefused("component-model", "component header", 4);
  }
  if (header.every((byte, index) => bytes[index] === byte)) return;
  const actual = [...bytes.subarray(0, HEADER_BYTES)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
  throw wasmError("WE_MODULE_HEADER", { actual, offset: 0 });
}
