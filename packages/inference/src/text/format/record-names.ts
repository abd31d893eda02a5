/** Members of an object, with the trees of the names that may come next: made when they are needed, and kept. */

import { nextMembers } from "./grammar.js";
import type { Member } from "./grammar.js";
import { literalTree } from "./literal-tree.js";
import type { LiteralPlace } from "./literal-tree.js";
import type { TokenOrder } from "./token-order.js";

export class RecordNames {
  readonly members: readonly Member[];
  readonly #order: TokenOrder;
  readonly #trees = new Map<number, LiteralPlace>();

  constructor(members: readonly Member[], order: TokenOrder) {
    this.members = members;
    this.#order = order;
  }

  /** Names that may follow when the members before `index` are done with. */
  from(index: number): LiteralPlace {
    const known = this.#trees.get(index);
    if (known !== undefined) return known;
    const literals = nextMembers(this.members, index).flatMap((literal) => {
      const bytes = this.members[literal]?.spelling;
      return bytes === undefined ? [] : [{ literal, bytes }];
    });
    const tree = literalTree(literals, this.#order);
    this.#trees.set(index, tree);
    return tree;
  }

  /** Whether none of the members from `index` on must come. */
  mayEnd(index: number): boolean {
    return this.members.every((member, place) => place < index || !member.required);
  }
}
