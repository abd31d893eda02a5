/**
 * Custom sections as byte ranges, for digest, manifest and signatures, which need no more of a module than its
 * framing.
 */

import { encodeUtf8 } from "@wasm-engine/abi";
import { BinaryReader, malformed } from "./binary-reader.js";
import { wasmError } from "./errors.js";
import { AGENT_LIMITS } from "./limits.js";
import { HEADER_BYTES, checkHeader } from "./module-header.js";
import type { Section } from "./module.js";
import { SectionId } from "./module.js";

export const SIGNATURE_SECTION = "signature";
export const DELIMITER_SECTION = "signature_delimiter";
export const MANIFEST_SECTION = "wasm-engine.manifest";

/** A section and, where it is custom, its name and payload. */
export interface FramedSection extends Section {
  readonly name: string | undefined;
  /** First byte after the name; `contentStart` of sections that are not custom. */
  readonly payloadStart: number;
}

/**
 * Splits a module into sections without looking into them.
 * @throws {WE_MODULE_HEADER} {WE_MODULE_MALFORMED} {WE_MODULE_LIMIT}
 */
export function readSections(bytes: Uint8Array): FramedSection[] {
  checkHeader(bytes);
  const reader = new BinaryReader(bytes, HEADER_BYTES);
  const sections: FramedSection[] = [];
  let custom = 0;
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.byte();
    const size = reader.u32();
    const contentStart = reader.offset;
    if (size > reader.end - contentStart) throw malformed("length out of bounds", contentStart);
    const end = contentStart + size;
    reader.offset = end;
    if (id !== SectionId.CUSTOM) {
      sections.push({ id, start, contentStart, end, name: undefined, payloadStart: contentStart });
      continue;
    }
    custom += 1;
    if (custom > AGENT_LIMITS.customSectionsMax) {
      const limit = AGENT_LIMITS.customSectionsMax;
      throw wasmError("WE_MODULE_LIMIT", { item: "custom sections", actual: custom, limit, offset: start });
    }
    const content = new BinaryReader(bytes, contentStart, end);
    const name = content.name();
    sections.push({ id, start, contentStart, end, name, payloadStart: content.offset });
  }
  return sections;
}

/** Unsigned LEB128 of 32 bits in its shortest form. */
export function encodeU32(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return Uint8Array.from(bytes);
}

/** One array from several. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Lower-case hex, for digests, key ids and messages. */
export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Payload of the first custom section of that name.
 * @throws {WE_MODULE_HEADER} {WE_MODULE_MALFORMED} {WE_MODULE_LIMIT}
 */
export function customSectionOf(bytes: Uint8Array, name: string): Uint8Array | undefined {
  const section = readSections(bytes).find((candidate) => candidate.name === name);
  return section === undefined ? undefined : bytes.subarray(section.payloadStart, section.end);
}

/** A whole custom section: id, size, name, payload. */
export function encodeCustomSection(name: string, payload: Uint8Array): Uint8Array {
  const nameBytes = encodeUtf8(name);
  const content = concatBytes([encodeU32(nameBytes.length), nameBytes, payload]);
  return concatBytes([Uint8Array.of(SectionId.CUSTOM), encodeU32(content.length), content]);
}

/** The module without the sections that `drop` names. Everything else keeps its bytes. */
export function withoutSections(
  bytes: Uint8Array,
  sections: readonly FramedSection[],
  drop: (name: string) => boolean,
): Uint8Array {
  const parts = [bytes.subarray(0, HEADER_BYTES)];
  for (const section of sections) {
    if (section.name !== undefined && drop(section.name)) continue;
    parts.push(bytes.subarray(section.start, section.end));
  }
  return concatBytes(parts);
}
