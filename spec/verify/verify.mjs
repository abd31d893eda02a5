#!/usr/bin/env node
/**
 * Verifies a run folder from the outside: `node spec/verify/verify.mjs RUN [--head HEX]`. Written from
 * the pages of `spec` alone, for auditors: it imports nothing but Node and shares no code with the engine. It reads
 * the log byte by byte, recomputes the chain, and holds modules, snapshots and side records against it. It executes
 * no agent: that is `replay`. Exit codes: 0 whole, 2 usage, 3 damaged or not the expected chain head.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const [HEADER_BYTES, FRAME_BYTES] = [128, 9];
const [GENESIS, INPUT, COMMIT, HEAD, CLOSE, BASE] = [1, 2, 3, 4, 5, 6];
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
class Damage extends Error {}
/** `torn`: a crash in the middle of a write looks like this. */
function check(condition, reason, torn = false) {
  if (!condition) throw Object.assign(new Damage(reason), { torn });
}
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const u64 = (bytes, offset) => Number(bytes.readBigUInt64LE(offset));
const fixed = (bytes, value) => Buffer.from(Array.from(Array(bytes), (_, n) => Math.floor(value / 256 ** n)));
const crcTable = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});
function crc32c(...parts) {
  let crc = 0xffffffff;
  for (const part of parts) for (const byte of part) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}
/** Where the shortest form of a number goes on to 1, 2, 4 and 8 bytes. */
const shortest = [24n, 256n, 65536n, 4294967296n];
/** A canonical CBOR item (section 1) and its place. The shortest form of floats, which no digest shows, is not checked. */
function item(bytes, start = 0, depth = 0) {
  const [major, info] = [bytes[start] >> 5, bytes[start] & 31];
  const size = info < 24 ? 0 : 1 << (info - 24);
  let end = start + 1 + size;
  check(end <= bytes.length && info < 28 && major !== 6 && depth <= 128, "CBOR is not canonical");
  let argument = BigInt(info);
  if (size > 0) argument = BigInt(`0x${hex(bytes.subarray(start + 1, end))}`);
  if (major === 7) return { major, start, end };
  check(size === 0 || argument >= shortest[info - 24], "a CBOR head is not in its shortest form");
  if (major < 2) return { major, value: major === 0 ? argument : -1n - argument, start, end };
  if (major < 4) {
    const raw = bytes.subarray(end, end + Number(argument));
    check(raw.length === Number(argument), "a CBOR string ends early");
    return { major, value: major === 2 ? raw : decoder.decode(raw), start, end: end + raw.length };
  }
  const value = [];
  for (let left = Number(argument) * (major - 3); left > 0; left--) {
    value.push(item(bytes, end, depth + 1));
    end = value.at(-1).end;
  }
  const keys = value.filter((_, index) => major === 5 && index % 2 === 0);
  const encoded = keys.map((key) => bytes.subarray(key.start, key.end));
  const ordered = encoded.every((key, index) => index === 0 || Buffer.compare(encoded[index - 1], key) < 0);
  check(ordered && keys.every((key) => key.major === 3), "CBOR keys are not texts in order");
  return { major, value, start, end };
}
function whole(bytes) {
  check(item(bytes).end === bytes.length, "bytes behind a CBOR item");
  return item(bytes);
}
const keyAt = (map, name) => map.value.findIndex((entry, at) => at % 2 === 0 && entry.value === name);
const member = (map, name) => map.value[keyAt(map, name) + 1];
const numberOf = (value) => Number(value?.value ?? -1);
function withoutMember(payload, map, name) {
  const at = keyAt(map, name);
  if (at < 0) return payload;
  const before = payload.subarray(map.value[0].start, map.value[at].start);
  const head = encodedHead(5, map.value.length / 2 - 1);
  return Buffer.concat([head, before, payload.subarray(map.value[at + 1].end)]);
}
function encodedHead(major, value) {
  const size = shortest.filter((limit) => BigInt(value) >= limit).length;
  const info = size === 0 ? value : 23 + size;
  return Buffer.of((major << 5) | info, ...(size === 0 ? [] : fixed(1 << (size - 1), value).reverse()));
}
/** What a log adds up to. `heads`: the chain head by tick. */
class Chain {
  heads = new Map();
  head = Buffer.alloc(32);
  #pending = new Map();
  constructor() {
    Object.assign(this, { records: 0, commits: 0, inputs: 0, tick: -1, seq: 0, firstTick: 0, closed: false });
  }
  record(kind, payload) {
    check(kind >= GENESIS && kind <= BASE, `kind ${kind}`, true);
    const first = this.records === 0 ? GENESIS : BASE;
    check((this.genesis === undefined) === (kind === first), "GENESIS or BASE stands first and only there");
    if (kind === GENESIS) this.#genesis(payload);
    if (kind === BASE) this.#base(payload);
    if (kind === INPUT) this.#input(payload);
    if (kind === COMMIT) this.#commit(payload);
    const isHead = kind === HEAD || kind === CLOSE;
    check(!isHead || payload.subarray(0, 56).equals(this.headBytes()), "a stored chain head is wrong");
    this.closed = kind === CLOSE;
    this.records += 1;
  }
  #genesis(payload) {
    this.genesis = whole(payload);
    this.every = numberOf(member(this.genesis, "stateHashEvery"));
    this.genesisDigest = sha256("wasm-engine/genesis\0", payload);
    if (this.records === 0) this.head = this.genesisDigest;
    this.heads.set(this.tick, this.head);
  }
  /** Section 3a: the header of the segment tells of what was given up; the chain is taken on from there. */
  begin(header) {
    this.records = u64(header, 24);
    [this.commits, this.tick, this.seq] = [u64(header, 32), u64(header, 40) - 1, u64(header, 48)];
    [this.head, this.firstTick] = [header.subarray(56, 88), this.tick + 1];
    return u64(header, 16);
  }
  #base(payload) {
    const parts = [];
    for (let at = 0; at < payload.length; at += 4 + parts.at(-1).length)
      parts.push(payload.subarray(at + 4, at + 4 + payload.readUInt32LE(at)));
    const lastSeq = this.seq;
    this.#genesis(parts.shift());
    this.seq = 0;
    for (const input of parts) this.#input(input);
    this.seq = lastSeq;
  }
  #input(payload) {
    const map = whole(payload);
    const [seq, tick] = [numberOf(member(map, "seq")), numberOf(member(map, "tick"))];
    check(seq > this.seq, `input ${seq} follows input ${this.seq}`);
    check(tick > this.tick, `input ${seq} is for tick ${tick}, which is committed`);
    const bytes = withoutMember(payload, map, "source");
    if (!this.#pending.has(tick)) this.#pending.set(tick, []);
    this.#pending.get(tick).push(fixed(4, bytes.length), bytes);
    [this.seq, this.inputs] = [seq, this.inputs + 1];
  }
  #commit(payload) {
    const list = whole(payload);
    const [delta, , , inputsDigest, stateHash] = list.value;
    check(list.value.length === 5 && delta.value >= 1n, "a commit has five members and a later tick");
    const tick = this.tick + Number(delta.value);
    const passed = [...this.#pending.keys()].find((due) => due < tick);
    check(passed === undefined, `tick ${tick} passes over an input of tick ${passed}`);
    const parts = this.#pending.get(tick);
    this.#pending.delete(tick);
    const expected = parts === undefined ? null : hex(sha256("wasm-engine/inputs\0", ...parts));
    const given = inputsDigest.major === 2 ? hex(inputsDigest.value) : null;
    check(given === expected, `the inputs of tick ${tick} are not those of its commit`);
    check((stateHash.major === 2) === (tick % this.every === 0), `state hash of tick ${tick}`);
    const commit = [payload.subarray(0, delta.start), encodedHead(0, tick), payload.subarray(delta.end)];
    this.head = sha256("wasm-engine/chain\0", this.head, ...commit);
    [this.tick, this.commits] = [tick, this.commits + 1];
    this.heads.set(tick, this.head);
  }
  /** The 56 bytes of a head, as they must be now. */
  headBytes() {
    return Buffer.concat([fixed(8, this.commits), fixed(8, this.tick + 1), fixed(8, this.seq), this.head]);
  }
}
function segmentHeader(bytes, index, position, chain) {
  check(bytes.length >= HEADER_BYTES, "a segment header is incomplete", true);
  check(bytes.subarray(0, 8).toString("latin1") === "WELOGSEG", "a segment header lacks its magic", true);
  check(bytes.readUInt32LE(8) === 1, `log version ${bytes.readUInt32LE(8)}`);
  check(bytes.readUInt32LE(124) === crc32c(bytes.subarray(0, 124)), "checksum of a segment header", true);
  if (chain.genesis === undefined && bytes[HEADER_BYTES + 4] === BASE) position = chain.begin(bytes);
  const place = [bytes.readUInt32LE(12), u64(bytes, 16), u64(bytes, 24), bytes.readUInt32LE(120)];
  check(place.join() === [index, position, chain.records, 0].join(), "a segment does not continue the log");
  if (chain.genesis === undefined) return position;
  check(bytes.subarray(32, 88).equals(chain.headBytes()), "a segment begins with another chain head");
  check(bytes.subarray(88, 120).equals(chain.genesisDigest), "a segment is of another genesis");
  return position;
}
function record(bytes, offset, position, chain) {
  check(offset + FRAME_BYTES <= bytes.length, "a frame is incomplete", true);
  const length = bytes.readUInt32LE(offset);
  const payload = bytes.subarray(offset + FRAME_BYTES, offset + FRAME_BYTES + length);
  check(payload.length === length, "a frame is incomplete", true);
  const crc = crc32c(fixed(8, position), bytes.subarray(offset, offset + 5), payload);
  check(crc === bytes.readUInt32LE(offset + 5), "checksum of a record", true);
  chain.record(bytes[offset + 4], payload);
  return offset + FRAME_BYTES + length;
}
function verifyLog(run, chain) {
  const folder = join(run, "log");
  const all = readdirSync(folder).filter((name) => !name.endsWith(".tmp"));
  const isBase = (name) => readFileSync(join(folder, name))[HEADER_BYTES + 4] === BASE;
  const base = all.sort().findLastIndex(isBase);
  const names = all.slice(Math.max(0, base));
  const mark = syncedMark(join(run, "synced"));
  let [index, position] = [base < 0 ? 0 : Number(names[0].slice(0, 10)), 0];
  for (const name of names) {
    check(name === `${String(index).padStart(10, "0")}.seg`, `segment ${index} is missing`);
    const bytes = readFileSync(join(folder, name));
    let offset = 0;
    try {
      position = segmentHeader(bytes, index, position, chain);
      for (offset = HEADER_BYTES; offset < bytes.length;)
        offset = record(bytes, offset, position + offset, chain);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const torn = error.torn && name === names.at(-1) && position + offset >= mark;
      if (torn) return `${name} offset ${offset}: never acknowledged (${error.message})`;
      throw new Damage(`record ${chain.records}, ${name} offset ${offset}: ${error.message}`);
    }
    position += bytes.length;
    index += 1;
  }
  check(position >= mark, `the log ends at ${position}, before the synced mark ${mark}`);
}
/** Position up to which the log is known to be on the disk (section 5). */
function syncedMark(path) {
  const bytes = existsSync(path) ? readFileSync(path) : [];
  return bytes.length === 28 && bytes.readUInt32LE(24) === crc32c(bytes.subarray(0, 24)) ? u64(bytes, 8) : 0;
}
/** spec/snapshot.md: the digest of every snapshot and of its pages, and that it stands where the chain was at its tick. */
function verifySnapshots(run, chain) {
  const folder = join(run, "snapshots");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) {
    const bytes = readFileSync(join(folder, name));
    check(sha256(bytes.subarray(0, -32)).equals(bytes.subarray(-32)), `digest of snapshot ${name}`);
    const index = whole(bytes.subarray(16, 16 + bytes.readUInt32LE(12)));
    const [genesis, head] = [member(index, "genesisDigest").value, member(index, "chainHead").value];
    const [at, needed] = ["tick", "logRecords"].map((name) => numberOf(member(index, name)));
    const tick = [...chain.heads.keys()].findLast((committed) => committed <= at);
    for (const { value: digest } of member(index, "packs")?.value ?? []) {
      const pack = readFileSync(join(run, "pages", `${hex(digest)}.pack`));
      check(sha256(pack.subarray(0, -32)).equals(digest), `pages of snapshot ${name}`);
    }
    const fits = chain.genesisDigest.equals(genesis) && chain.heads.get(tick).equals(head);
    check(fits && needed <= chain.records, `snapshot ${name} is of another run`);
  }
  return names.length;
}
/** Section 8: each line names the hash of the one before. */
function verifySideRecords(path) {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  let prev = "0".repeat(64);
  for (const [index, line] of lines.entries()) {
    const row = JSON.parse(line);
    const hash = hex(sha256(JSON.stringify([row.n, row.kind, row.data, row.prev])));
    check(row.n === index && row.prev === prev && row.hash === hash, `side record ${index}`);
    prev = hash;
  }
  return lines.length;
}
/** A module's bytes without its signature sections, which its digest leaves out. */
function unsignedModule(bytes) {
  const kept = [bytes.subarray(0, 8)];
  const leb = (at) => {
    const size = bytes.subarray(at).findIndex((byte) => byte < 128) + 1;
    const value = bytes.subarray(at, at + size).reduceRight((sum, byte) => sum * 128 + (byte & 127), 0);
    return [value, at + size];
  };
  for (let start = 8, end = 8; start < bytes.length; start = end) {
    const [size, content] = leb(start + 1);
    const [nameBytes, name] = leb(content);
    end = content + size;
    const text = bytes[start] === 0 ? bytes.subarray(name, name + nameBytes).toString("latin1") : "";
    if (text !== "signature" && text !== "signature_delimiter") kept.push(bytes.subarray(start, end));
  }
  return kept;
}
function verifyModules(run, chain) {
  const modules = member(chain.genesis, "modules").value.filter((_, index) => index % 2 === 1);
  for (const { value: digest } of modules) {
    const path = join(run, "modules", `${digest}.wasm`);
    check(existsSync(path), `module ${digest} is missing`);
    const found = hex(sha256(...unsignedModule(readFileSync(path))));
    check(found === digest, `module ${digest} has the digest ${found}`);
  }
  return modules.length;
}
/** What a run folder adds up to, or what is wrong with it: `ok` tells. `torn`: what no sync had covered. */
export function verify(run, expectedHead) {
  const chain = new Chain();
  try {
    const torn = verifyLog(run, chain);
    check(chain.genesis !== undefined, "the log has no genesis: the run never started");
    const [snapshots, modules] = [verifySnapshots(run, chain), verifyModules(run, chain)];
    const sideRecords = verifySideRecords(join(run, "side.jsonl"));
    const [genesisDigest, chainHead] = [hex(chain.genesisDigest), hex(chain.head)];
    check((expectedHead ?? chainHead) === chainHead, `the chain head is ${chainHead}`);
    const { records, inputs, commits, firstTick, tick: lastTick, closed } = chain;
    const log = { genesisDigest, chainHead, records, inputs, commits, firstTick, lastTick, closed, torn };
    return { ok: true, ...log, modules, snapshots, sideRecords };
  } catch (error) {
    return { ok: false, damage: error.message, readTo: hex(chain.head) };
  }
}
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [run = "", option, head] = process.argv.slice(2);
  const known = existsSync(join(run, "log")) && (option === undefined || (option === "--head" && head));
  const document = known ? { run: basename(run), ...verify(run, head) } : undefined;
  const usage = "usage: node verify.mjs RUN [--head HEX], RUN a run folder";
  console.log(document ? JSON.stringify(document) : usage);
  process.exitCode = document === undefined ? 2 : document.ok ? 0 : 3;
}
