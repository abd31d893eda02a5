/**
 * Digest over what the landed turns of a tick did.
 *   shard digest   H("wasm-engine/effects\0" ‖ per landed turn in id order: u64 handle, u32 completed,
 *                  u64 fuel, u32 fault code, i32 guest code, u32 effect bytes, effects);
 *                  a shard is handle mod shards
 *   effects digest H("wasm-engine/shards\0" ‖ per non-empty shard: u32 index, digest)
 * The hashed part of a turn is what its outcome record holds in one piece: it is copied together per shard, because
 * one call of the hasher costs as much as hashing a kilobyte.
 */

import { Region, copyAligned, encodeUtf8 } from "@wasm-engine/abi";
import { KeptList } from "../kept-list.js";
import type { Hasher } from "../ports.js";
import type { Agent } from "./agent.js";
import { hashedBytes } from "./turn-record.js";

const effectsDomain = encodeUtf8("wasm-engine/effects\0");
const shardsDomain = encodeUtf8("wasm-engine/shards\0");
/** Records are copied to multiples of 8; the domain stands right before them. */
const recordsStart = (effectsDomain.length + 7) & ~7;
const domainStart: number = recordsStart - effectsDomain.length;
const scratchBytesInitial = 65_536;
/** A scratch that has grown beyond this is given back after the tick. */
const scratchBytesKept = 16 * 1024 * 1024;

export class EffectsDigest {
  readonly #hasher: Hasher;
  readonly #shards: readonly KeptList<Agent>[];
  #scratch = scratchOf(scratchBytesInitial);

  constructor(hasher: Hasher, shardCount: number) {
    this.#hasher = hasher;
    this.#shards = Array.from({ length: shardCount }, () => new KeptList<Agent>());
  }

  /** `landed`: every agent at most once, with its turn in its record. */
  of(landed: KeptList<Agent>): Uint8Array {
    for (let index = 0; index < landed.length; index += 1) {
      const agent = landed.at(index);
      this.#shards[agent.shard]?.push(agent);
    }
    const parts: Uint8Array[] = [shardsDomain];
    this.#shards.forEach((turns, shard) => {
      if (turns.length === 0) return;
      const index = new Uint8Array(4);
      new DataView(index.buffer).setUint32(0, shard, true);
      parts.push(index, this.#shardDigest(turns));
      turns.clear();
    });
    if (this.#scratch.capacity > scratchBytesKept) this.#scratch = scratchOf(scratchBytesInitial);
    return this.#hasher.sha256(concatenate(parts));
  }

  #shardDigest(turns: KeptList<Agent>): Uint8Array {
    sortById(turns);
    const scratch = this.#scratch;
    let end = recordsStart;
    for (let index = 0; index < turns.length; index += 1) {
      const { record } = turns.at(index);
      const bytes = hashedBytes(record);
      scratch.reserve(end + bytes);
      copyAligned(record.source.words, record.hashedStart, scratch.words, end, bytes);
      end += bytes;
    }
    return this.#hasher.sha256(scratch.bytes.subarray(domainStart, end));
  }
}

/** Scratch with the domain in front of the place for records. */
function scratchOf(bytes: number): Region {
  const region = new Region((size) => new ArrayBuffer(size), bytes);
  region.bytes.set(effectsDomain, domainStart);
  return region;
}

/** Under `fifo` turns mostly land in id order. */
function sortById(turns: KeptList<Agent>): void {
  for (let index = 1; index < turns.length; index += 1) {
    if (turns.at(index - 1).idRank < turns.at(index).idRank) continue;
    const sorted = turns.toArray().sort((left, right) => left.idRank - right.idRank);
    sorted.forEach((agent, place) => {
      turns.put(place, agent);
    });
    return;
  }
}

/** One buffer, because a tick may have more parts than a call may have arguments. */
function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  let total = 0;
  for (const part of parts) total += part.length;
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
