/** What an answer may be, piece by piece: the shapes that a schema is read into, and the fewest tokens of each. */

import { unreachable } from "@wasm-engine/abi";
import type { LiteralPlace } from "./literal-tree.js";
import type { NumberRange } from "./number-range.js";

export type Shape =
  | { readonly kind: "literals"; readonly tree: LiteralPlace }
  /** Characters between the quotes. */
  | { readonly kind: "text"; readonly least: number; readonly most: number }
  | { readonly kind: "number"; readonly range: NumberRange }
  | { readonly kind: "list"; readonly items: Part; readonly least: number; readonly most: number }
  | { readonly kind: "record"; readonly members: readonly Member[] }
  /** Members of any name. */
  | { readonly kind: "map"; readonly values: Part }
  | { readonly kind: "choice"; readonly options: readonly Part[] };

export interface Member {
  /** The name as it is written, with quotes and colon. */
  readonly spelling: Uint8Array;
  /** Fewest tokens for the spelling. */
  readonly tokens: number;
  readonly value: Part;
  readonly required: boolean;
}

/** A shape with its number; the shape is filled in later where a schema refers to itself. */
export interface Part {
  readonly id: number;
  shape: Shape;
  /** Fewest tokens; Infinity where nothing can be written. */
  tokens: number;
}

/** Finds {@link Part.tokens} of all parts: smaller and smaller counts until nothing changes. */
export function countTokens(parts: readonly Part[]): void {
  for (let changed = true; changed;) {
    changed = false;
    for (const part of parts) {
      const tokens = tokensOf(part.shape);
      if (tokens >= part.tokens) continue;
      part.tokens = tokens;
      changed = true;
    }
  }
}

function tokensOf(shape: Shape): number {
  switch (shape.kind) {
    case "literals":
      return shape.tree.ends === undefined ? Math.min(...shape.tree.longer.map(({ tokens }) => tokens)) : 0;
    case "text":
      return shape.least <= shape.most ? 2 + shape.least : Infinity;
    case "number":
      return shape.range.at("").more;
    case "list":
      if (shape.least > shape.most) return Infinity;
      return shape.least === 0 ? 2 : 1 + shape.least * (shape.items.tokens + 1);
    case "record":
      return 1 + afterBrace(shape.members);
    case "map":
      return 2;
    case "choice":
      return Math.min(...shape.options.map(({ tokens }) => tokens));
    default:
      return unreachable(shape);
  }
}

const memberTokens = ({ tokens, value }: Member): number => tokens + value.tokens;

/** Fewest tokens for a record's rest behind a member, when those before `index` are done with. */
export function afterMember(members: readonly Member[], index: number): number {
  let tokens = 1;
  for (let place = index; place < members.length; place += 1) {
    const member = members[place];
    if (member?.required === true) tokens += 1 + memberTokens(member);
  }
  return tokens;
}

/** The same for all of it behind its brace. */
export function afterBrace(members: readonly Member[]): number {
  const rest = afterMember(members, 0);
  return rest === 1 ? 1 : rest - 1;
}

/** Members that may come next: up to the first required one. Those that cannot be written are left out. */
export function nextMembers(members: readonly Member[], index: number): readonly number[] {
  const places: number[] = [];
  for (let place = index; place < members.length; place += 1) {
    const member = members[place];
    if (member === undefined) break;
    if (memberTokens(member) < Infinity) places.push(place);
    if (member.required) break;
  }
  return places;
}

/** Fewest tokens from a place within the names of members, the member's value and the record's rest included. */
export function withinNames(members: readonly Member[], { longer }: LiteralPlace): number {
  return Math.min(
    ...longer.map(({ literal, tokens }) => {
      const member = members[literal];
      return tokens + (member?.value.tokens ?? Infinity) + afterMember(members, literal + 1);
    }),
  );
}
