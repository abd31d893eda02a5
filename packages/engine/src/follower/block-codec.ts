/**
 * Blocks of the index: the events of whole ticks as variable-length integers, with the names that they use first.
 *
 *   offset size field
 *   0      u32  magic "WEIX"          24     f64  firstEvent
 *   4      u32  version               32     f64  firstTick
 *   8      u32  payloadBytes          40     f64  lastTick
 *   12     u32  CRC-32 of all after   48     f64  first name
 *   16     u32  events                56     32 bytes: chain head after lastTick
 *   20     u32  namesBytes            88     32 bytes: digest of the genesis
 *   120    names: length, UTF-8 …     then the events
 */

import { crc32 } from "node:zlib";
import { decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import { blockBytesMax } from "./limits.js";
import type { NumberedEvent, TraceEvent, TraceKind } from "./trace-event.js";

export const blockHeaderBytes = 120;
/** Another version is not read: the index is made again. */
export const indexVersion = 1;
const magic = 0x5849_4557;

export interface BlockHead {
  readonly payloadBytes: number;
  readonly events: number;
  readonly namesBytes: number;
  readonly firstEvent: number;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly firstName: number;
  readonly chainHead: Uint8Array;
  readonly genesisDigest: Uint8Array;
}

/** Bytes that grow. */
export class ByteSink {
  #bytes = new Uint8Array(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits at a time. */
  integer(value: number): void {
    this.#reserve(8);
    let left = value;
    while (left >= 0x80) {
      this.#bytes[this.#length] = (left % 0x80) | 0x80;
      this.#length += 1;
      left = Math.floor(left / 0x80);
    }
    this.#bytes[this.#length] = left;
    this.#length += 1;
  }

  text(value: string): void {
    const bytes = encodeUtf8(value);
    this.integer(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}

class ByteSource {
  readonly #bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  integer(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.#offset] ?? 0;
      this.#offset += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const length = this.integer();
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return decodeUtf8(bytes) ?? "";
  }
}

/** Appends one event; `event` is its number, `before` the tick of the event before it in the block. */
export function writeEvent(sink: ByteSink, written: NumberedEvent, before: number): void {
  const { kind, tick, agent, peer, topic, value, number, request, age, link, origin, text } = written;
  const back = (earlier: number): number => (earlier < 0 ? 0 : written.event - earlier);
  // Most events have no text, no age and no origin: one bit each instead of a byte.
  const flags =
    (text === "" ? 0 : 8) | (age === 0 ? 0 : 16) | (origin < 0 ? 0 : 32) | (request === 0 ? 0 : 64);
  sink.integer(kind | flags);
  for (const field of [tick - before, agent, peer, topic, value, number, back(link)]) sink.integer(field);
  if (request !== 0) sink.integer(request);
  if (age !== 0) sink.integer(age);
  if (origin >= 0) sink.integer(back(origin));
  if (text !== "") sink.text(text);
}

function readEvent(source: ByteSource, event: number, before: number): NumberedEvent {
  const flags = source.integer();
  const tick = before + source.integer();
  const agent = source.integer();
  const peer = source.integer();
  const topic = source.integer();
  const value = source.integer();
  const number = source.integer();
  const ahead = (back: number): number => (back === 0 ? -1 : event - back);
  const link = ahead(source.integer());
  const request = (flags & 64) === 0 ? 0 : source.integer();
  const age = (flags & 16) === 0 ? 0 : source.integer();
  const origin = (flags & 32) === 0 ? -1 : ahead(source.integer());
  const text = (flags & 8) === 0 ? "" : source.text();
  const kind = (flags & 7) as TraceKind; // written by writeEvent, under a checksum
  return { event, kind, tick, agent, peer, topic, value, number, request, age, link, origin, text };
}

/** The whole block, ready to be appended to the file. */
export function encodeBlock(
  head: Omit<BlockHead, "payloadBytes" | "namesBytes">,
  names: readonly string[],
  events: Uint8Array,
): Uint8Array {
  const sink = new ByteSink();
  for (const name of names) sink.text(name);
  const namesBytes = sink.length;
  const bytes = new Uint8Array(blockHeaderBytes + namesBytes + events.length);
  const view = new DataView(bytes.buffer);
  bytes.set(sink.bytes, blockHeaderBytes);
  bytes.set(events, blockHeaderBytes + namesBytes);
  view.setUint32(0, magic, true);
  view.setUint32(4, indexVersion, true);
  view.setUint32(8, namesBytes + events.length, true);
  view.setUint32(16, head.events, true);
  view.setUint32(20, namesBytes, true);
  view.setFloat64(24, head.firstEvent, true);
  view.setFloat64(32, head.firstTick, true);
  view.setFloat64(40, head.lastTick, true);
  view.setFloat64(48, head.firstName, true);
  bytes.set(head.chainHead, 56);
  bytes.set(head.genesisDigest, 88);
  view.setUint32(12, crc32(bytes.subarray(16)), true);
  return bytes;
}

/** The head of a block; undefined where the bytes are none of this version. */
export function decodeHead(bytes: Uint8Array): BlockHead | undefined {
  if (bytes.length < blockHeaderBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloadBytes = view.getUint32(8, true);
  if (view.getUint32(0, true) !== magic || view.getUint32(4, true) !== indexVersion) return undefined;
  if (payloadBytes > blockBytesMax) return undefined;
  return {
    payloadBytes,
    events: view.getUint32(16, true),
    namesBytes: view.getUint32(20, true),
    firstEvent: view.getFloat64(24, true),
    firstTick: view.getFloat64(32, true),
    lastTick: view.getFloat64(40, true),
    firstName: view.getFloat64(48, true),
    chainHead: bytes.slice(56, 88),
    genesisDigest: bytes.slice(88, 120),
  };
}

/** True where the checksum of the whole block holds. */
export function isWhole(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(12, true) === crc32(bytes.subarray(16));
}

export function decodeNames(bytes: Uint8Array, { namesBytes }: BlockHead): string[] {
  const source = new ByteSource(bytes, blockHeaderBytes);
  const names: string[] = [];
  while (source.offset < blockHeaderBytes + namesBytes) names.push(source.text());
  return names;
}

export function decodeEvents(bytes: Uint8Array, head: BlockHead): NumberedEvent[] {
  return eventsIn(bytes, { ...head, start: blockHeaderBytes + head.namesBytes });
}

/** Events that are not in a block yet. */
export function eventsIn(
  bytes: Uint8Array,
  from: Pick<BlockHead, "events" | "firstEvent" | "firstTick"> & { readonly start: number },
): NumberedEvent[] {
  const source = new ByteSource(bytes, from.start);
  const events: NumberedEvent[] = [];
  let tick = from.firstTick;
  for (let index = 0; index < from.events; index += 1) {
    const read = readEvent(source, from.firstEvent + index, tick);
    tick = read.tick;
    events.push(read);
  }
  return events;
}

/** An event that gets its number when it is written. */
export function numbered(event: TraceEvent, at: number): NumberedEvent {
  return { ...event, event: at };
}
