/**
 * The canonical bytes of a message from outside, written without the values in between that shapes make: what comes
 * by the hundred thousand is of this kind. Gives nothing where anything is out of the ordinary, and then shapes decide;
 * where it gives bytes they are the same (a test compares).
 */

import { Encoding, isAgentId } from "@wasm-engine/abi";
import type { Input, InputBody } from "../model.js";
import { encodeCanonical } from "./cbor.js";
import { Major } from "./cbor-head.js";

/** Keys and values that never change, in canonical order: by length, then by bytes. */
const keyName = encodeCanonical("key");
const seqName = encodeCanonical("seq");
const bodyUpToReceiver = joined(encodeCanonical("body"), mapOf(6), encodeCanonical("to"));
const kindUpToTopic = joined(encodeCanonical("kind"), encodeCanonical("message"), encodeCanonical("topic"));
const payloadName = encodeCanonical("payload");
const encodingName = encodeCanonical("encoding");
const answerName = encodeCanonical("answerWanted");
const tickName = encodeCanonical("tick");
const sourceName = encodeCanonical("source");
/** What stands between payload and tick, by encoding and whether an answer is wanted. */
const tails: readonly (readonly [no: Uint8Array, yes: Uint8Array])[] = tailsOf(Object.values(Encoding));

/** Everything but texts and payload, with room to spare. */
const fixedBytesMax = 256;
const encodings: ReadonlySet<number> = new Set(Object.values(Encoding));
const two32 = 0x1_0000_0000;
/** Addresses that are kept; where there are more, all are forgotten. */
const addressesMax = 16_384;

/** What stands between sequence and payload of a message to one receiver on one topic: written once, then copied. */
interface Address {
  readonly to: string;
  readonly topic: string;
  readonly bytes: Uint8Array;
}

/** By receiver, then by topic. */
const addresses = new Map<string, Map<string, Address>>();
let addressCount = 0;
let lastAddress: Address | undefined;

/** What is being written into, and where. */
let target: Uint8Array = new Uint8Array(4096);
let end = 0;
/** Of {@link encodeMessageInput}; what it gives is a copy. */
let scratch: Uint8Array = target;

/** Canonical bytes of the input, or undefined where the general way must be taken. */
export function encodeMessageInput(input: Input): Uint8Array | undefined {
  const most = messageInputBytesMax(input);
  if (most === undefined) return undefined;
  if (most > scratch.length) scratch = new Uint8Array(Math.max(most, scratch.length * 2));
  const bytes = writeMessageInput(input, { into: scratch, start: 0, form: "stored" });
  return bytes === undefined ? undefined : scratch.slice(0, bytes);
}

/** Room that {@link writeMessageInput} needs at most; undefined where the general way must be taken. */
export function messageInputBytesMax(input: Input): number | undefined {
  const { seq, tick, key, source } = input;
  const body = input.body as InputBody | undefined; // callers are programs: the static type may lie
  if (body?.kind !== "message" || !isCount(seq) || seq === 0 || !isCount(tick)) return undefined;
  const { to, topic, encoding, payload, answerWanted } = body;
  const isOrdinary = addressOf(to, topic) !== undefined && encodings.has(encoding);
  if (!isOrdinary || !(payload instanceof Uint8Array) || typeof answerWanted !== "boolean") return undefined;
  if (source !== undefined && !isPlace(source)) return undefined;
  if (key !== undefined && typeof key !== "string") return undefined;
  return fixedBytesMax + to.length + topic.length + payload.length + (key?.length ?? 0);
}

/** Where the bytes go, and whether `source` is among them, which the world does not see. */
export interface InputPlace {
  readonly into: Uint8Array;
  readonly start: number;
  readonly form: "stored" | "world";
}

/**
 * Writes an input that {@link messageInputBytesMax} has found room for. Returns where it ends, or undefined where the
 * general way must be taken after all.
 */
export function writeMessageInput(input: Input, { into, start, form }: InputPlace): number | undefined {
  const { seq, tick, key, body } = input;
  if (body.kind !== "message") return undefined;
  const { to, topic, encoding, payload, answerWanted } = body;
  const address = addressOf(to, topic);
  const tail = tails[encoding]?.[answerWanted ? 1 : 0];
  if (address === undefined || tail === undefined) return undefined;
  const source = form === "stored" ? input.source : undefined;
  target = into;
  end = start;
  const fields = 3 + (key === undefined ? 0 : 1) + (source === undefined ? 0 : 1);
  target[end++] = (Major.MAP << 5) | fields;
  if (key !== undefined) {
    append(keyName);
    if (!ascii(key)) return undefined;
  }
  append(seqName);
  head(Major.UNSIGNED, seq);
  copy(address.bytes);
  head(Major.BYTES, payload.length);
  copy(payload);
  copy(tail);
  head(Major.UNSIGNED, tick);
  if (source !== undefined) {
    append(sourceName);
    head(Major.LIST, 2);
    head(Major.UNSIGNED, source[0]);
    head(Major.UNSIGNED, source[1]);
  }
  return end;
}

/** Undefined where the receiver is no id, or a text has more bytes than characters. */
function addressOf(to: string, topic: string): Address | undefined {
  const last = lastAddress;
  if (last !== undefined && last.to === to && last.topic === topic) return last;
  const topics = addresses.get(to);
  const known = topics?.get(topic);
  if (known !== undefined) return (lastAddress = known);
  if (!isAgentId(to) || typeof topic !== "string" || !isAscii(topic)) return undefined;
  const bytes = joined(
    bodyUpToReceiver,
    encodeCanonical(to),
    kindUpToTopic,
    encodeCanonical(topic),
    payloadName,
  );
  if (addressCount >= addressesMax) {
    addresses.clear();
    addressCount = 0;
  }
  addressCount += 1;
  lastAddress = { to, topic, bytes };
  addresses.set(to, (addresses.get(to) ?? new Map<string, Address>()).set(topic, lastAddress));
  return lastAddress;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

function tailsOf(codes: readonly number[]): readonly (readonly [no: Uint8Array, yes: Uint8Array])[] {
  const made: (readonly [no: Uint8Array, yes: Uint8Array])[] = [];
  const tailOf = (code: number, flag: boolean): Uint8Array =>
    joined(encodingName, encodeCanonical(code), answerName, encodeCanonical(flag), tickName);
  for (const code of codes) made[code] = [tailOf(code, false), tailOf(code, true)];
  return made;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
}

function isPlace(source: readonly number[]): boolean {
  return source.length === 2 && source.every(isCount);
}

function copy(bytes: Uint8Array): void {
  target.set(bytes, end);
  end += bytes.length;
}

/** Single names are short: a call that copies would cost more than they do. */
function append(bytes: Uint8Array): void {
  for (let index = 0; index < bytes.length; index += 1) target[end + index] = bytes[index] ?? 0;
  end += bytes.length;
}

/** False where a text has more bytes than characters, or is none. */
function ascii(text: string): boolean {
  if (typeof text !== "string") return false;
  head(Major.TEXT, text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return false;
    target[end + index] = code;
  }
  end += text.length;
  return true;
}

function head(major: number, argument: number): void {
  const type = major << 5;
  if (argument < 24) {
    target[end++] = type | argument;
    return;
  }
  const width = argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < two32 ? 4 : 8;
  target[end++] = type | (23 + (width === 8 ? 4 : width === 4 ? 3 : width));
  if (width === 8) word(Math.floor(argument / two32), 4);
  word(argument >>> 0, Math.min(width, 4));
}

/** The low bytes of `value`, the highest of them first. */
function word(value: number, width: number): void {
  for (let shift = (width - 1) * 8; shift >= 0; shift -= 8) target[end++] = value >>> shift;
}

function mapOf(fields: number): Uint8Array {
  return Uint8Array.of((Major.MAP << 5) | fields);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
