/**
 * Image digests on their way: the orchestrator writes the handles of agents, the thread that has them writes 32 bytes
 * for each.
 *
 *   offset size field
 *   0      f64  count
 *   8      f64  handles, one after the other
 *          32   digests, one after the other
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle, Region } from "@wasm-engine/abi";

const HEADER_BYTES = 8;
const HANDLE_BYTES = 8;
export const DIGEST_BYTES = 32;

export class DigestRegion {
  readonly region: Region;
  #handles: AgentHandle[] = [];

  constructor(region: Region) {
    this.region = region;
  }

  /** Agents that were asked for since {@link begin}. */
  get count(): number {
    return this.#handles.length;
  }

  begin(): void {
    this.#handles.length = 0;
  }

  ask(agent: AgentHandle): void {
    this.#handles.push(agent);
  }

  /** Writes the questions; room for the answers is made here because regions grow at one side only. */
  close(): void {
    const { region } = this;
    region.reserve(HEADER_BYTES + this.count * (HANDLE_BYTES + DIGEST_BYTES));
    region.view.setFloat64(0, this.count, true);
    this.#handles.forEach((handle, index) => {
      region.view.setFloat64(HEADER_BYTES + index * HANDLE_BYTES, handle, true);
    });
  }

  /** A copy of the answer to the question at `index`. */
  answer(index: number): Uint8Array {
    assert(index < this.count, "an answer belongs to a question");
    const start = HEADER_BYTES + this.count * HANDLE_BYTES + index * DIGEST_BYTES;
    return new Uint8Array(this.region.bytes.subarray(start, start + DIGEST_BYTES));
  }

  /** The other side: whose digests `region` asks for. */
  static questions({ view }: Region): readonly AgentHandle[] {
    const count = view.getFloat64(0, true);
    return Array.from({ length: count }, (_, index) => {
      return view.getFloat64(HEADER_BYTES + index * HANDLE_BYTES, true) as AgentHandle; // written by close
    });
  }

  /** The other side: answers every question of `region`, in their order. */
  static answer({ view, bytes }: Region, digests: readonly Uint8Array[]): void {
    const start = HEADER_BYTES + view.getFloat64(0, true) * HANDLE_BYTES;
    digests.forEach((digest, index) => bytes.set(digest, start + index * DIGEST_BYTES));
  }
}
