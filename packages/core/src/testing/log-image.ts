/** A log in memory for tests: written through the encoder, with the places of its records. */

import { concatBytes } from "./bytes.js";
import { inputsDigest, nextChainHead } from "../codec/chain.js";
import { beginLog, type LogChunk, type LogEncoder } from "../codec/log-encoder.js";
import type { SegmentBytes } from "../codec/log-reader.js";
import { RecordKind, readFrame } from "../codec/record.js";
import { segmentHeaderBytes } from "../codec/segment.js";
import type { Commit, Input } from "../model.js";
import { nodeHasher } from "./node-hasher.js";
import { sampleCommit, sampleGenesis, sampleInput } from "./sample.js";

export interface RecordPlace {
  readonly record: number;
  readonly segment: number;
  readonly offset: number;
  readonly end: number;
  readonly kind: string;
}

interface Places {
  readonly all: readonly RecordPlace[];
  /** The record that a byte belongs to; a header belongs to the first record of its segment. */
  recordAt(segment: number, offset: number): number;
}

export class LogImage {
  readonly encoder: LogEncoder;
  readonly inputs: Input[] = [];
  readonly commits: Commit[] = [];
  chainHead: Uint8Array;
  #segments: Uint8Array[] = [];

  constructor(options: { segmentBytes: number; seed?: number }) {
    const genesis = { ...sampleGenesis, seed: options.seed ?? sampleGenesis.seed };
    const begun = beginLog(nodeHasher, genesis, options.segmentBytes);
    this.encoder = begun.encoder;
    this.chainHead = begun.genesisDigest;
    this.#segments.push(begun.bytes);
  }

  /** Ticks 0 … ticks - 1, inputs in every odd one, closed five ticks after its last commit. */
  static sample(options: { ticks: number; segmentBytes: number; seed?: number; fuel?: number }): LogImage {
    const image = new LogImage(options);
    let seq = 0;
    for (let tick = 0; tick < options.ticks; tick += 1) {
      for (let count = 0; count < (tick % 2) * 2; count += 1) image.input(sampleInput((seq += 1), tick));
      const commit = sampleCommit(tick, image.digestOf(tick));
      image.commit({ ...commit, fuel: options.fuel ?? commit.fuel });
    }
    image.close(options.ticks + 4);
    return image;
  }

  get segments(): SegmentBytes[] {
    return this.#segments.map((bytes, index) => ({ index, bytes }));
  }

  digestOf(tick: number): Uint8Array | undefined {
    return inputsDigest(
      nodeHasher,
      this.inputs.filter((input) => input.tick === tick),
    );
  }

  input(input: Input): void {
    this.inputs.push(input);
    this.#store(this.encoder.input(input));
  }

  commit(commit: Commit): void {
    this.commits.push(commit);
    this.chainHead = nextChainHead(nodeHasher, this.chainHead, commit);
    this.#store(this.encoder.commit(commit, this.chainHead));
  }

  close(reachedTick: number): void {
    this.#store(this.encoder.close(reachedTick));
  }

  places(): Places {
    const all: RecordPlace[] = [];
    let position = 0;
    this.#segments.forEach((bytes, segment) => {
      for (let offset = segmentHeaderBytes; offset < bytes.length;) {
        const frame = readFrame(bytes, offset, position + offset);
        if ("fault" in frame) throw new Error(frame.fault);
        const kind = Object.entries(RecordKind).find(([, value]) => value === frame.kind)?.[0] ?? "";
        all.push({ record: all.length, segment, offset, end: frame.end, kind: kind.toLowerCase() });
        offset = frame.end;
      }
      position += bytes.length;
    });
    return {
      all,
      recordAt: (segment, offset) =>
        all.find((place) => place.segment === segment && offset < place.end)?.record ?? all.length,
    };
  }

  #store(chunks: readonly LogChunk[]): void {
    for (const { segment, bytes } of chunks) {
      if (segment !== undefined) this.#segments.push(bytes);
      else this.#segments.push(concatBytes(this.#segments.pop() ?? bytes, bytes));
    }
  }
}
