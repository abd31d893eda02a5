/**
 * Reads a log segment by segment and checks everything that can be checked without executing: frames, order,
 * positions, and with a hasher the chain, the inputs digests and the genesis. Says what is wrong and where;
 * decides nothing about recovery (see log-verdict.ts).
 */

import { EngineError, assert, readU64, unreachable } from "@wasm-engine/abi";
import type { Commit, Genesis, Input } from "../model.js";
import type { Hasher } from "../ports.js";
import { equalBytes } from "./cbor.js";
import { genesisBytesDigest, nextChainHead, storedInputsDigest, type StoredInput } from "./chain.js";
import { decodeStoredCommit } from "./commit-codec.js";
import { decodeGenesis } from "./genesis-codec.js";
import { decodeInput } from "./input-codec.js";
import { closeBytes } from "./log-encoder.js";
import type { LogPoint } from "./log-point.js";
import { beginsWithBase, firstKindOffset, splitBase, type LogBase } from "./log-base.js";
import { headBytes, headDifference, readHead, type LogState, type MovingState } from "./log-state.js";
import { RecordKind, readFrame, recordHeaderBytes, type FramedRecord } from "./record.js";
import {
  logFormatVersion,
  readSegmentHeader,
  segmentHeaderBytes,
  segmentName,
  type SegmentHeader,
} from "./segment.js";

/** One segment file. */
export interface SegmentBytes {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Where a log is damaged, and how. */
export interface LogDamage {
  readonly record: number;
  readonly segment: string;
  /** Offset of the record in its segment. */
  readonly offset: number;
  /** Position of the record in the log. */
  readonly position: number;
  readonly reason: string;
  /** torn: what an interrupted write may leave. wrong: whole bytes that say something impossible. missing: a file. */
  readonly kind: "torn" | "wrong" | "missing";
}

/** A record with its place. */
export type LogRecord = {
  readonly record: number;
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
} & (
  | { readonly kind: "genesis"; readonly genesis: Genesis }
  /** `waiting`: inputs from before the base whose tick is not committed yet. */
  | {
      readonly kind: "base";
      readonly genesis: Genesis;
      readonly base: LogBase;
      readonly waiting: readonly Input[];
    }
  | { readonly kind: "input"; readonly input: Input }
  /** `inputs`: those of this tick, in log order. */
  | { readonly kind: "commit"; readonly commit: Commit; readonly inputs: readonly Input[] }
  | { readonly kind: "head"; readonly chainHead: Uint8Array }
  | { readonly kind: "close"; readonly chainHead: Uint8Array; readonly reachedTick: number }
);

type Content = LogRecord extends infer R
  ? R extends LogRecord
    ? Omit<R, "record" | "segment" | "offset" | "bytes">
    : never
  : never;

type Place = Pick<LogRecord, "record" | "segment" | "offset" | "bytes">;

/** Nearly all records are of two kinds, which copying property by property would make slow. */
function placed(content: Content, place: Place): LogRecord {
  const { record, segment, offset, bytes } = place;
  switch (content.kind) {
    case "input":
      return { kind: "input", input: content.input, record, segment, offset, bytes };
    case "commit":
      return {
        kind: "commit",
        commit: content.commit,
        inputs: content.inputs,
        record,
        segment,
        offset,
        bytes,
      };
    default:
      return { ...content, ...place };
  }
}

/** Stops the reading inside a record; carries the reason out to the record's place. */
class RecordRefused {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A genesis that was read before, and its digest. */
export interface KnownGenesis {
  readonly genesis: Genesis;
  readonly digest: Uint8Array;
}

export class LogReader {
  readonly #hasher: Hasher;
  readonly #state: MovingState;
  #genesisDigest: Uint8Array | undefined;
  #genesis: Genesis | undefined;
  #nextSegment = 0;
  /** Offset in the current segment after the last good record. */
  #segmentEnd = 0;
  /** Inputs whose tick is not committed yet. */
  #pending: StoredInput[] = [];
  #closedAt: number | undefined;
  #reachedTick = -1;
  #damage: LogDamage | undefined;
  #base: LogBase | undefined;
  /** The log begins behind records that were given up, so its first record is BASE. */
  #isBased = false;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
    const chainHead = new Uint8Array(32);
    this.#state = { position: 0, records: 0, commits: 0, tick: -1, lastSeq: 0, chainHead };
  }

  /** A reader that goes on at a point; give it the segment of the point first, with `readOn`. */
  static at(hasher: Hasher, point: LogPoint, { genesis, digest }: KnownGenesis): LogReader {
    const reader = new LogReader(hasher);
    Object.assign(reader.#state, point.state);
    reader.#genesis = genesis;
    reader.#genesisDigest = digest;
    reader.#nextSegment = point.segment + 1;
    reader.#segmentEnd = point.offset;
    return reader;
  }

  /** State after the last good record. */
  get state(): LogState {
    return { ...this.#state };
  }

  get genesis(): Genesis | undefined {
    return this.#genesis;
  }

  get genesisDigest(): Uint8Array | undefined {
    return this.#genesisDigest;
  }

  /** Set where records before the first that was read were given up. */
  get base(): LogBase | undefined {
    return this.#base;
  }

  /** Inputs that were read and wait for their commit. */
  get pending(): readonly Input[] {
    return this.#pending.map(({ input }) => input);
  }

  /** True where the last good record is the closing one. */
  get closed(): boolean {
    return this.#closedAt === this.#state.records;
  }

  get reachedTick(): number {
    return this.closed ? this.#reachedTick : this.#state.tick;
  }

  /** The first thing that is wrong. Nothing behind it has been read. */
  get damage(): LogDamage | undefined {
    return this.#damage;
  }

  /** Index of the segment read last and its offset after the last good record. */
  get end(): { readonly segment: number; readonly offset: number } {
    return { segment: Math.max(0, this.#nextSegment - 1), offset: this.#segmentEnd };
  }

  /** The records of the next segment. Ends at the first damage. Segments are given in order. */
  *read(segment: SegmentBytes): Generator<LogRecord, void, undefined> {
    assert(this.#damage === undefined, "nothing is read behind damage");
    if (this.#enter(segment)) yield* this.#records(segment);
  }

  /** Goes on in the segment that was read last, of which more is there now. An unfinished record is looked at anew. */
  *readOn(segment: SegmentBytes): Generator<LogRecord, void, undefined> {
    assert(segment.index === this.#nextSegment - 1, "only the last segment grows");
    assert(this.#segmentEnd >= segmentHeaderBytes, "a segment is entered with its header");
    if (this.#damage?.kind === "torn") this.#damage = undefined;
    assert(this.#damage === undefined, "nothing is read behind damage");
    yield* this.#records(segment);
  }

  *#records({ index, bytes }: SegmentBytes): Generator<LogRecord, void, undefined> {
    while (this.#segmentEnd < bytes.length) {
      const offset = this.#segmentEnd;
      const frame = readFrame(bytes, offset, this.#state.position);
      if ("fault" in frame) return this.#refuse("torn", index, offset, frame.fault);
      const content = this.#content(frame);
      if (content instanceof RecordRefused) return this.#refuse("wrong", index, offset, content.reason);
      const size = frame.end - offset;
      const record = this.#state.records;
      this.#state.position += size;
      this.#state.records += 1;
      if (content.kind === "close") this.#closedAt = record + 1;
      this.#segmentEnd = frame.end;
      yield placed(content, { record, segment: index, offset, bytes: size });
    }
  }

  /** Reports that what should follow is not there. */
  refuseMissing(reason: string): void {
    this.#refuse("missing", this.#nextSegment, 0, reason);
  }

  #refuse(kind: LogDamage["kind"], segment: number, offset: number, reason: string): void {
    const { records: record, position } = this.#state;
    this.#damage = { record, segment: segmentName(segment), offset, position, reason, kind };
  }

  #enter({ index, bytes }: SegmentBytes): boolean {
    if (this.#genesisDigest === undefined && (index > 0 || beginsWithBase(bytes))) {
      return this.#enterBase({ index, bytes });
    }
    if (index !== this.#nextSegment) {
      this.refuseMissing("the segment is missing");
      return false;
    }
    this.#nextSegment += 1;
    this.#segmentEnd = 0;
    const header = readSegmentHeader(bytes);
    if ("fault" in header) {
      this.#refuse("torn", index, 0, header.fault);
      return false;
    }
    const fault = this.#headerFault(header, index);
    if (fault !== undefined) {
      this.#refuse("wrong", index, 0, fault);
      return false;
    }
    this.#genesisDigest ??= header.genesisDigest;
    if (index === 0) this.#state.chainHead = header.genesisDigest;
    this.#segmentEnd = segmentHeaderBytes;
    this.#state.position += segmentHeaderBytes;
    return true;
  }

  /** The first segment of a log that begins behind records that were given up: its header is all that tells of them. */
  #enterBase({ index, bytes }: SegmentBytes): boolean {
    this.#nextSegment = index + 1;
    const header = readSegmentHeader(bytes);
    if ("fault" in header || header.version !== logFormatVersion || header.index !== index) {
      const reason = "fault" in header ? header.fault : "its header is of another segment or version";
      this.#refuse("wrong", index, 0, reason);
      return false;
    }
    if (bytes[firstKindOffset] !== RecordKind.BASE) {
      this.#nextSegment = 0;
      this.refuseMissing("the segments before it are missing");
      return false;
    }
    Object.assign(this.#state, header.state);
    this.#genesisDigest = header.genesisDigest;
    this.#isBased = true;
    this.#segmentEnd = segmentHeaderBytes;
    this.#state.position += segmentHeaderBytes;
    return true;
  }

  #headerFault(header: SegmentHeader, index: number): string | undefined {
    if (header.version !== logFormatVersion) {
      return `its format version is ${header.version}, and this program reads ${logFormatVersion}`;
    }
    if (header.index !== index) return `its header says segment ${header.index}`;
    const digest = this.#genesisDigest ?? header.genesisDigest;
    if (!equalBytes(header.genesisDigest, digest)) return "the segment belongs to another run";
    if (header.state.position !== this.#state.position) {
      return `it begins at position ${header.state.position}, but the log before it ends at ${this.#state.position}`;
    }
    if (header.state.records !== this.#state.records) {
      return `it begins with record ${header.state.records}, but ${this.#state.records} come before it`;
    }
    const before = index === 0 ? { ...this.#state, chainHead: digest } : this.#state;
    return headDifference(before, header.state);
  }

  #content(frame: FramedRecord): Content | RecordRefused {
    try {
      if ((frame.kind === RecordKind.GENESIS) !== (this.#state.records === 0)) {
        return new RecordRefused("the genesis is the first record and only the first");
      }
      const isFirst = this.#isBased && this.#genesis === undefined;
      if ((frame.kind === RecordKind.BASE) !== isFirst) {
        return new RecordRefused("a base is the first record of a log without its older ones");
      }
      return this.#decode(frame);
    } catch (error) {
      if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
      return new RecordRefused(error.message);
    }
  }

  #decode({ kind, payload }: FramedRecord): Content | RecordRefused {
    switch (kind) {
      case RecordKind.GENESIS:
        return this.#readGenesis(payload);
      case RecordKind.INPUT:
        return this.#readInput(payload);
      case RecordKind.COMMIT:
        return this.#readCommit(payload);
      case RecordKind.HEAD:
        return this.#readHead(payload, headBytes) ?? { kind: "head", chainHead: this.#state.chainHead };
      case RecordKind.CLOSE:
        return this.#readClose(payload);
      case RecordKind.BASE:
        return this.#readBase(payload);
      default:
        return unreachable(kind);
    }
  }

  #readGenesis(payload: Uint8Array): { kind: "genesis"; genesis: Genesis } | RecordRefused {
    const digest = genesisBytesDigest(this.#hasher, payload);
    if (this.#genesisDigest === undefined || !equalBytes(digest, this.#genesisDigest)) {
      return new RecordRefused("the digest of the genesis is not that of the segment header");
    }
    const genesis = decodeGenesis(payload);
    this.#genesis = genesis;
    return { kind: "genesis", genesis };
  }

  #readBase(payload: Uint8Array): Content | RecordRefused {
    const [genesisBytes, ...inputs] = splitBase(payload) ?? [];
    if (genesisBytes === undefined) return new RecordRefused("its parts are not as long as it says");
    const { tick, lastSeq, records, commits, chainHead } = this.#state;
    const position = this.#state.position + recordHeaderBytes + payload.length;
    const genesis = this.#readGenesis(genesisBytes);
    if (genesis instanceof RecordRefused) return genesis;
    const stored = inputs.map((bytes): StoredInput => ({ input: decodeInput(bytes), bytes }));
    const waiting = stored.map(({ input }) => input);
    const ascends = waiting.every(({ seq }, index) => seq > (waiting[index - 1]?.seq ?? 0) && seq <= lastSeq);
    if (!ascends || waiting.some((input) => input.tick <= tick) || commits < 1 || records < 1) {
      return new RecordRefused("its inputs are not those that wait at its tick");
    }
    this.#genesis = genesis.genesis;
    this.#pending.push(...stored);
    this.#base = { tick, chainHead, state: { ...this.#state, position, records: records + 1 } };
    return { kind: "base", genesis: genesis.genesis, base: this.#base, waiting };
  }

  #readInput(payload: Uint8Array): Content | RecordRefused {
    const input = decodeInput(payload);
    if (input.seq <= this.#state.lastSeq) {
      return new RecordRefused(`input ${input.seq} follows input ${this.#state.lastSeq}`);
    }
    if (input.tick <= this.#state.tick) {
      return new RecordRefused(`its tick ${input.tick} is already committed`);
    }
    this.#pending.push({ input, bytes: payload });
    this.#state.lastSeq = input.seq;
    return { kind: "input", input };
  }

  #readCommit(payload: Uint8Array): Content | RecordRefused {
    const commit = decodeStoredCommit(payload, this.#state.tick);
    const stored = this.#pending.filter(({ input }) => input.tick === commit.tick);
    if (this.#pending.some(({ input }) => input.tick < commit.tick)) {
      return new RecordRefused(`the commit of tick ${commit.tick} passes over inputs of an earlier tick`);
    }
    const digest = storedInputsDigest(this.#hasher, stored) ?? new Uint8Array();
    if (!equalBytes(digest, commit.inputsDigest ?? new Uint8Array())) {
      return new RecordRefused(
        `its inputs digest is not that of the ${stored.length} inputs of tick ${commit.tick}`,
      );
    }
    const every = this.#genesis?.stateHashEvery ?? 1;
    if ((commit.stateHash !== undefined) !== (commit.tick % every === 0)) {
      return new RecordRefused("a state hash stands exactly where the genesis asks for one");
    }
    const inputs = stored.map(({ input }) => input);
    if (inputs.length > 0) this.#pending = this.#pending.filter(({ input }) => input.tick > commit.tick);
    this.#state.chainHead = nextChainHead(this.#hasher, this.#state.chainHead, commit);
    this.#state.commits += 1;
    this.#state.tick = commit.tick;
    return { kind: "commit", commit, inputs };
  }

  #readHead(payload: Uint8Array, bytes: number): RecordRefused | undefined {
    if (payload.length !== bytes) return new RecordRefused(`it holds ${payload.length} bytes, not ${bytes}`);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const difference = headDifference(this.#state, readHead(view, 0));
    return difference === undefined ? undefined : new RecordRefused(difference);
  }

  #readClose(payload: Uint8Array): Content | RecordRefused {
    const refused = this.#readHead(payload, closeBytes);
    if (refused !== undefined) return refused;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const reachedTick = readU64(view, headBytes) - 1;
    if (reachedTick < this.#state.tick) return new RecordRefused("it reaches less than the last commit");
    this.#reachedTick = reachedTick;
    return { kind: "close", chainHead: this.#state.chainHead, reachedTick };
  }
}
