/**
 * Turns what happens in a run into the bytes of its log, record by record. Knows positions, segments and
 * chain heads; knows nothing of files: whoever calls it stores the bytes in order.
 */

import { assert } from "@wasm-engine/abi";
import type { Commit, Genesis, Input } from "../model.js";
import type { Hasher } from "../ports.js";
import { headEveryCommits, segmentBytesDefault } from "../limits.js";
import { genesisBytesDigest } from "./chain.js";
import { encodeStoredCommit } from "./commit-codec.js";
import { encodeGenesis } from "./genesis-codec.js";
import { frameInput, openInputFrame } from "./input-frame.js";
import { headBytes, writeHead, type LogState, type MovingState } from "./log-state.js";
import { RecordKind, frameRecord } from "./record.js";
import { encodeSegmentHeader } from "./segment.js";

/** Bytes to append; those with `segment` begin a new segment of that index. */
export interface LogChunk {
  readonly segment?: number;
  readonly bytes: Uint8Array;
}

export interface LogEncoderStart {
  readonly genesisDigest: Uint8Array;
  readonly state: LogState;
  /** Segment that `state.position` lies in, and its bytes so far. */
  readonly segment: number;
  readonly segmentBytes: number;
}

export class LogEncoder {
  readonly #genesisDigest: Uint8Array;
  readonly #segmentBytesMax: number;
  readonly #state: MovingState;
  #segment: number;
  #segmentBytes: number;

  /** Goes on where a log ends. For a new log see {@link beginLog}. */
  constructor(start: LogEncoderStart, segmentBytesMax: number = segmentBytesDefault) {
    this.#genesisDigest = start.genesisDigest;
    this.#state = { ...start.state };
    this.#segment = start.segment;
    this.#segmentBytes = start.segmentBytes;
    this.#segmentBytesMax = segmentBytesMax;
  }

  /** A copy of the state after what has been encoded. */
  get state(): LogState {
    return { ...this.#state };
  }

  get position(): number {
    return this.#state.position;
  }

  get records(): number {
    return this.#state.records;
  }

  get tick(): number {
    return this.#state.tick;
  }

  get segment(): number {
    return this.#segment;
  }

  /**
   * Writes the record of an input where it is to lie, at `start` of `into`, but for its CRC, which `sealRecords` puts
   * in. Returns where it ends; undefined where {@link input} must make it: there is no room, a segment is full, or it
   * is no message.
   */
  inputInto(input: Input, into: Uint8Array, start: number): number | undefined {
    this.#checkInput(input);
    if (this.#segmentBytes >= this.#segmentBytesMax) return undefined;
    const end = openInputFrame(input, into, start);
    if (end === undefined) return undefined;
    this.#advance(end - start, 1);
    this.#state.lastSeq = input.seq;
    return end;
  }

  #checkInput(input: Input): void {
    assert(input.seq > this.#state.lastSeq, "sequences of inputs ascend");
    assert(input.tick > this.#state.tick, "an input belongs to a tick that is not committed yet");
  }

  input(input: Input): LogChunk[] {
    this.#checkInput(input);
    const chunks = this.#record((position) => frameInput(input, position));
    this.#state.lastSeq = input.seq;
    return chunks;
  }

  /** The commit, and the chain head after every so many commits. */
  commit(commit: Commit, chainHead: Uint8Array): LogChunk[] {
    assert(commit.tick > this.#state.tick, "ticks of commits ascend");
    const chunks = this.#framed(RecordKind.COMMIT, encodeStoredCommit(commit, this.#state.tick));
    this.#state.commits += 1;
    this.#state.tick = commit.tick;
    this.#state.chainHead = chainHead;
    if (this.#state.commits % headEveryCommits === 0)
      chunks.push(...this.#framed(RecordKind.HEAD, this.#head()));
    return chunks;
  }

  /** The closing record of a clean stop. A resumed run appends after it. */
  close(reachedTick: number): LogChunk[] {
    assert(reachedTick >= this.#state.tick, "a run reaches at least its last commit");
    const payload = new Uint8Array(closeBytes);
    payload.set(this.#head(), 0);
    const view = new DataView(payload.buffer);
    view.setUint32(headBytes, (reachedTick + 1) >>> 0, true);
    view.setUint32(headBytes + 4, Math.floor((reachedTick + 1) / 2 ** 32), true);
    return this.#framed(RecordKind.CLOSE, payload);
  }

  #head(): Uint8Array {
    const payload = new Uint8Array(headBytes);
    writeHead(new DataView(payload.buffer), 0, this.#state);
    return payload;
  }

  #framed(kind: RecordKind, payload: Uint8Array): LogChunk[] {
    return this.#record((position) => frameRecord(kind, payload, position));
  }

  /** The record that `frame` makes for its position, behind a new segment where one is due. */
  #record(frame: (position: number) => Uint8Array): LogChunk[] {
    const chunks: LogChunk[] = [];
    if (this.#segmentBytes >= this.#segmentBytesMax) chunks.push(this.#rotate());
    const bytes = frame(this.#state.position);
    chunks.push({ bytes });
    this.#advance(bytes.length, 1);
    return chunks;
  }

  #rotate(): LogChunk {
    this.#segment += 1;
    this.#segmentBytes = 0;
    const bytes = encodeSegmentHeader(this.#segment, this.#genesisDigest, this.#state);
    this.#advance(bytes.length, 0);
    return { segment: this.#segment, bytes };
  }

  #advance(bytes: number, records: number): void {
    this.#segmentBytes += bytes;
    this.#state.position += bytes;
    this.#state.records += records;
  }
}

/** Payload of CLOSE: the head, then u64 reached tick + 1. */
export const closeBytes: number = headBytes + 8;

/** The first bytes of a new log (segment header and GENESIS) and the encoder that goes on after them. */
export function beginLog(
  hasher: Hasher,
  genesis: Genesis,
  segmentBytesMax: number = segmentBytesDefault,
): { readonly encoder: LogEncoder; readonly bytes: Uint8Array; readonly genesisDigest: Uint8Array } {
  const payload = encodeGenesis(genesis);
  const genesisDigest = genesisBytesDigest(hasher, payload);
  const before: LogState = {
    position: 0,
    records: 0,
    commits: 0,
    tick: -1,
    lastSeq: 0,
    chainHead: genesisDigest,
  };
  const header = encodeSegmentHeader(0, genesisDigest, before);
  const record = frameRecord(RecordKind.GENESIS, payload, header.length);
  const bytes = new Uint8Array(header.length + record.length);
  bytes.set(header, 0);
  bytes.set(record, header.length);
  const state: LogState = { ...before, position: bytes.length, records: 1 };
  const start = { genesisDigest, state, segment: 0, segmentBytes: bytes.length };
  return { encoder: new LogEncoder(start, segmentBytesMax), bytes, genesisDigest };
}
