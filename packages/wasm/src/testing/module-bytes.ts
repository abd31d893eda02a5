/** Modules written byte by byte, for tests of what no assembler would emit. */

import { concatBytes, encodeCustomSection, encodeU32 } from "../custom-section.js";

export const HEADER: Uint8Array = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** A section with a correct size. */
export function section(id: number, ...content: number[]): Uint8Array {
  return sectionOf(id, Uint8Array.from(content));
}

function sectionOf(id: number, content: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(id), encodeU32(content.length), content]);
}

/** A module from sections. */
export function moduleOf(...sections: Uint8Array[]): Uint8Array {
  return concatBytes([HEADER, ...sections]);
}

/**
 * A module with one function of type `[] -> []`, no locals and this code; `before` are sections between function
 * and code.
 */
export function functionModule(code: readonly number[], ...before: Uint8Array[]): Uint8Array {
  return moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), ...before, codeSection([0, ...code]));
}

/** A code section from bodies, each with its locals. */
export function codeSection(...bodies: readonly (readonly number[])[]): Uint8Array {
  const encoded = bodies.flatMap((body) => [encodeU32(body.length), Uint8Array.from(body)]);
  return sectionOf(10, concatBytes([encodeU32(bodies.length), ...encoded]));
}

export function custom(name: string, ...payload: number[]): Uint8Array {
  return encodeCustomSection(name, Uint8Array.from(payload));
}
