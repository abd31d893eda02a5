/**
 * tokenizer.json and tokenizer_config.json: text to token ids through the pinned library, token ids to bytes by the
 * vocabulary. What a model's own files say is all that enters; nothing is fetched or guessed by a model's name.
 */

import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { inferenceError } from "../errors.js";
import { ChatTemplate } from "./chat-template.js";
import { tokenSpelling } from "./token-bytes.js";
import { TokenStream } from "./token-stream.js";

/** Texts of a model's files; all but the first may be absent. */
export interface TokenizerFiles {
  readonly tokenizer: string;
  readonly config?: string;
  /** chat_template.jinja, which stands before the template in the configuration. */
  readonly chatTemplate?: string;
}

export interface Tokenizer {
  /** Ids below this number have tokens. */
  readonly vocabulary: number;
  readonly leadingSpaces: number;
  readonly chatTemplate: ChatTemplate | undefined;
  /** Ids of a text; `special` adds what the model expects around one, such as a token of beginning. */
  encode(text: string, options?: { readonly special?: boolean }): readonly number[];
  /** Text of ids without special tokens. */
  decode(ids: readonly number[]): string;
  /** Bytes of one token: none for special tokens and for ids without one. */
  bytesOf(id: number): Uint8Array;
  idOf(token: string): number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** What is used of the library, whose own declarations cannot be resolved: they name files without extensions. */
interface Library {
  encode(
    text: string,
    options?: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly number[] };
  token_to_id(token: string): number | undefined;
  get_vocab(added: boolean): ReadonlyMap<string, number>;
}

const OpenedTokenizer = LibraryTokenizer as unknown as new (tokenizer: Json, config: Json) => Library; // as above

const noBytes = new Uint8Array(0);

/** @throws {WE_TEXT_TOKENIZER} */
export function readTokenizer(model: string, files: TokenizerFiles): Tokenizer {
  const refuse = (reason: string): Error => inferenceError("WE_TEXT_TOKENIZER", { model, reason });
  const tokenizer = parse(files.tokenizer);
  const config = parse(files.config ?? "{}");
  if (typeof tokenizer === "string") throw refuse(`tokenizer.json is no JSON object (${tokenizer})`);
  if (typeof config === "string") throw refuse(`tokenizer_config.json is no JSON object (${config})`);
  const spelling = tokenSpelling(tokenizer["decoder"]);
  if (typeof spelling === "string") throw refuse(spelling);
  const library = openLibrary(tokenizer, config, refuse);
  const tokens = tokensById(library, tokenizer);
  const bytes = tokens.map((token) => {
    if (token === undefined || token.special) return noBytes;
    return token.added ? new TextEncoder().encode(token.text) : spelling.bytesOf(token.text);
  });
  const result: Tokenizer = {
    vocabulary: tokens.length,
    leadingSpaces: spelling.leadingSpaces,
    chatTemplate: ChatTemplate.of(model, config, files.chatTemplate),
    encode: (text, { special = true } = {}) => library.encode(text, { add_special_tokens: special }).ids,
    decode: (ids) => {
      const stream = new TokenStream(result);
      return ids.map((id) => stream.push(id)).join("") + stream.end();
    },
    bytesOf: (id) => bytes[id] ?? noBytes,
    idOf: (token) => library.token_to_id(token),
  };
  return result;
}

/** Text to ids alone, whatever a vocabulary's way back is: for models that write no text. */
export type TextEncoding = Pick<Tokenizer, "encode" | "idOf">;

/** @throws {WE_TEXT_TOKENIZER} */
export function readTextEncoding(
  model: string,
  files: Pick<TokenizerFiles, "tokenizer" | "config">,
): TextEncoding {
  const refuse = (reason: string): Error => inferenceError("WE_TEXT_TOKENIZER", { model, reason });
  const tokenizer = parse(files.tokenizer);
  const config = parse(files.config ?? "{}");
  if (typeof tokenizer === "string") throw refuse(`tokenizer.json is no JSON object (${tokenizer})`);
  if (typeof config === "string") throw refuse(`tokenizer_config.json is no JSON object (${config})`);
  const library = openLibrary(tokenizer, config, refuse);
  return {
    encode: (text, { special = true } = {}) => library.encode(text, { add_special_tokens: special }).ids,
    idOf: (token) => library.token_to_id(token),
  };
}

function openLibrary(tokenizer: Json, config: Json, refuse: (reason: string) => Error): Library {
  try {
    const library = new OpenedTokenizer(tokenizer, config);
    // A pattern that cannot be compiled shows at the first text.
    library.encode("a b");
    return library;
  } catch (cause) {
    throw refuse(`the library refuses it: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

interface KnownToken {
  readonly text: string;
  readonly added: boolean;
  readonly special: boolean;
}

function tokensById(library: Library, tokenizer: Json): readonly (KnownToken | undefined)[] {
  const tokens: (KnownToken | undefined)[] = [];
  for (const [text, id] of library.get_vocab(true)) tokens[id] = { text, added: false, special: false };
  const added = Array.isArray(tokenizer["added_tokens"])
    ? (tokenizer["added_tokens"] as readonly Json[])
    : [];
  for (const { id, content, special } of added)
    if (typeof id === "number" && typeof content === "string")
      tokens[id] = { text: content, added: true, special: special === true };
  return Array.from(tokens);
}

function parse(json: string): Json | string {
  try {
    const value: unknown = JSON.parse(json);
    const record = typeof value === "object" && value !== null && !Array.isArray(value);
    return record ? (value as Json) : "it is something else"; // an object, as the line above has shown
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
