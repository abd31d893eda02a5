/**
 * A module as the signature format sees it: the signature section, the hashed rest, and where its parts end. Nothing
 * is decoded or verified here.
 */

import {
  DELIMITER_SECTION,
  SIGNATURE_SECTION,
  concatBytes,
  encodeCustomSection,
  encodeU32,
  readSections,
} from "./custom-section.js";
import { HEADER_BYTES } from "./module-header.js";
import type { FramedSection } from "./custom-section.js";
import { wasmError } from "./errors.js";
import { AGENT_LIMITS, signatureBytesMax, signedHashesMax } from "./limits.js";
import { malformedSignature } from "./signature-format.js";

/** Splits a module into its signature payload (if any) and the hashed rest. */
export interface SignedFile {
  readonly payload: Uint8Array | undefined;
  /** First hashed byte. */
  readonly bodyStart: number;
  /** Ends of the parts: after each delimiter, and the end of the file. */
  readonly partEnds: readonly number[];
}

/**
 * @throws {WE_SIGNATURE_MALFORMED} {WE_SIGNATURE_LIMIT} {WE_MODULE_HEADER} {WE_MODULE_MALFORMED} {WE_MODULE_LIMIT}
 */
export function openFile(bytes: Uint8Array): SignedFile {
  if (bytes.length > AGENT_LIMITS.moduleBytesMax) {
    const limit = AGENT_LIMITS.moduleBytesMax;
    throw wasmError("WE_SIGNATURE_LIMIT", { item: "module bytes", actual: bytes.length, limit });
  }
  const sections = readSections(bytes);
  let signature: FramedSection | undefined;
  const partEnds: number[] = [];
  for (const section of sections) {
    if (section.name === DELIMITER_SECTION) partEnds.push(section.end);
    if (section.name !== SIGNATURE_SECTION) continue;
    if (signature !== undefined) throw malformedSignature("a second signature section", section.start);
    if (section.start !== HEADER_BYTES) {
      throw malformedSignature("the signature section is not the first section", section.start);
    }
    checkFraming(section);
    signature = section;
  }
  if (partEnds.at(-1) !== bytes.length) partEnds.push(bytes.length);
  if (partEnds.length > signedHashesMax) {
    throw wasmError("WE_SIGNATURE_LIMIT", { item: "parts", actual: partEnds.length, limit: signedHashesMax });
  }
  const payload = signature === undefined ? undefined : bytes.subarray(signature.payloadStart, signature.end);
  return { payload, bodyStart: signature?.end ?? HEADER_BYTES, partEnds };
}

/** The section's own frame is not hashed, so it must have one form only. */
function checkFraming(section: FramedSection): void {
  const size = section.end - section.contentStart;
  const nameBytes = 1 + SIGNATURE_SECTION.length;
  const minimal = section.contentStart - section.start === 1 + encodeU32(size).length;
  if (!minimal || section.payloadStart - section.contentStart !== nameBytes) {
    throw malformedSignature("the section's size is not in its shortest form", section.start);
  }
  if (size - nameBytes > signatureBytesMax) {
    const actual = size - nameBytes;
    throw wasmError("WE_SIGNATURE_LIMIT", { item: "payload bytes", actual, limit: signatureBytesMax });
  }
}

/** The module with that signature payload instead of its own; `undefined`: with none. */
export function withPayload(
  bytes: Uint8Array,
  file: SignedFile,
  payload: Uint8Array | undefined,
): Uint8Array {
  const section = payload === undefined ? [] : [encodeCustomSection(SIGNATURE_SECTION, payload)];
  return concatBytes([bytes.subarray(0, HEADER_BYTES), ...section, bytes.subarray(file.bodyStart)]);
}
