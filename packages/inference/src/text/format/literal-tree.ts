/** Texts of which one is written, as a tree of their bytes: fixed values of a schema, or the names of members. */

import type { TokenOrder } from "./token-order.js";

export interface LiteralPlace {
  readonly next: ReadonlyMap<number, LiteralPlace>;
  /** The text that ends here, by its place in the list. */
  readonly ends: number | undefined;
  /** Texts that go on from here, each with the fewest tokens for its rest. */
  readonly longer: readonly { readonly literal: number; readonly tokens: number }[];
}

interface PlaceDraft {
  readonly next: Map<number, PlaceDraft>;
  ends: number | undefined;
  readonly longer: { readonly literal: number; readonly tokens: number }[];
}

/** The place before the first byte. Texts for which the vocabulary has no tokens, and repeated ones, are left out. */
export function literalTree(
  texts: readonly { readonly literal: number; readonly bytes: Uint8Array }[],
  order: TokenOrder,
): LiteralPlace {
  const root = draft();
  for (const { literal, bytes } of texts) {
    const counts = order.fewest(bytes);
    if (counts[0] === Infinity) continue;
    const path = [root];
    for (const byte of bytes) {
      const place = path.at(-1) ?? root;
      const next = place.next.get(byte) ?? draft();
      place.next.set(byte, next);
      path.push(next);
    }
    const end = path.pop() ?? root;
    if (end.ends !== undefined) continue;
    end.ends = literal;
    path.forEach((place, index) => place.longer.push({ literal, tokens: counts[index] ?? Infinity }));
  }
  return root;
}

const draft = (): PlaceDraft => ({ next: new Map(), ends: undefined, longer: [] });
