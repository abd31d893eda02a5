/**
 * Rules that stand for a model or a tool: which request gets which answer. A pure function of the rules and the
 * request; what came before is read from the conversation itself, so a resumed run gets the same answers.
 */

import { canonicalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import { failure, jsonAnswer } from "../answers.js";
import { bodyOf } from "../../world/payload.js";
import type { AdapterAnswer, AdapterRequest } from "../contract.js";
import { chatAnswer, isMap, readModelRequest, textOf } from "./model-request.js";
import type { ChatMessage, JsonMap } from "./model-request.js";
import { filled, filledJson } from "./rule-template.js";
import type { Fills } from "./rule-template.js";

/** A text that must be a part, regardless of case, or a pattern that must be found. */
export type TextTest = string | RegExp;

/** What a request must be like. Every member that is there must hold. */
export interface RuleTest {
  /** The text of the last message; of a tool's input as JSON. */
  readonly last?: TextTest;
  /** Any message, the system's included. */
  readonly contains?: TextTest;
  /** All system messages together. */
  readonly system?: TextTest;
  /** An agent id; a trailing * matches a prefix. */
  readonly agent?: string;
  /** Position of the request in its conversation from 1: one more than answers of the model in it. */
  readonly nth?: number;
  /** Members that the body of the request has, with just these values; texts like /…/ are patterns. */
  readonly input?: JsonMap;
}

export type RuleOutcome =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly value: Json }
  | {
      readonly kind: "toolCalls";
      readonly calls: readonly { readonly name: string; readonly arguments: Json }[];
    }
  | { readonly kind: "error"; readonly code: string; readonly message: string; readonly retryable: boolean };

export interface Rule {
  readonly when: RuleTest;
  readonly outcome: RuleOutcome;
}

/** Tried in order; the first that fits answers. */
export type Rules = readonly Rule[];

export interface ScriptedAnswer {
  readonly answer: AdapterAnswer;
  /** Stretches of text before it, word by word; empty where the request does not want them. */
  readonly parts: readonly string[];
}

/** A request as rules see it. */
interface SeenRequest {
  readonly agent: string;
  readonly last: string;
  readonly system: string;
  /** Texts of all messages; of a request that is no conversation, the one. */
  readonly texts: readonly string[];
  readonly nth: number;
  readonly body: Json;
  /** Present in a conversation. */
  readonly chat?: {
    readonly messages: readonly ChatMessage[];
    readonly stream: boolean;
    readonly maxTokens: number;
  };
}

const shownCharsMax = 120;

/** The answer of the first rule that fits; where none does, a failure that shows the request. */
export function scriptedAnswer(rules: Rules, request: AdapterRequest): ScriptedAnswer {
  const seen = seenOf(request);
  if (typeof seen === "string") return { answer: failure("BAD_INPUT", seen), parts: [] };
  for (const { when, outcome } of rules) {
    const fills = fillsOf(when, seen);
    if (fills !== undefined) return answerOf(outcome, seen, fills);
  }
  return { answer: noRule(request, seen), parts: [] };
}

function noRule(request: AdapterRequest, { last }: SeenRequest): AdapterAnswer {
  const shown = last.length > shownCharsMax ? `${last.slice(0, shownCharsMax)}…` : last;
  const target = `no rule of ${request.kind === "tool" ? "tool" : "model"} "${request.name}"`;
  return failure("FAILED", `${target} answers this request, whose last text is ${JSON.stringify(shown)}`);
}

function seenOf(request: AdapterRequest): SeenRequest | string {
  const body = bodyOf(request);
  if (body === undefined) return "rules answer requests that are JSON";
  const last = typeof body === "string" ? body : canonicalJson(body);
  const plain = { agent: request.agentId, last, texts: [last], system: "", nth: 1, body };
  if (request.kind === "tool") return plain;
  const read = readModelRequest(request);
  if (read.kind === "bad") return read.message;
  if (read.kind === "embeddings") return { ...plain, last: read.inputs.join("\n"), texts: read.inputs };
  if (read.kind === "other") return plain;
  const { messages, stream, parameters } = read;
  const { maxTokens = parameters.max_tokens } = parameters;
  const ofRole = (...roles: readonly string[]): ChatMessage[] =>
    messages.filter(({ role }) => roles.includes(role));
  return {
    agent: request.agentId,
    last: textOf(messages.at(-1) ?? {}),
    system: ofRole("system", "developer").map(textOf).join("\n"),
    texts: messages.map(textOf),
    nth: ofRole("assistant").length + 1,
    body,
    chat: { messages, stream, maxTokens: typeof maxTokens === "number" ? maxTokens : Infinity },
  };
}

/** What placeholders stand for where the test holds; undefined where it does not. */
function fillsOf(when: RuleTest, seen: SeenRequest): Fills | undefined {
  if (when.nth !== undefined && when.nth !== seen.nth) return undefined;
  if (when.agent !== undefined && !isAgent(when.agent, seen.agent)) return undefined;
  const fills: Record<string, string> = {};
  const isMatch =
    (when.last === undefined || matches(when.last, seen.last, fills)) &&
    (when.contains === undefined || seen.texts.some((text) => matches(when.contains ?? "", text, fills))) &&
    (when.system === undefined || matches(when.system, seen.system, fills)) &&
    (when.input === undefined || hasMembers(when.input, seen.body, fills));
  return isMatch ? { ...fills, agent: seen.agent, nth: String(seen.nth), last: seen.last } : undefined;
}

function isAgent(pattern: string, agent: string): boolean {
  return pattern.endsWith("*") ? agent.startsWith(pattern.slice(0, -1)) : agent === pattern;
}

/** Numbered groups are those of the first pattern that has matched; names add up. */
function matches(test: TextTest, text: string, fills: Record<string, string>): boolean {
  if (typeof test === "string") return text.toLowerCase().includes(test.toLowerCase());
  // A pattern with flag g or y keeps a position.
  test.lastIndex = 0;
  const found = test.exec(text);
  if (found === null) return false;
  const isFirst = !("0" in fills);
  if (isFirst) found.forEach((group, index) => (fills[String(index)] = group ?? ""));
  for (const [name, group] of Object.entries(found.groups ?? {})) fills[name] = group ?? "";
  return true;
}

/** The pattern of a text like `/…/flags`; undefined for every other text. @throws {SyntaxError} */
export function patternOf(text: string): RegExp | undefined {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? [];
  return source === undefined ? undefined : new RegExp(source, flags);
}

function hasMembers(expected: Json, body: Json, fills: Record<string, string>): boolean {
  if (typeof expected === "string") {
    const pattern = patternOf(expected);
    if (pattern === undefined) return expected === body;
    return typeof body === "string" && matches(pattern, body, fills);
  }
  if (!isMap(expected)) return canonicalJson(expected) === canonicalJson(body);
  if (!isMap(body)) return false;
  return Object.entries(expected).every(([name, member]) => {
    const found = body[name];
    return found !== undefined && hasMembers(member, found, fills);
  });
}

function answerOf(outcome: RuleOutcome, seen: SeenRequest, fills: Fills): ScriptedAnswer {
  const { chat } = seen;
  if (outcome.kind === "error") {
    const { code, message, retryable } = outcome;
    return { answer: failure(code, filled(message, fills), retryable), parts: [] };
  }
  if (outcome.kind === "toolCalls") {
    const calls = outcome.calls.map(({ name, arguments: given }, index) => {
      return { id: `call_${seen.nth}_${index + 1}`, name, arguments: filledJson(given, fills) };
    });
    if (chat === undefined) return { answer: jsonAnswer({ toolCalls: calls }), parts: [] };
    return textAnswer("", chat, { toolCalls: calls });
  }
  const value = outcome.kind === "text" ? filled(outcome.text, fills) : filledJson(outcome.value, fills);
  if (chat === undefined) return { answer: jsonAnswer(value), parts: [] };
  return textAnswer(typeof value === "string" ? value : JSON.stringify(value), chat, {});
}

type Calls = NonNullable<Parameters<typeof chatAnswer>[0]["toolCalls"]>;

/** A text as a model of words would give it: a token is a word with the spaces around it. */
function textAnswer(
  text: string,
  chat: NonNullable<SeenRequest["chat"]>,
  { toolCalls }: { readonly toolCalls?: Calls },
): ScriptedAnswer {
  const words = wordsOf(text);
  const said = words.slice(0, chat.maxTokens);
  const finishReason = toolCalls === undefined ? "stop" : "tool_calls";
  const answer = chatAnswer({
    text: said.join(""),
    finishReason: said.length < words.length ? "length" : finishReason,
    promptTokens: chat.messages.reduce((sum, message) => sum + wordsOf(textOf(message)).length, 0),
    completionTokens: said.length,
    ...(toolCalls === undefined ? {} : { toolCalls }),
  });
  return { answer, parts: chat.stream ? said : [] };
}

/** The words of a text; joined they are the text. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+(?:\s+$)?/g) ?? (text === "" ? [] : [text]);
}
