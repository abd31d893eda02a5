/**
 * The bytes that each token of a vocabulary stands for, read from the decoder that tokenizer.json describes. Tokens may
 * end in the middle of a character, so text is put together from bytes and never from texts of tokens.
 */

import { encodeUtf8 } from "@wasm-engine/abi";

/** How tokens become bytes. */
export interface TokenSpelling {
  bytesOf(token: string): Uint8Array;
  /** Spaces that are dropped from the beginning of a text. */
  readonly leadingSpaces: number;
}

type Json = Readonly<Record<string, unknown>>;

/** The spelling that `decoder` of a tokenizer.json describes; a text says why there is none. */
export function tokenSpelling(decoder: unknown): TokenSpelling | string {
  if (!isRecord(decoder)) return "it has no decoder";
  const steps = decoder["type"] === "Sequence" ? decoder["decoders"] : [decoder];
  if (!Array.isArray(steps) || !steps.every(isRecord)) return "its decoder has no steps";
  if (steps.length === 1 && steps[0]?.["type"] === "ByteLevel")
    return { bytesOf: byteLevelBytes, leadingSpaces: 0 };
  return spellingOfSteps(steps);
}

function spellingOfSteps(steps: readonly Json[]): TokenSpelling | string {
  const replaced: (readonly [string, string])[] = [];
  let fallback = false;
  let leadingSpaces = 0;
  for (const step of steps) {
    const { type } = step;
    if (type === "ByteFallback") fallback = true;
    else if (type === "Metaspace") {
      replaced.push([textOf(step["replacement"]) ?? "▁", " "]);
      if (step["prepend_scheme"] !== "never" && step["add_prefix_space"] !== false) leadingSpaces = 1;
    } else if (type === "Replace") {
      const pattern = isRecord(step["pattern"]) ? textOf(step["pattern"]["String"]) : undefined;
      const content = textOf(step["content"]);
      if (pattern === undefined || content === undefined) return "its decoder replaces by a pattern";
      replaced.push([pattern, content]);
    } else if (type === "Strip") {
      if (step["content"] !== " " || step["stop"] !== 0)
        return "its decoder strips other than leading spaces";
      leadingSpaces = Number(step["start"]);
    } else if (type !== "Fuse") return `its decoder has the step "${String(type)}"`;
  }
  return {
    leadingSpaces,
    bytesOf: (token) => {
      const byte = fallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1] : undefined;
      if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
      return encodeUtf8(
        replaced.reduce((text, [pattern, content]) => text.replaceAll(pattern, content), token),
      );
    },
  };
}

/**
 * Byte-level vocabularies write each byte as one printable character: those of Latin-1 that print stand for
 * themselves, the others follow from U+0100 on in the order of their values.
 */
const byteOfCharacter: ReadonlyMap<number, number> = new Map(byteCharacters());

function* byteCharacters(): Generator<readonly [number, number]> {
  let next = 0x100;
  for (let byte = 0; byte < 256; byte += 1) {
    const prints =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    yield [prints ? byte : next, byte];
    if (!prints) next += 1;
  }
}

function byteLevelBytes(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = byteOfCharacter.get(character.codePointAt(0) ?? 0);
    // A character outside of the alphabet is itself, as in tokens that were added by hand.
    if (byte === undefined) bytes.push(...encodeUtf8(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
