/**
 * A state hash whose moment is over and that is not computed yet. What it covers is noted in plain values, and
 * executors are told of which moment their images are wanted; encoding and hashing follow in parts. Decides nothing
 * about when.
 */

import { assert, encodeUtf8 } from "@wasm-engine/abi";
import { encodeCanonical, type CborValue } from "../codec/cbor.js";
import type { Hasher, LateDigests } from "../ports.js";
import type { Agent } from "./agent.js";
import { agentValue } from "./agent-codec.js";

const agentDomain = encodeUtf8("wasm-engine/agent-state\0");

/** Values that are encoded or digested in the time of one image: what is called an agent's worth. */
const valuesPerImage = 8;

/** An agent as it was at the moment. */
export interface NotedAgent {
  readonly agent: Agent;
  /** Its place among all agents, sorted by id. */
  readonly index: number;
  readonly value: CborValue;
  imageDigest: Uint8Array | undefined;
  /** `value` in canonical bytes, once it is encoded. */
  encoded: Uint8Array | undefined;
  digest: Uint8Array | undefined;
}

/** A noted agent that everything has been computed of. */
export interface DigestedAgent {
  readonly noted: NotedAgent;
  readonly imageDigest: Uint8Array;
  readonly encoded: Uint8Array;
  readonly digest: Uint8Array;
}

/** One digest over what an agent is beside its image, encoded, and the image. */
export function agentDigest(hasher: Hasher, imageDigest: Uint8Array, value: Uint8Array): Uint8Array {
  return hasher.sha256(agentDomain, imageDigest, value);
}

export class LateHash {
  readonly #hasher: Hasher;
  readonly #images: LateDigests;
  readonly #noted: readonly NotedAgent[];
  /** Those whose images the executors digest. */
  readonly #imaged: readonly NotedAgent[];
  #hasImages = false;
  #encodedCount = 0;
  #digestedCount = 0;

  /** Notes the agents of this moment whose digest is to be computed. */
  constructor(hasher: Hasher, images: LateDigests, agents: readonly Agent[]) {
    this.#hasher = hasher;
    this.#images = images;
    const noted: NotedAgent[] = [];
    agents.forEach((agent, index) => {
      if (agent.digest !== undefined) return;
      const { imageDigest } = agent;
      const entry = {
        agent,
        index,
        value: agentValue(agent),
        imageDigest,
        encoded: undefined,
        digest: undefined,
      };
      agent.noted = entry;
      noted.push(entry);
    });
    this.#noted = noted;
    this.#imaged = noted.filter(({ imageDigest }) => imageDigest === undefined);
    images.begin(this.#imaged.map(({ agent }) => agent.handle));
  }

  /**
   * Does about `count` agents' worth of it; false where the calling thread has nothing left to do. Images come first:
   * agents change with their next turn.
   */
  advance(count: number): boolean {
    if (!this.#hasImages && this.#images.advance(count)) return true;
    if (this.#encodedCount < this.#noted.length) {
      const end = this.#encodedCount + count * valuesPerImage;
      for (const noted of this.#noted.slice(this.#encodedCount, end))
        noted.encoded ??= encodeCanonical(noted.value);
      this.#encodedCount = Math.min(end, this.#noted.length);
      return true;
    }
    if (!this.#hasImages) {
      if (!this.#images.isReady) return false;
      this.#takeImages();
      return true;
    }
    const end = this.#digestedCount + count * valuesPerImage;
    for (const noted of this.#noted.slice(this.#digestedCount, end)) this.#digest(noted);
    this.#digestedCount = Math.min(end, this.#noted.length);
    return this.#digestedCount < this.#noted.length;
  }

  /** `finish` has nothing left to compute. */
  get isReady(): boolean {
    return this.#hasImages && this.#digestedCount === this.#noted.length;
  }

  /** Agents' worth that the calling thread has left. */
  get left(): number {
    const values = 2 * this.#noted.length - this.#encodedCount - this.#digestedCount;
    return (this.#hasImages ? 0 : this.#images.left) + Math.ceil(values / valuesPerImage);
  }

  /** Every agent with its digest; does what is left. */
  finish(): readonly DigestedAgent[] {
    this.#takeImages();
    return this.#noted.map((noted) => this.#digest(noted));
  }

  #takeImages(): void {
    if (this.#hasImages) return;
    this.#hasImages = true;
    this.#images.take().forEach((digest, index) => {
      const noted = this.#imaged[index];
      if (noted !== undefined) noted.imageDigest = digest;
    });
  }

  #digest(noted: NotedAgent): DigestedAgent {
    const { imageDigest } = noted;
    assert(imageDigest !== undefined, "the executors hold an image of every agent");
    noted.encoded ??= encodeCanonical(noted.value);
    noted.digest ??= agentDigest(this.#hasher, imageDigest, noted.encoded);
    return { noted, imageDigest, encoded: noted.encoded, digest: noted.digest };
  }
}
