/**
 * Requests for texts: what the interface of OpenAI says, checked member by member, as questions. Whatever is not
 * understood is refused with its name: nothing is left out silently, but what cannot show in a text.
 */

import { createHash, randomInt } from "node:crypto";
import type { Json } from "@wasm-engine/core";
import { adviceFor } from "../config/suggestion.js";
import { readMessages, readTools } from "./chat-messages.js";
import type { JsonMap, QuestionKind } from "./contract.js";
import { fail } from "./errors.js";
import {
  boolean,
  fieldError,
  ids,
  isList,
  isMap,
  logitBias,
  map,
  number,
  only,
  responseFormat,
  stop,
  text,
  whole,
} from "./field-check.js";
import type { FieldCheck } from "./field-check.js";
import { choicesMax } from "./limits.js";

export interface CompletionRequest {
  readonly kind: QuestionKind;
  readonly model: string;
  /** Members of questions, one per prompt, without seeds. */
  readonly prompts: readonly JsonMap[];
  /** Texts per prompt. */
  readonly choices: number;
  readonly seed: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** Members that decide a text, under the names of the interface. */
const deciding: Readonly<Record<string, FieldCheck>> = {
  max_tokens: whole(1),
  max_completion_tokens: whole(1),
  temperature: number(0, 2),
  top_p: (value) => (value === 0 ? "a number above 0 and up to 1" : number(0, 1)(value)),
  top_k: whole(0),
  min_p: number(0, 1),
  repetition_penalty: number(0.01, 100),
  logit_bias: logitBias,
  stop,
  response_format: responseFormat,
};

/** Members about the request as a whole. */
const general: Readonly<Record<string, FieldCheck>> = {
  model: text,
  seed: (value) => (Number.isSafeInteger(value) ? undefined : "a whole number of at most 53 bits"),
  n: whole(1, choicesMax),
  stream: boolean,
  stream_options: map,
};

/** Members that cannot show in a text. */
const idle: readonly string[] = [
  "user",
  "metadata",
  "store",
  "service_tier",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "parallel_tool_calls",
];

/** What this server has not; an agent may have tools. */
const absent: Readonly<Record<string, FieldCheck>> = {
  logprobs: only("the probability of tokens", false, 0),
  top_logprobs: only("the probability of tokens", 0),
  frequency_penalty: only("this penalty", 0),
  presence_penalty: only("this penalty", 0),
  best_of: only("a choice among texts", 1),
  echo: only("the prompt in the answer", false),
  suffix: only("text behind the answer", ""),
  modalities: only("anything but text", ["text"]),
  functions: only("this form of tools", []),
  function_call: only("this form of tools", "none"),
};
const noTools: Readonly<Record<string, FieldCheck>> = {
  tools: only("calling of tools by a model", []),
  tool_choice: only("calling of tools by a model", "none", "auto"),
};

const own: Readonly<Record<QuestionKind, string>> = { chat: "messages", completion: "prompt" };

/** @throws {WE_SERVE_FIELD} */
export function readCompletion(kind: QuestionKind, body: JsonMap, isAgent: boolean): CompletionRequest {
  // As if it were not there.
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  checkMembers(kind, given, isAgent);
  const { model, n = 1, stream = false, stream_options: streaming, seed } = given;
  const options = isMap(streaming) ? streaming : {};
  const includeUsage = options["include_usage"] ?? false;
  if (typeof includeUsage !== "boolean")
    throw fieldError("stream_options.include_usage", includeUsage, "true or false");
  const starts = kind === "chat" ? chatStarts(given) : promptStarts(given);
  const choices = Number(n);
  if (isAgent && starts.length > 1)
    throw fieldError("prompt", given["prompt"], "one prompt: an agent answers once");
  if (starts.length * choices > choicesMax)
    throw fieldError("n", n, `at most ${choicesMax} texts in one request, prompts times n`);
  const shared = questionMembers(kind, given, isAgent);
  return {
    kind,
    model: typeof model === "string" ? model : "",
    prompts: starts.map((start) => ({ ...start, ...shared })),
    choices,
    // Who gives none wants any: the answer names it, so that the same text can be had again.
    seed: typeof seed === "number" ? seed : randomInt(2 ** 32),
    stream: stream === true,
    includeUsage,
  };
}

function checkMembers(kind: QuestionKind, given: JsonMap, isAgent: boolean): void {
  const checks: Readonly<Record<string, FieldCheck>> = {
    ...general,
    ...deciding,
    ...absent,
    ...(isAgent ? { n: only("more than one answer of an agent", 1) } : noTools),
  };
  const known = [...Object.keys(checks), ...idle, own[kind]];
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    const expected = check?.(value);
    if (expected !== undefined) throw fieldError(name, value, expected);
    if (check !== undefined || known.includes(name)) continue;
    // What an agent understands is its own matter.
    if (isAgent) continue;
    throw fieldError(
      name.slice(0, 64),
      value,
      `absent: it is not known; ${adviceFor(name, known, "members")}`,
    );
  }
  if (given["model"] === undefined) throw fieldError("model", undefined, "the name of a model");
  if (given["max_tokens"] !== undefined && given["max_completion_tokens"] !== undefined)
    throw fieldError("max_tokens", given["max_tokens"], "absent beside max_completion_tokens");
}

/** What a chat goes on from. */
function chatStarts(given: JsonMap): readonly JsonMap[] {
  return [{ messages: readMessages(given["messages"]) }];
}

/** A prompt is a text or token ids; a list of either is several. */
function promptStarts(given: JsonMap): readonly JsonMap[] {
  const prompt = given["prompt"];
  const expected = "a text, token ids, or a list of either, at least one";
  if (typeof prompt === "string") return [{ prompt }];
  if (!isList(prompt) || prompt.length === 0) throw fieldError("prompt", prompt, expected);
  if (ids(prompt) === undefined) return [{ prompt }];
  return prompt.map((one, index) => {
    if (typeof one !== "string" && ids(one) !== undefined)
      throw fieldError(`prompt[${index}]`, one, expected);
    return { prompt: one };
  });
}

/** Members of a question: names as agents write them, defaults of the interface where it has any. */
function questionMembers(kind: QuestionKind, given: JsonMap, isAgent: boolean): JsonMap {
  const passed: Record<string, Json> = {};
  for (const [name, value] of Object.entries(given)) {
    const isOwn = name === own[kind] || Object.hasOwn(general, name) || idle.includes(name);
    if (isOwn || Object.hasOwn(absent, name)) continue;
    if (name === "tools" || name === "tool_choice") {
      if (!isAgent) continue;
      if (name === "tools") passed["tools"] = readTools(value);
      else passed["toolChoice"] = value;
    } else if (name === "max_completion_tokens") passed["maxTokens"] = value;
    else passed[camelCase(name)] = value;
  }
  if (isAgent) return { ...passed, ...(given["seed"] === undefined ? {} : { seed: given["seed"] }) };
  const defaults = { temperature: 1, ...(kind === "completion" ? { maxTokens: 16 } : {}) };
  return { ...defaults, ...passed };
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The first choice has the seed of the request: a request for one text is a part of that for many. */
export function seedOfChoice(seed: number, choice: number): number {
  if (choice === 0) return seed;
  const digest = createHash("sha256").update(`choice ${choice} of ${seed}`).digest();
  return digest.readUIntBE(0, 6);
}

export interface EmbeddingRequest {
  readonly model: string;
  /** As {@link Respondent.embed} takes them. */
  readonly members: JsonMap;
  /** Numbers as base64 of float32, little endian. */
  readonly isBase64: boolean;
}

const embeddingChecks: Readonly<Record<string, FieldCheck>> = {
  model: text,
  encoding_format: (value) => (value === "float" || value === "base64" ? undefined : '"float" or "base64"'),
  dimensions: whole(1),
};

/** @throws {WE_SERVE_FIELD} */
export function readEmbedding(body: JsonMap): EmbeddingRequest {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const known = [...Object.keys(embeddingChecks), "input", "user"];
  for (const [name, value] of Object.entries(given)) {
    const expected = embeddingChecks[name]?.(value);
    if (expected !== undefined) throw fieldError(name, value, expected);
    if (!known.includes(name))
      throw fieldError(
        name.slice(0, 64),
        value,
        `absent: it is not known; ${adviceFor(name, known, "members")}`,
      );
  }
  const { model, input, encoding_format: format, dimensions } = given;
  if (typeof model !== "string") throw fieldError("model", model, "the name of a model");
  if (input === undefined || (typeof input !== "string" && !isList(input)))
    throw fieldError("input", input, "a text, token ids, or a list of either");
  const members = { input, ...(dimensions === undefined ? {} : { dimensions }) };
  return { model, members, isBase64: format === "base64" };
}

/** @throws {WE_SERVE_NOT_JSON} */
export function expectMap(body: Json): JsonMap {
  if (isMap(body)) return body;
  throw fail("WE_SERVE_NOT_JSON", { problem: `it is ${isList(body) ? "a list" : `a ${typeof body}`}` });
}
