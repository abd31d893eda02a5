/**
 * Reads the canonical bytes of what comes by the hundred thousand, messages from outside and results, in one pass and
 * without the values in between that CBOR and shapes make. Gives nothing where anything is out of the ordinary: then
 * they decide, and say what is wrong. Where it gives an input it is the same (a test compares).
 */

import { Encoding, isAgentId, limits } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import type { Input, InputBody } from "../model.js";
import { encodeCanonical } from "./cbor.js";
import { Major, Simple } from "./cbor-head.js";

type Message = Extract<InputBody, { readonly kind: "message" }>;
type Result = Extract<InputBody, { readonly kind: "result" }>;

/** What never changes, in canonical order: keys by length, then by bytes. */
const keyName = encodeCanonical("key");
const seqName = encodeCanonical("seq");
const bodyName = encodeCanonical("body");
const toName = encodeCanonical("to");
const messageUpToTopic = joined(
  encodeCanonical("kind"),
  encodeCanonical("message"),
  encodeCanonical("topic"),
);
const payloadName = encodeCanonical("payload");
const encodingName = encodeCanonical("encoding");
const answerName = encodeCanonical("answerWanted");
const okName = encodeCanonical("ok");
const resultUpToLast = joined(encodeCanonical("kind"), encodeCanonical("result"), encodeCanonical("last"));
const agentName = encodeCanonical("agent");
const sourceName = encodeCanonical("source");
const requestName = encodeCanonical("requestId");
const tickName = encodeCanonical("tick");
const messageHead = (Major.MAP << 5) | 6;
const resultHead = (Major.MAP << 5) | 8;

const encodings: ReadonlySet<number> = new Set(Object.values(Encoding));
const resultSources: ReadonlySet<string> = new Set<Result["source"]>(["inference", "token", "tool"]);
const two32 = 0x1_0000_0000;

/** Names come again and again: each is made once. Longer texts are not ordinary. */
interface KnownText {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly isId: boolean;
}
const textBytesMax = 64;
const textSlots = 4096;
const texts: (KnownText | undefined)[] = Array.from({ length: textSlots }, () => undefined);
const noText: KnownText = { bytes: new Uint8Array(0), text: "", isId: false };

/** What is being read, and where; `isOrdinary` is false from the first byte on that is not as expected. */
let source: Uint8Array = new Uint8Array(0);
let at = 0;
let isOrdinary = true;

/** The input of canonical bytes, or undefined where the general way must be taken. Payloads are copies. */
export function readOrdinaryInput(bytes: Uint8Array): Input | undefined {
  source = bytes;
  at = 0;
  isOrdinary = true;
  const fields = byte() - (Major.MAP << 5);
  if (fields < 3 || fields > 5) return undefined;
  const key = isNext(keyName) ? text() : undefined;
  expect(seqName);
  const seq = unsigned();
  expect(bodyName);
  const head = byte();
  if (head !== messageHead && head !== resultHead) return undefined;
  const body = head === messageHead ? message() : result();
  expect(tickName);
  const tick = unsigned();
  const place = isOrdinary && isNext(sourceName) ? pair() : undefined;
  const found = 3 + (key === undefined ? 0 : 1) + (place === undefined ? 0 : 1);
  if (!isOrdinary || at !== bytes.length || found !== fields || seq === 0) return undefined;
  if (key === undefined && place === undefined) return { seq, body, tick };
  return {
    ...(key === undefined ? {} : { key: key.text }),
    seq,
    body,
    tick,
    ...(place === undefined ? {} : { source: place }),
  };
}

/** Behind the head of its map. */
function message(): Message {
  expect(toName);
  const to = text();
  expect(messageUpToTopic);
  const topic = text();
  expect(payloadName);
  const payload = byteString();
  const encoding = encodingNext();
  expect(answerName);
  const answerWanted = flag();
  if (!to.isId) isOrdinary = false;
  return {
    to: to.text as AgentId, // looked at when the text was made
    kind: "message",
    topic: topic.text,
    payload,
    encoding,
    answerWanted,
  };
}

/** Behind the head of its map. */
function result(): Result {
  expect(okName);
  const ok = flag();
  expect(resultUpToLast);
  const last = flag();
  expect(agentName);
  const agent = unsigned();
  expect(sourceName);
  const origin = text().text;
  if (!resultSources.has(origin)) isOrdinary = false;
  expect(payloadName);
  const payload = byteString();
  const encoding = encodingNext();
  expect(requestName);
  const requestId = unsigned();
  if (requestId < 1 || requestId > limits.requestIdMax) isOrdinary = false;
  return {
    ok,
    kind: "result",
    last,
    agent: agent as AgentHandle, // any count is one
    source: origin as Result["source"], // one of the set
    payload,
    encoding,
    requestId,
  };
}

function encodingNext(): Encoding {
  expect(encodingName);
  const encoding = unsigned();
  if (!encodings.has(encoding)) isOrdinary = false;
  return encoding as Encoding; // one of the set
}

function pair(): readonly [number, number] {
  if (byte() !== ((Major.LIST << 5) | 2)) isOrdinary = false;
  const first = unsigned();
  return [first, unsigned()];
}

function byte(): number {
  const value = source[at];
  at += 1;
  return value ?? 0;
}

/** Steps over `bytes` where they come next. */
function isNext(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index += 1) if (source[at + index] !== bytes[index]) return false;
  at += bytes.length;
  return true;
}

function expect(bytes: Uint8Array): void {
  if (isOrdinary && !isNext(bytes)) isOrdinary = false;
}

function flag(): boolean {
  const value = byte() - (Major.SIMPLE << 5);
  if (value !== Simple.TRUE && value !== Simple.FALSE) isOrdinary = false;
  return value === Simple.TRUE;
}

function unsigned(): number {
  return argument(Major.UNSIGNED);
}

/** The argument of a head of that type, in its shortest form and safe as a number. */
function argument(major: number): number {
  const information = byte() - (major << 5);
  if (information >= 0 && information < 24) return information;
  const width = information >= 24 && information <= 27 ? 1 << (information - 24) : 0;
  if (width === 0 || at + width > source.length) {
    isOrdinary = false;
    return 0;
  }
  let value = 0;
  for (let index = 0; index < width; index += 1) value = value * 256 + byte();
  const least = width === 1 ? 24 : width === 2 ? 0x100 : width === 4 ? 0x1_0000 : two32;
  if (value < least || value > Number.MAX_SAFE_INTEGER) isOrdinary = false;
  return value;
}

function byteString(): Uint8Array {
  const start = spanOf(Major.BYTES);
  // A slice of a Node buffer would be no copy.
  const copy = new Uint8Array(at - start);
  if (copy.length > 0) copy.set(source.subarray(start, at));
  return copy;
}

/** Where the next string begins; the place is behind it then. */
function spanOf(major: number): number {
  const length = argument(major);
  if (!isOrdinary || length > source.length - at) {
    isOrdinary = false;
    return at;
  }
  at += length;
  return at - length;
}

/** ASCII of ordinary length. */
function text(): KnownText {
  const start = spanOf(Major.TEXT);
  const length = at - start;
  if (length > textBytesMax) isOrdinary = false;
  if (!isOrdinary) return noText;
  let hash = length;
  for (let index = start; index < at; index += 1) hash = Math.imul(hash ^ (source[index] ?? 0), 0x0100_0193);
  const slot = (hash ^ (hash >>> 15)) & (textSlots - 1);
  const known = texts[slot];
  if (known !== undefined && isSame(known.bytes, start, length)) return known;
  const made = madeText(start);
  if (made === undefined) isOrdinary = false;
  else texts[slot] = made;
  return made ?? noText;
}

function isSame(bytes: Uint8Array, start: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (bytes[index] !== source[start + index]) return false;
  return true;
}

/** The text from `start` on; undefined where it is not ASCII. */
function madeText(start: number): KnownText | undefined {
  const bytes = Uint8Array.from(source.subarray(start, at));
  if (bytes.some((code) => code > 0x7f)) return undefined;
  const made = String.fromCharCode(...bytes);
  return { bytes, text: made, isId: isAgentId(made) };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
