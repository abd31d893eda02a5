/**
 * Where an answer stands within one part of its grammar, and what the next byte makes of it. A part within a part
 * stands above it; what is below waits at the place behind it.
 */

import { unreachable } from "@wasm-engine/abi";
import { afterBrace, afterMember, withinNames } from "./grammar.js";
import type { Part, Shape } from "./grammar.js";
import type { LiteralPlace } from "./literal-tree.js";
import type { RecordNames } from "./record-names.js";
import { textFrame } from "./text-frame.js";

export interface Frame {
  /** Frames of equal keys are the same. */
  readonly key: string;
  /** Frames of equal keys take every single token alike. */
  readonly tokenKey: string;
  /** Fewest tokens to the end of the part. */
  readonly tokens: number;
  /** What may stand in its place behind the byte, the lowest first: nothing where the part ends. */
  step(byte: number): readonly (readonly Frame[])[];
}

/** What frames need to know of the vocabulary and of the grammar. */
export interface FrameContext {
  /** Longest token in bytes. */
  readonly longest: number;
  /** Whether each byte of a character beyond ASCII is a token of its own. */
  readonly bytewise: boolean;
  namesOf(part: Part): RecordNames;
}

type Moves = ReturnType<Frame["step"]>;
const none: Moves = [];
const ended: Moves = [[]];

const code = (character: string): number => character.charCodeAt(0);
const [space, quote, comma, colon] = [code(" "), code('"'), code(","), code(":")];
const [brace, braceEnd, bracket, bracketEnd] = [code("{"), code("}"), code("["), code("]")];

const frame = (key: string, tokens: number, step: Frame["step"]): Frame => ({
  key,
  tokenKey: key,
  tokens,
  step,
});

/** The frames with which a part may begin: one, or one per choice. Those that cannot end are left out. */
export function begin(context: FrameContext, part: Part): readonly Frame[] {
  const found: Frame[] = [];
  const visited = new Set<Part>();
  const visit = (visiting: Part): void => {
    if (visited.has(visiting) || visiting.tokens === Infinity) return;
    visited.add(visiting);
    if (visiting.shape.kind === "choice") visiting.shape.options.forEach(visit);
    else found.push(first(context, visiting, visiting.shape));
  };
  visit(part);
  return found;
}

function first(context: FrameContext, part: Part, shape: Exclude<Shape, { readonly kind: "choice" }>): Frame {
  switch (shape.kind) {
    case "literals":
      return literalFrame(part, shape.tree, "");
    case "text":
      return textFrame(context, shape);
    case "number":
      return numberFrame(part, "", shape.range.at("").more);
    case "list":
      return opened(`l${part.id}`, part.tokens, bracket, () => listFirst(context, part));
    case "record":
      return opened(`r${part.id}`, part.tokens, brace, () => recordFirst(context, part));
    case "map":
      return opened(`m${part.id}`, part.tokens, brace, () => mapFirst(context, part));
    default:
      return unreachable(shape);
  }
}

const opened = (key: string, tokens: number, opening: number, then: () => Frame): Frame =>
  frame(key, tokens, (byte) => (byte === opening ? [[then()]] : none));

/** Takes one byte of the value of `part`, which is left as `below` says. */
function stepInto(context: FrameContext, part: Part, byte: number, below: readonly Frame[]): Moves {
  return begin(context, part).flatMap((start) => start.step(byte).map((frames) => [...below, ...frames]));
}

/** One space or none, then the value. */
export function gap(context: FrameContext, part: Part): Frame {
  return frame(`g${part.id}`, part.tokens, (byte) =>
    byte === space ? begin(context, part).map((start) => [start]) : stepInto(context, part, byte, []),
  );
}

/** As {@link gap} at the beginning of a text, of which the tokenizer drops `left` spaces. */
export function lead(context: FrameContext, part: Part, left: number): Frame {
  return frame(`s${part.id}.${left}`, part.tokens, (byte) => {
    if (byte !== space) return stepInto(context, part, byte, []);
    return left > 1 ? [[lead(context, part, left - 1)]] : begin(context, part).map((start) => [start]);
  });
}

function literalFrame(part: Part, place: LiteralPlace, read: string): Frame {
  const tokens = Math.min(...place.longer.map((rest) => rest.tokens));
  return frame(`c${part.id}.${read}`, tokens, (byte) => {
    const next = place.next.get(byte);
    if (next === undefined) return none;
    const going = next.longer.length === 0 ? none : [[literalFrame(part, next, `${read}${byte},`)]];
    return next.ends === undefined ? going : [...going, []];
  });
}

/** A number that may go on; where it may also end, another move has ended it already. */
function numberFrame(part: Part, text: string, tokens: number): Frame {
  return frame(`n${part.id}.${text}`, tokens, (byte) => {
    if (part.shape.kind !== "number" || byte <= space || byte > 0x7e) return none;
    const longer = text + String.fromCharCode(byte);
    const { complete, more } = part.shape.range.at(longer);
    const going = more === Infinity ? none : [[numberFrame(part, longer, more)]];
    return complete ? [...going, []] : going;
  });
}

function listFirst(context: FrameContext, part: Part): Frame {
  const { items, least, most } = listOf(part);
  const tokens = least === 0 ? 1 : least * (items.tokens + 1);
  return frame(`lf${part.id}`, tokens, (byte) => {
    if (byte === bracketEnd) return least === 0 ? ended : none;
    return most === 0 ? none : stepInto(context, items, byte, [listAfter(context, part, 1)]);
  });
}

/** Behind an item. Counts beyond the least one matter only where there is a most one. */
function listAfter(context: FrameContext, part: Part, items: number): Frame {
  const list = listOf(part);
  const { least, most } = list;
  const count = most === Infinity ? Math.min(items, least) : items;
  const tokens = Math.max(least - count, 0) * (list.items.tokens + 1) + 1;
  return frame(`la${part.id}.${count}`, tokens, (byte) => {
    if (byte === bracketEnd) return count >= least ? ended : none;
    if (byte !== comma || count >= most || list.items.tokens === Infinity) return none;
    return [[listAfter(context, part, count + 1), gap(context, list.items)]];
  });
}

function listOf({ shape }: Part): Extract<Shape, { readonly kind: "list" }> {
  return shape.kind === "list" ? shape : noList;
}
const noList: Extract<Shape, { readonly kind: "list" }> = {
  kind: "list",
  items: { id: -1, shape: { kind: "choice", options: [] }, tokens: Infinity },
  least: 0,
  most: 0,
};

function recordFirst(context: FrameContext, part: Part): Frame {
  const names = context.namesOf(part);
  return frame(`rf${part.id}`, afterBrace(names.members), (byte) => {
    if (byte === braceEnd) return names.mayEnd(0) ? ended : none;
    return nameFrame(context, part, names.from(0), "0.").step(byte);
  });
}

function recordAfter(context: FrameContext, part: Part, next: number): Frame {
  const names = context.namesOf(part);
  return frame(`ra${part.id}.${next}`, afterMember(names.members, next), (byte) => {
    if (byte === braceEnd) return names.mayEnd(next) ? ended : none;
    const tree = names.from(next);
    if (byte !== comma || tree.longer.length === 0) return none;
    const name = nameFrame(context, part, tree, `${next}.`);
    const spaced = frame(`rs${part.id}.${next}`, name.tokens, (after) =>
      after === space ? [[name]] : name.step(after),
    );
    return [[spaced]];
  });
}

/** Within the name of a member, which ends with its colon. */
function nameFrame(context: FrameContext, part: Part, place: LiteralPlace, read: string): Frame {
  const { members } = context.namesOf(part);
  return frame(`rn${part.id}.${read}`, withinNames(members, place), (byte) => {
    const next = place.next.get(byte);
    if (next === undefined) return none;
    if (next.ends === undefined) return [[nameFrame(context, part, next, `${read}${byte},`)]];
    const member = members[next.ends];
    return member === undefined
      ? none
      : [[recordAfter(context, part, next.ends + 1), gap(context, member.value)]];
  });
}

function mapFirst(context: FrameContext, part: Part): Frame {
  return frame(`mf${part.id}`, 1, (byte) => (byte === braceEnd ? ended : mapName(context, part).step(byte)));
}

function mapAfter(context: FrameContext, part: Part): Frame {
  return frame(`ma${part.id}`, 1, (byte) => {
    if (byte === braceEnd) return ended;
    if (byte !== comma) return none;
    const name = mapName(context, part);
    return [[frame(`ms${part.id}`, name.tokens, (after) => (after === space ? [[name]] : name.step(after)))]];
  });
}

/** Before the quote of any name. */
function mapName(context: FrameContext, part: Part): Frame {
  const values = part.shape.kind === "map" ? part.shape.values : noList.items;
  if (values.tokens === Infinity) return frame(`mn${part.id}`, Infinity, () => none);
  const name = textFrame(context, { least: 0, most: Infinity });
  const behind = frame(`mc${part.id}`, 2 + values.tokens, (byte) =>
    byte === colon ? [[mapAfter(context, part), gap(context, values)]] : none,
  );
  return frame(`mn${part.id}`, 4 + values.tokens, (byte) =>
    byte === quote ? name.step(byte).map((frames) => [behind, ...frames]) : none,
  );
}
