/**
 * A record of the log as a template and what fills it. The template is the record's CBOR with every number and every
 * text or byte string that is no key cut down to the first byte of its head; these are the leaves, in order.
 * Records of one kind share few templates, and equal leaves of many records compress far better side by side.
 */

import { ColumnReader, ColumnWriter } from "./byte-column.js";
import type { Refuse } from "./byte-column.js";
import { templateDepthMax } from "./limits.js";

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;

/** A number is the argument of its head; -1 - argument for negative ones. */
export type Leaf = bigint | Uint8Array;

/** What stands between the leaves, and of what kind each leaf is. */
export type TemplateStep =
  | { readonly kind: "verbatim"; readonly bytes: Uint8Array }
  | { readonly kind: "number"; readonly major: number }
  | { readonly kind: "string"; readonly major: number };

interface Head {
  readonly major: number;
  readonly argument: bigint;
  /** Bytes of the head. */
  readonly bytes: Uint8Array;
}

function readHead(reader: ColumnReader, refuse: Refuse): Head {
  const first = reader.byte();
  const low = first & 0x1f;
  if (low > 27) return refuse("a CBOR head has an unknown form");
  const size = low < 24 ? 0 : 1 << (low - 24);
  const start = reader.offset - 1;
  const rest = reader.raw(size);
  const argument = low < 24 ? BigInt(low) : bigEndian(rest);
  return { major: first >> 5, argument, bytes: reader.range(start, reader.offset) };
}

function bigEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 8) return view.getBigUint64(0);
  if (bytes.length === 4) return BigInt(view.getUint32(0));
  return BigInt(bytes.length === 2 ? view.getUint16(0) : view.getUint8(0));
}

/** Appends a head in its shortest form. */
export function writeHead(out: ColumnWriter, major: number, argument: bigint): void {
  const size =
    argument < 24n ? 0 : argument < 0x100n ? 1 : argument < 0x1_0000n ? 2 : argument < 0x1_0000_0000n ? 4 : 8;
  const low = size === 0 ? Number(argument) : 24 + Math.log2(size);
  out.byte((major << 5) | low);
  for (let shift = size - 1; shift >= 0; shift -= 1)
    out.byte(Number((argument >> BigInt(8 * shift)) & 0xffn));
}

/** Splits the CBOR of a record. */
export function splitRecord(
  payload: Uint8Array,
  refuse: Refuse,
): { readonly template: Uint8Array; readonly leaves: readonly Leaf[] } {
  const reader = new ColumnReader(payload, refuse);
  const template = new ColumnWriter();
  const leaves: Leaf[] = [];
  const item = (depth: number, isKey: boolean): void => {
    if (depth > templateDepthMax) refuse("a record is nested too deeply");
    const { major, argument, bytes } = readHead(reader, refuse);
    const isString = major === BYTES || major === TEXT;
    const isNumber = major === UNSIGNED || major === NEGATIVE;
    const content = isString ? reader.raw(lengthOf(argument, payload, refuse)) : new Uint8Array();
    if (isKey || !(isString || isNumber)) {
      template.raw(bytes);
      template.raw(content);
    } else {
      template.byte(major << 5);
      leaves.push(isString ? content : argument);
    }
    const count = major === LIST || major === MAP ? lengthOf(argument, payload, refuse) : 0;
    for (let index = 0; index < count; index += 1) {
      if (major === MAP) item(depth + 1, true);
      item(depth + 1, false);
    }
  };
  item(0, false);
  if (!reader.done) refuse("a record has bytes left over");
  return { template: template.bytes(), leaves };
}

/** Nothing has more items or bytes than the record has bytes. */
function lengthOf(argument: bigint, payload: Uint8Array, refuse: Refuse): number {
  return argument <= BigInt(payload.length) ? Number(argument) : refuse("a length is longer than its record");
}

/** The steps that {@link splitRecord} would be undone by. */
export function readTemplate(template: Uint8Array, refuse: Refuse): readonly TemplateStep[] {
  const reader = new ColumnReader(template, refuse);
  const steps: TemplateStep[] = [];
  let verbatim = new ColumnWriter();
  const leaf = (step: TemplateStep): void => {
    if (verbatim.length > 0) steps.push({ kind: "verbatim", bytes: verbatim.bytes() });
    verbatim = new ColumnWriter();
    steps.push(step);
  };
  const item = (depth: number, isKey: boolean): void => {
    if (depth > templateDepthMax) refuse("a template is nested too deeply");
    const { major, argument, bytes } = readHead(reader, refuse);
    const isString = major === BYTES || major === TEXT;
    if (!isKey && (isString || major === UNSIGNED || major === NEGATIVE)) {
      if (argument !== 0n || bytes.length > 1) refuse("a leaf of a template has a value of its own");
      return leaf({ kind: isString ? "string" : "number", major });
    }
    verbatim.raw(bytes);
    if (isKey && isString) verbatim.raw(reader.raw(lengthOf(argument, template, refuse)));
    const count = major === LIST || major === MAP ? lengthOf(argument, template, refuse) : 0;
    for (let index = 0; index < count; index += 1) {
      if (major === MAP) item(depth + 1, true);
      item(depth + 1, false);
    }
  };
  item(0, false);
  if (!reader.done) refuse("a template has bytes left over");
  if (verbatim.length > 0) steps.push({ kind: "verbatim", bytes: verbatim.bytes() });
  return steps;
}
