/** The identity of a module: SHA-256 of what was built, whoever signed it. */

import type { ModuleDigest, Sha256 } from "@wasm-engine/abi";
import { assert } from "@wasm-engine/abi";
import {
  DELIMITER_SECTION,
  SIGNATURE_SECTION,
  hexOf,
  readSections,
  withoutSections,
} from "./custom-section.js";

/**
 * SHA-256 over the module's bytes without `signature` and `signature_delimiter` sections: signing does not change
 * what a
 * module is.
 * @throws {WE_MODULE_HEADER} {WE_MODULE_MALFORMED}
 */
export function digestOf(bytes: Uint8Array, sha256: Sha256): ModuleDigest {
  const unsigned = withoutSections(
    bytes,
    readSections(bytes),
    (name) => name === SIGNATURE_SECTION || name === DELIMITER_SECTION,
  );
  const digest = sha256(unsigned);
  assert(digest.length === 32, "a SHA-256 has 32 bytes");
  return hexOf(digest) as ModuleDigest; // brand: the only place that makes digests of modules
}
