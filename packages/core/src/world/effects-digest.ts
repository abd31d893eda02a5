/**
 * Digest over what the landed turns of a tick did.
 *   shard digest   H("wasm-engine/effects\0" ‖ per landed turn in id order: u64 handle, u32 completed,
 *                  u64 fuel, u32 fault code, i32 guest code, u32 effect bytes, effects);
 *                  a shard is handle mod shards
 *   effects digest H("wasm-engine/shards\0" ‖ per non-empty shard: u32 index, digest)
 * The hashed part of a turn is what its outcome record holds in one piece. It is copied together per shard, because
 * one call of the hasher costs as much as hashing a kilobyte, and right when the turn is committed, because then its
 * bytes are in the cache.
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
const shardBytesInitial = 1024;
/** A shard that has grown beyond this gives its bytes back after the tick. */
const shardBytesKept = 1024 * 1024;

/** A genesis may declare more shards than there are agents: only so many are kept from one tick to the next. */
const shardsKept = 4096;

/** Records of one shard in the order in which they came. */
interface Shard {
  readonly index: number;
  region: Region;
  end: number;
  lastRank: number;
}

export class EffectsDigest {
  readonly #hasher: Hasher;
  readonly #shards = new Map<number, Shard>();
  /** Those that have records. */
  readonly #used = new KeptList<Shard>();
  /** Every shard has its records in id order, which under `fifo` is the order in which they come. */
  #isSorted = true;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** Takes over a turn that has landed; its record stays as it is until `finish`. */
  add({ shard: index, idRank, record }: Agent): void {
    let shard = this.#shards.get(index);
    if (shard === undefined) {
      shard = { index, region: shardRegion(), end: recordsStart, lastRank: -1 };
      this.#shards.set(index, shard);
    }
    if (shard.end === recordsStart) this.#used.push(shard);
    if (idRank < shard.lastRank) this.#isSorted = false;
    const bytes = hashedBytes(record);
    const start = shard.end;
    const { region } = shard;
    region.reserve(start + bytes);
    copyAligned(record.source.words, record.hashedStart, region.words, start, bytes);
    shard.end = start + bytes;
    shard.lastRank = idRank;
  }

  /** The digest over all turns that were added since the last one; `landed` are the same. */
  finish(landed: KeptList<Agent>): Uint8Array {
    if (!this.#isSorted) this.#addSorted(landed);
    const used = this.#used.toArray().sort((left, right) => left.index - right.index);
    const parts: Uint8Array[] = [shardsDomain];
    for (const shard of used) {
      const index = new Uint8Array(4);
      new DataView(index.buffer).setUint32(0, shard.index, true);
      parts.push(index, this.#hasher.sha256(shard.region.bytes.subarray(domainStart, shard.end)));
      if (shard.region.capacity > shardBytesKept) shard.region = shardRegion();
    }
    this.#clear();
    if (this.#shards.size > shardsKept) this.#shards.clear();
    return this.#hasher.sha256(concatenate(parts));
  }

  #addSorted(landed: KeptList<Agent>): void {
    this.#clear();
    for (const agent of landed.toArray().sort((left, right) => left.idRank - right.idRank)) this.add(agent);
  }

  #clear(): void {
    for (let index = 0; index < this.#used.length; index += 1) {
      const shard = this.#used.at(index);
      shard.end = recordsStart;
      shard.lastRank = -1;
    }
    this.#used.clear();
    this.#isSorted = true;
  }
}

function shardRegion(): Region {
  const region = new Region((size) => new ArrayBuffer(size), shardBytesInitial);
  region.bytes.set(effectsDomain, domainStart);
  return region;
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
