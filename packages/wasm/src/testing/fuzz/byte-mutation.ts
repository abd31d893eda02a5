/** Changes bytes without regard to what they mean, and sections without regard to their order. */

import { concatBytes, encodeU32, readSections } from "../../custom-section.js";
import type { FramedSection } from "../../custom-section.js";
import type { Random } from "../random.js";
import { pick } from "../random.js";

const headerBytes = 8;

/** Bytes that mean something in many places: types, opcodes, ends, LEB edges. */
const interesting = [
  0x00, 0x01, 0x02, 0x05, 0x0b, 0x0e, 0x1b, 0x20, 0x40, 0x60, 0x6f, 0x70, 0x7b, 0x7f, 0x80, 0xd2, 0xfc, 0xff,
];

type Mutator = (bytes: Uint8Array, random: Random) => Uint8Array;

function place(bytes: Uint8Array, random: Random): number {
  return headerBytes + random.below(Math.max(1, bytes.length - headerBytes));
}

function overwritten(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = value;
  return copy;
}

function inserted(bytes: Uint8Array, at: number, added: readonly number[]): Uint8Array {
  return concatBytes([bytes.slice(0, at), Uint8Array.from(added), bytes.slice(at)]);
}

/** A number in one byte written in two: the same value, longer. */
function padded(bytes: Uint8Array, random: Random): Uint8Array {
  const at = place(bytes, random);
  const value = bytes[at] ?? 0;
  if (value >= 0x80) return inserted(overwritten(bytes, at, value | 0x80), at + 1, [0x80]);
  return inserted(overwritten(bytes, at, value | 0x80), at + 1, [0x00]);
}

function copied(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = [place(bytes, random), place(bytes, random)];
  return Uint8Array.from(bytes).copyWithin(to, from, from + random.below(8));
}

function cutOut(bytes: Uint8Array, random: Random): Uint8Array {
  const at = place(bytes, random);
  return concatBytes([bytes.slice(0, at), bytes.slice(at + 1 + random.below(3))]);
}

/** The size field of a section says less or more than there is, or is padded. */
function resized(bytes: Uint8Array, section: FramedSection, random: Random): Uint8Array {
  const size = section.end - section.contentStart;
  const other = Math.max(0, size + pick(random, [-1, 0, 1]));
  const [last = 0, ...rest] = [...encodeU32(other)].reverse();
  const field = [...rest.reverse(), last | 0x80, 0x00];
  return concatBytes([
    bytes.slice(0, section.start + 1),
    Uint8Array.from(other === size ? field : encodeU32(other)),
    bytes.slice(section.contentStart),
  ]);
}

/** Sections in another order, twice, not at all, or with a wrong size. */
function reframed(bytes: Uint8Array, random: Random): Uint8Array {
  const sections = readSections(bytes);
  if (sections.length === 0) return bytes;
  const chosen = random.below(sections.length);
  const other = random.below(sections.length);
  const pieces = sections.map(({ start, end }) => bytes.slice(start, end));
  const [piece = new Uint8Array()] = pieces.slice(chosen);
  const section = sections[chosen];
  const kind = random.below(4);
  if (kind === 0 && section !== undefined) return resized(bytes, section, random);
  if (kind === 1) pieces.splice(other, 0, piece);
  else if (kind === 2) pieces.splice(chosen, 1);
  else pieces.splice(other, 0, ...pieces.splice(chosen, 1));
  return concatBytes([bytes.slice(0, headerBytes), ...pieces]);
}

const mutators: readonly Mutator[] = [
  (bytes, random) => overwritten(bytes, place(bytes, random), random.below(256)),
  (bytes, random) => overwritten(bytes, place(bytes, random), pick(random, interesting)),
  (bytes, random) => {
    const at = place(bytes, random);
    return overwritten(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
  },
  (bytes, random) => inserted(bytes, place(bytes, random), [pick(random, interesting)]),
  (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  copied,
  cutOut,
  padded,
];

/** One to three changes. A change of sections comes first: later ones may break the framing. */
export function mutateBytes(source: Uint8Array, random: Random): Uint8Array {
  let bytes = random.below(8) === 0 ? reframed(source, random) : source;
  for (let count = bytes === source ? 1 + random.below(3) : random.below(2); count > 0; count--) {
    if (bytes.length <= headerBytes) return bytes;
    bytes = pick(random, mutators)(bytes, random);
  }
  return bytes;
}
