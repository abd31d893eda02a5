/**
 * The file of a bundle (spec/bundle.md): header, table of contents, two compressed streams, digest. Bytes to parts
 * and back; knows nothing of runs except that a log may be stored by columns.
 *
 *   offset size field
 *   0      8    magic       "WEBUNDLE"
 *   8      u32  version     1 or 2
 *   12     u32  tableBytes
 *   16     16   release that wrote it, ASCII, zero-padded: stays here in every version
 *   32          table       canonical CBOR
 *               streams
 *   end-32 32   digest      SHA-256 over everything before
 */

import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { EngineError, assert, encodeUtf8 } from "@wasm-engine/abi";
import { beginsWithBase, decodeCanonical, encodeCanonical, equalBytes } from "@wasm-engine/core";
import type { CborValue } from "@wasm-engine/core";
import { nodeHasher, sha256 } from "../crypto/node-crypto.js";
import type { Refuse } from "./byte-column.js";
import { bundleMagic, isBundle } from "./bundle-magic.js";
import { bundleError, damaged, sizeError } from "./errors.js";
import {
  brotliQuality,
  brotliWindowBits,
  bundleBytesMax,
  bundleContentBytesMax,
  bundlePartsMax,
  bundleTableBytesMax,
} from "./limits.js";
import { packLog, unpackLog } from "./log-columns.js";

/** The newest that this release reads. */
export const bundleVersion = 2;
/** Parts that a file of version 1 does not hold: snapshots, their pages, the index of a follower. */
const laterParts = /^(snapshots|pages|index)\//;
const headerBytes = 32;
const releaseOffset = 16;
const digestBytes = 32;
const contentDomain = encodeUtf8("wasm-engine/bundle\0");

/** A file of the run folder. */
export interface BundlePart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a bundle says of its log; checked when it is opened. */
export interface BundleFacts {
  readonly name: string;
  readonly runId: string;
  readonly semantics: number;
  readonly genesisDigest: Uint8Array;
  readonly chainHead: Uint8Array;
  /** Last tick that the run reached + 1. */
  readonly ticks: number;
}

export interface BundleContent {
  readonly facts: BundleFacts;
  /** Everything but the log. */
  readonly parts: readonly BundlePart[];
  /** `log/N.seg` in order. */
  readonly log: readonly BundlePart[];
}

type Form = "plain" | "columns";

interface Stream {
  readonly form: Form;
  /** Compressed. */
  readonly bytes: number;
  readonly plainBytes: number;
}

interface PartEntry {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: Uint8Array;
}

interface Table {
  readonly facts: BundleFacts;
  readonly parts: readonly PartEntry[];
  readonly log: readonly PartEntry[];
  readonly streams: readonly Stream[];
}

/** Version 1 wherever it can tell the content: snapshots and logs without their older records came with 2. */
function versionOf({ parts, log }: Pick<BundleContent, "parts" | "log">): number {
  const isBased = log.some(({ bytes }) => beginsWithBase(bytes));
  return isBased || parts.some(({ name }) => laterParts.test(name)) ? bundleVersion : 1;
}

/** Digest over names and contents of all parts: equal for one run, whatever compressed it. */
export function contentDigest({ facts, parts, log }: BundleContent): Uint8Array {
  const value = { ...factsValue(facts), parts: parts.map(entryValue), log: log.map(entryValue) };
  return nodeHasher.sha256(contentDomain, encodeCanonical(value));
}

/** The file. `release`: version of the engine, at most 16 ASCII characters. */
export function encodeBundle(content: BundleContent, release: string): Uint8Array {
  const { facts, parts, log } = content;
  const packed = packedLog(log.map(({ bytes }) => bytes));
  const plain = Buffer.concat(parts.map(({ bytes }) => bytes));
  const streams = [compressed("plain", plain), compressed(packed.form, packed.bytes)];
  const table = encodeCanonical({
    ...factsValue(facts),
    parts: parts.map(entryValue),
    log: log.map(entryValue),
    streams: streams.map(({ form, bytes, plainBytes }) => ({ form, bytes: bytes.length, plainBytes })),
  });
  const header = new Uint8Array(headerBytes);
  header.set(bundleMagic);
  const view = new DataView(header.buffer);
  view.setUint32(8, versionOf(content), true);
  view.setUint32(12, table.length, true);
  header.set(encodeUtf8(release).subarray(0, headerBytes - releaseOffset), releaseOffset);
  const body = Buffer.concat([header, table, ...streams.map(({ bytes }) => bytes)]);
  return new Uint8Array(Buffer.concat([body, sha256(body)]));
}

/** By columns where that gives the same bytes again. */
function packedLog(segments: readonly Uint8Array[]): { readonly form: Form; readonly bytes: Uint8Array } {
  const whole = Buffer.concat(segments);
  const refuse = damaged("");
  try {
    const columns = packLog(segments, nodeHasher, refuse);
    const sizes = segments.map(({ length }) => length);
    const again = Buffer.concat(unpackLog(columns, { sizes, hasher: nodeHasher, refuse }));
    if (whole.equals(again)) return { form: "columns", bytes: columns };
  } catch (error) {
    // A log of a form that columns do not know is stored as it is.
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
  }
  return { form: "plain", bytes: whole };
}

function compressed(form: Form, plain: Uint8Array): { form: Form; bytes: Uint8Array; plainBytes: number } {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: brotliQuality,
    [constants.BROTLI_PARAM_LGWIN]: brotliWindowBits,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  return { form, bytes: brotliCompressSync(plain, { params }), plainBytes: plain.length };
}

function factsValue(facts: BundleFacts): { [key: string]: CborValue } {
  const { name, runId, semantics, genesisDigest, chainHead, ticks } = facts;
  return { name, runId, semantics, genesisDigest, chainHead, ticks };
}

function entryValue({ name, bytes }: BundlePart): { [key: string]: CborValue } {
  return { name, bytes: bytes.length, sha256: sha256(bytes) };
}

/**
 * Parts of a file, each with the digest that the table states. Whether they are a run is for the caller to check.
 * @throws {WE_BUNDLE_DAMAGED} {WE_BUNDLE_VERSION} {WE_BUNDLE_SIZE}
 */
export function decodeBundle(path: string, file: Uint8Array): BundleContent {
  const refuse = damaged(path);
  const body = checkFrame(path, file, refuse);
  const table = readTable(path, body, refuse);
  let offset = headerBytes + tableBytesOf(body);
  const [plain, log] = table.streams.map((stream) => {
    const bytes = body.subarray(offset, offset + stream.bytes);
    offset += stream.bytes;
    return decompressed(bytes, stream, refuse);
  });
  assert(plain !== undefined && log !== undefined, "the table has two streams");
  const sizes = table.log.map(({ bytes }) => bytes);
  const segments =
    table.streams[1]?.form === "columns"
      ? coded(refuse, () => unpackLog(log, { sizes, hasher: nodeHasher, refuse }))
      : cut(log, table.log);
  const content = {
    facts: table.facts,
    parts: checkedParts(table.parts, cut(plain, table.parts), refuse),
    log: checkedParts(table.log, segments, refuse),
  };
  const found = new DataView(body.buffer, body.byteOffset).getUint32(8, true);
  return found === versionOf(content) ? content : refuse(`its parts are not those of format ${found}`);
}

function checkFrame(path: string, file: Uint8Array, refuse: Refuse): Uint8Array {
  if (!isBundle(file)) refuse("it does not begin as a bundle does");
  if (file.length < headerBytes + digestBytes) refuse("it ends inside its header");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found = view.getUint32(8, true);
  if (found < 1 || found > bundleVersion) {
    const release = Buffer.from(file.subarray(releaseOffset, headerBytes))
      .toString("latin1")
      .replace(/[^!-~]/g, "");
    throw bundleError("WE_BUNDLE_VERSION", { path, found, supported: `1 to ${bundleVersion}`, release });
  }
  const body = file.subarray(0, file.length - digestBytes);
  const digest = file.subarray(file.length - digestBytes);
  if (!equalBytes(sha256(body), digest)) refuse("its last 32 bytes are not the digest of the others");
  return body;
}

function tableBytesOf(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset).getUint32(12, true);
}

function readTable(path: string, body: Uint8Array, refuse: Refuse): Table {
  const bytes = tableBytesOf(body);
  if (bytes > bundleTableBytesMax)
    throw sizeError(path, "its table", { bytes, bytesMax: bundleTableBytesMax });
  if (bytes > body.length - headerBytes) refuse("it ends inside its table");
  const table = coded(refuse, () =>
    tableOf(decodeCanonical(body.subarray(headerBytes, headerBytes + bytes)), refuse),
  );
  const plainBytes = table.streams.reduce((sum, stream) => sum + stream.plainBytes, 0);
  for (const total of [sumOf([...table.parts, ...table.log]), plainBytes]) {
    if (total > bundleContentBytesMax)
      throw sizeError(path, "its content", { bytes: total, bytesMax: bundleContentBytesMax });
  }
  const stored = sumOf(table.streams);
  if (headerBytes + bytes + stored !== body.length) refuse("its streams are not as long as it says");
  const [plain, log] = table.streams;
  if (plain?.plainBytes !== sumOf(table.parts)) refuse("its parts are not as long as it says");
  if (log?.form === "plain" && log.plainBytes !== sumOf(table.log))
    refuse("its log is not as long as it says");
  return table;
}

function sumOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Errors of codecs are damage here. */
function coded<Result>(refuse: Refuse, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!EngineError.is(error) || /^WE_(BUNDLE|INTERNAL)_/.test(error.code)) throw error;
    return refuse(error.message);
  }
}

function tableOf(value: CborValue, refuse: Refuse): Table {
  const map = mapOf(value, refuse);
  const facts: BundleFacts = {
    name: textOf(map["name"], refuse),
    runId: textOf(map["runId"], refuse),
    semantics: countOf(map["semantics"], refuse),
    genesisDigest: hashOf(map["genesisDigest"], refuse),
    chainHead: hashOf(map["chainHead"], refuse),
    ticks: countOf(map["ticks"], refuse),
  };
  const entry = (item: CborValue): PartEntry => {
    const part = mapOf(item, refuse);
    return {
      name: textOf(part["name"], refuse),
      bytes: countOf(part["bytes"], refuse),
      sha256: hashOf(part["sha256"], refuse),
    };
  };
  const streams = listOf(map["streams"], refuse).map((item): Stream => {
    const stream = mapOf(item, refuse);
    const form = textOf(stream["form"], refuse);
    if (form !== "plain" && form !== "columns") return refuse(`a stream has the unknown form ${form}`);
    return {
      form,
      bytes: countOf(stream["bytes"], refuse),
      plainBytes: countOf(stream["plainBytes"], refuse),
    };
  });
  if (streams.length !== 2 || streams[0]?.form !== "plain") refuse("it does not hold two streams");
  return {
    facts,
    parts: listOf(map["parts"], refuse).map(entry),
    log: listOf(map["log"], refuse).map(entry),
    streams,
  };
}

type CborMap = { readonly [key: string]: CborValue };

function mapOf(value: CborValue | undefined, refuse: Refuse): CborMap {
  const isMap =
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return isMap ? (value as CborMap) : refuse("its table has another shape"); // what is left of CborValue
}

function listOf(value: CborValue | undefined, refuse: Refuse): readonly CborValue[] {
  if (!Array.isArray(value) || value.length > bundlePartsMax) return refuse("its table has another shape");
  return value as readonly CborValue[]; // an array of CborValue
}

function textOf(value: CborValue | undefined, refuse: Refuse): string {
  return typeof value === "string" ? value : refuse("its table has another shape");
}

function countOf(value: CborValue | undefined, refuse: Refuse): number {
  const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  return isCount ? value : refuse("its table has another shape");
}

function hashOf(value: CborValue | undefined, refuse: Refuse): Uint8Array {
  return value instanceof Uint8Array && value.length === 32 ? value : refuse("its table has another shape");
}

function decompressed(bytes: Uint8Array, { plainBytes }: Stream, refuse: Refuse): Uint8Array {
  let plain: Uint8Array;
  try {
    // One byte more, because zero is no limit; what is longer than it says ends there.
    plain = new Uint8Array(brotliDecompressSync(bytes, { maxOutputLength: plainBytes + 1 }));
  } catch {
    return refuse("a stream does not decompress to what it says");
  }
  return plain.length === plainBytes ? plain : refuse("a stream does not decompress to what it says");
}

function cut(bytes: Uint8Array, entries: readonly PartEntry[]): Uint8Array[] {
  let offset = 0;
  return entries.map((entry) => {
    offset += entry.bytes;
    return bytes.slice(offset - entry.bytes, offset);
  });
}

function checkedParts(
  entries: readonly PartEntry[],
  contents: readonly Uint8Array[],
  refuse: Refuse,
): readonly BundlePart[] {
  return entries.map((entry, index) => {
    const bytes = contents[index];
    if (bytes === undefined || !equalBytes(sha256(bytes), entry.sha256)) {
      return refuse(`${JSON.stringify(entry.name)} has another digest`);
    }
    return { name: entry.name, bytes };
  });
}

/** The file is no larger than any may be. @throws {WE_BUNDLE_SIZE} */
export function checkFileBytes(path: string, bytes: number): void {
  if (bytes > bundleBytesMax) throw sizeError(path, "the file", { bytes, bytesMax: bundleBytesMax });
}
