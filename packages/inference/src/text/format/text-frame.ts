/**
 * Inside of a JSON string: characters in well-formed UTF-8, escapes that stand for one character each, never half of a
 * surrogate pair. Counts characters as JSON Schema does, by code points.
 */

import type { Frame, FrameContext } from "./frame.js";

interface Lengths {
  readonly least: number;
  readonly most: number;
}

type Moves = ReturnType<Frame["step"]>;
const none: Moves = [];

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash] = [code('"'), code("\\")];
const escapes = new Set([...'"\\/bfnrt'].map(code));
const [letterU, letterD] = [code("u"), code("d")];

/** Before the opening quote. */
export function textFrame(context: FrameContext, lengths: Lengths): Frame {
  const key = `t${lengths.least}-${lengths.most}`;
  const step = (byte: number): Moves => (byte === quote ? [[body(context, lengths)]] : none);
  return { key, tokenKey: key, tokens: 2 + lengths.least, step };
}

/** Between characters, with so many still needed and so many still allowed. */
function body(context: FrameContext, { least, most }: Lengths): Frame {
  const step = (byte: number): Moves => {
    if (byte === quote) return least === 0 ? [[]] : none;
    if (most === 0 || byte < 0x20) return none;
    const after = { least: Math.max(least - 1, 0), most: most - 1 };
    if (byte === backslash) return [[escape(context, after)]];
    if (byte < 0x80) return [[body(context, after)]];
    const rest = context.bytewise ? continuationOf(byte) : undefined;
    return rest === undefined ? none : [[character(context, after, rest)]];
  };
  // No token is longer than the room: all that have more room take it alike.
  const room = most > context.longest ? Infinity : most;
  return { key: `b${least}-${most}`, tokenKey: `b${least}-${room}`, tokens: least + 1, step };
}

/** Behind a backslash; `after` are the lengths behind the character. */
function escape(context: FrameContext, after: Lengths): Frame {
  return inside(`e${after.least}-${after.most}`, after, 1, (byte) => {
    if (escapes.has(byte)) return body(context, after);
    return byte === letterU ? hexadecimal(context, after, 4, false) : undefined;
  });
}

/** So many hexadecimal digits still come; `high`: D was the first, so that 8 to F would begin a surrogate. */
function hexadecimal(context: FrameContext, after: Lengths, left: number, high: boolean): Frame {
  return inside(`x${left}${high ? "d" : ""}.${after.least}-${after.most}`, after, left, (byte) => {
    const small = byte | 0x20;
    const decimal = byte >= 0x30 && byte <= 0x39;
    if (!decimal && (small < 0x61 || small > 0x66)) return undefined;
    if (high && (!decimal || byte > 0x37)) return undefined;
    if (left === 1) return body(context, after);
    return hexadecimal(context, after, left - 1, left === 4 && small === letterD && !decimal);
  });
}

/** Bytes of a character that still come, and what the next of them may be. */
interface Continuation {
  readonly left: number;
  readonly least: number;
  readonly most: number;
}

function character(context: FrameContext, after: Lengths, rest: Continuation): Frame {
  const { left, least, most } = rest;
  return inside(`u${left}.${least}-${most}.${after.least}-${after.most}`, after, left, (byte) => {
    if (byte < least || byte > most) return undefined;
    if (left === 1) return body(context, after);
    return character(context, after, { left: left - 1, least: 0x80, most: 0xbf });
  });
}

/** What a first byte beyond ASCII asks for: no overlong forms, no surrogates, nothing above U+10FFFF. */
function continuationOf(byte: number): Continuation | undefined {
  if (byte < 0xc2 || byte > 0xf4) return undefined;
  const left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  const least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
  return { left, least, most: byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf };
}

/** Within a character: `left` bytes, then the rest of the text. */
function inside(key: string, after: Lengths, left: number, next: (byte: number) => Frame | undefined): Frame {
  const step = (byte: number): Moves => {
    const frame = next(byte);
    return frame === undefined ? none : [[frame]];
  };
  return { key, tokenKey: key, tokens: left + after.least + 1, step };
}
