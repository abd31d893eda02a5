/** Generations that are decoded in one batch, and the slab that holds their keys and values, grown as they need it. */

import { assert } from "@wasm-engine/abi";
import type { DecoderSession, RowResult } from "./decoder-session.js";
import { KeyValueSlab } from "./key-value-slab.js";
import type { KeyValues } from "./key-value-slab.js";

/** What a group must know of a generation: the token to be read next, and how many have been read. */
export interface GroupMember {
  readonly token: number;
  readonly length: number;
}

export class StepGroup<Member extends GroupMember> {
  readonly #session: DecoderSession;
  readonly #widthOf: (length: number) => number;
  #members: Member[] = [];
  #slab: KeyValueSlab | undefined;
  readonly #padded: boolean;

  /** `widthOf` says how wide the slab must be for a row that has read so many tokens. */
  constructor(session: DecoderSession, widthOf: (length: number) => number, padded: boolean) {
    this.#padded = padded;
    this.#session = session;
    this.#widthOf = widthOf;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  add(member: Member, past: readonly KeyValues[]): void {
    const row = this.#members.length;
    const slab = this.#fitted(row + 1, this.#widthOf(member.length));
    let position = 0;
    for (const piece of past) {
      slab.write(row, position, piece);
      position += piece.tokens;
    }
    assert(position === member.length, "a row has its whole past");
    this.#members.push(member);
  }

  /** Its row goes to the last member, so that rows in use stand together. Gives its past. */
  remove(member: Member): KeyValues {
    const row = this.#members.indexOf(member);
    const last = this.#members.length - 1;
    const slab = this.#slab;
    const lastMember = this.#members[last];
    assert(row >= 0 && slab !== undefined && lastMember !== undefined, "only members leave");
    const past = slab.read(row, member.length);
    if (row !== last) {
      slab.write(row, 0, slab.read(last, lastMember.length));
      this.#members[row] = lastMember;
    }
    this.#members.pop();
    if (last === 0) this.#slab = undefined;
    return past;
  }

  /** One token for each member, in a batch of at least `batch` rows. */
  async step(batch: number): Promise<readonly RowResult[]> {
    if (!this.#padded) return this.#stepBare();
    const width = Math.max(...this.#members.map(({ length }) => this.#widthOf(length)));
    return this.#session.step(this.#members, this.#fitted(batch, width), batch);
  }

  /** Each row behind exactly its past. */
  async #stepBare(): Promise<readonly RowResult[]> {
    const results: RowResult[] = [];
    for (const [row, { token, length }] of this.#members.entries()) {
      const slab = this.#fitted(this.#members.length, this.#widthOf(length));
      const result = await this.#session.read([token], [slab.read(row, length)]);
      slab.write(row, length, result.written);
      results.push(result);
    }
    return results;
  }

  #fitted(rows: number, width: number): KeyValueSlab {
    const former = this.#slab;
    if (former !== undefined && former.rows >= rows && former.width >= width) return former;
    const grown = new KeyValueSlab(this.#session.shape.keyValues, {
      width: Math.max(width, former?.width ?? 0),
      // By doubling, so that a row that joins seldom moves the others.
      rows: former === undefined ? rows : former.rows >= rows ? former.rows : Math.max(rows, former.rows * 2),
    });
    this.#members.forEach(({ length }, row) => {
      if (former !== undefined) grown.write(row, 0, former.read(row, length));
    });
    this.#slab = grown;
    return grown;
  }
}
