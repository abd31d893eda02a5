/**
 * Reads an answer byte by byte: a state is every way in which the bytes so far begin a valid value, each a stack of
 * frames. Knows for every state how few tokens finish it, and for every token where it leads. What was found is kept,
 * and changes nothing: a state is a function of the bytes alone.
 */

import { formatCostBytesMax, formatStatesMax, formatWaysMax } from "../../limits.js";
import { begin, lead } from "./frame.js";
import type { Frame, FrameContext } from "./frame.js";
import type { Part } from "./grammar.js";
import { RecordNames } from "./record-names.js";
import { readSchema } from "./schema-reader.js";
import type { TokenOrder } from "./token-order.js";

interface Stack {
  readonly id: number;
  readonly frame: Frame;
  readonly below: Stack | undefined;
  /** Fewest tokens to the end of the whole value. */
  readonly tokens: number;
}

export interface AnswerState {
  /** Ways to go on; the value may also end here where {@link complete}. */
  readonly stacks: readonly Stack[];
  readonly complete: boolean;
  /** Fewest tokens that complete the value: 0 where it is. */
  readonly tokens: number;
  /** States of equal keys take every single token alike. */
  readonly tokenKey: string;
  readonly next: Map<number, AnswerState | undefined>;
}

/** Fewest tokens that complete the value behind each token; {@link impossible} for tokens that must not come. */
export type TokenCosts = Uint16Array;
export const impossible = 0xffff;

export class AnswerAutomaton {
  readonly start: AnswerState;
  readonly #order: TokenOrder;
  readonly #context: FrameContext;
  readonly #names = new Map<Part, RecordNames>();
  readonly #stacks = new Map<string, Stack>();
  readonly #states = new Map<string, AnswerState>();
  readonly #costs = new Map<string, TokenCosts>();

  /** @throws {WE_TEXT_FORMAT} for a schema that cannot be kept to. */
  constructor(schema: unknown, order: TokenOrder) {
    this.#order = order;
    const beyondAscii = Array.from({ length: 0xf5 - 0x80 }, (_, index) => 0x80 + index);
    this.#context = {
      longest: order.longest,
      bytewise: order.has(...beyondAscii.filter((byte) => byte < 0xc0 || byte > 0xc1)),
      namesOf: (part) => this.#namesOf(part),
    };
    const root = readSchema(schema, order);
    const { leadingSpaces } = order;
    const first = leadingSpaces > 0 ? [lead(this.#context, root, leadingSpaces)] : begin(this.#context, root);
    const stacks = first.map((frame) => this.#stack(frame, undefined));
    this.start = this.#state(stacks, false);
  }

  /** It has found so much that a new one should take its place. */
  get full(): boolean {
    return this.#states.size >= formatStatesMax;
  }

  /** Undefined where no value begins like this. */
  step(state: AnswerState, byte: number): AnswerState | undefined {
    if (state.next.has(byte)) return state.next.get(byte);
    const found = new Map<number, Stack>();
    let complete = false;
    for (const { frame, below } of state.stacks)
      for (const frames of frame.step(byte)) {
        let stack = below;
        for (const above of frames) stack = this.#stack(above, stack);
        if (stack === undefined) complete = true;
        else if (stack.tokens < Infinity) found.set(stack.id, stack);
      }
    const next = found.size > 0 || complete ? this.#state([...found.values()], complete) : undefined;
    state.next.set(byte, next);
    return next;
  }

  /** The state behind all bytes of a token. */
  behind(state: AnswerState, bytes: Uint8Array): AnswerState | undefined {
    let place: AnswerState | undefined = state;
    for (const byte of bytes) place = place === undefined ? undefined : this.step(place, byte);
    return place;
  }

  costs(state: AnswerState): TokenCosts {
    const known = this.#costs.get(state.tokenKey);
    if (known !== undefined) return known;
    const costs = this.#walk(state);
    const kept = Math.max(Math.floor(formatCostBytesMax / costs.byteLength), 1);
    if (this.#costs.size >= kept) this.#costs.clear();
    this.#costs.set(state.tokenKey, costs);
    return costs;
  }

  #walk(state: AnswerState): TokenCosts {
    const costs = new Uint16Array(this.#order.vocabulary).fill(impossible);
    const path: (AnswerState | undefined)[] = [state];
    // Bytes of the present path that have a state: what shares more with it leads nowhere either.
    let alive = 0;
    for (const { id, bytes, shared } of this.#order.tokens) {
      if (shared > alive) continue;
      let place = path[shared];
      let read = shared;
      while (read < bytes.length && place !== undefined) {
        place = this.step(place, bytes[read] ?? 0);
        if (place === undefined) break;
        read += 1;
        path[read] = place;
      }
      alive = read;
      if (read === bytes.length && place !== undefined) costs[id] = Math.min(place.tokens, impossible);
    }
    return costs;
  }

  #stack(frame: Frame, below: Stack | undefined): Stack {
    const key = `${below?.id ?? -1}|${frame.key}`;
    const known = this.#stacks.get(key);
    if (known !== undefined) return known;
    const stack = { id: this.#stacks.size, frame, below, tokens: frame.tokens + (below?.tokens ?? 0) };
    this.#stacks.set(key, stack);
    return stack;
  }

  #state(found: readonly Stack[], complete: boolean): AnswerState {
    // The ways that are nearest to their ends stay, so that what was promised of the end holds. Equal ones keep the
    // order of the schema.
    const stacks = [...found].sort((left, right) => left.tokens - right.tokens);
    stacks.splice(formatWaysMax);
    const key = `${complete ? "!" : ""}${stacks.map(({ id }) => id).join()}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const mark = stacks.map(({ frame, below }) => `${frame.tokenKey}|${below?.id ?? -1}`);
    const state: AnswerState = {
      stacks,
      complete,
      tokens: complete ? 0 : (stacks[0]?.tokens ?? Infinity),
      tokenKey: `${complete ? "!" : ""}${mark.join(" ")}`,
      next: new Map(),
    };
    this.#states.set(key, state);
    return state;
  }

  #namesOf(part: Part): RecordNames {
    const known = this.#names.get(part);
    if (known !== undefined) return known;
    const names = new RecordNames(part.shape.kind === "record" ? part.shape.members : [], this.#order);
    this.#names.set(part, names);
    return names;
  }
}
