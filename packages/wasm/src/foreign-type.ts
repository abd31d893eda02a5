/**
 * Types of other versions of the standard, so that an author learns which feature to switch off instead of
 * "malformed".
 */

import type { EngineError } from "@wasm-engine/abi";
import { malformed } from "./binary-reader.js";
import { featureRefused } from "./feature.js";

/** Error for a byte that stands where a type is expected and is none of the frozen set. */
export function foreignType(byte: number, offset: number): EngineError {
  const construct = `type 0x${byte.toString(16)}`;
  if (byte === 0x63 || byte === 0x64) return featureRefused("function-references", construct, offset);
  if (byte === 0x69 || byte === 0x74) return featureRefused("exceptions", construct, offset);
  if (byte === 0x68 || byte === 0x75) return featureRefused("stack-switching", construct, offset);
  if (byte >= 0x6a && byte <= 0x73) return featureRefused("gc", construct, offset);
  return malformed(`malformed type 0x${byte.toString(16)}`, offset);
}
