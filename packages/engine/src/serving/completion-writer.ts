/** Answers in the shapes of the interface: whole ones, and chunks of streams. Knows no network. */

import { randomBytes } from "node:crypto";
import type { Answer, JsonMap, QuestionKind, Respondent, Vectors } from "./contract.js";
import { writeCall } from "./chat-messages.js";

/** What all objects of one answer have in common. */
export interface AnswerHead {
  readonly kind: QuestionKind;
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly seed: number | undefined;
  readonly fingerprint: string | undefined;
}

export function newId(kind: QuestionKind): string {
  return `${kind === "chat" ? "chatcmpl" : "cmpl"}-${randomBytes(12).toString("hex")}`;
}

export function answerHead(
  kind: QuestionKind,
  { id, seed }: { readonly id: string; readonly seed: number | undefined },
  { name: model, fingerprint }: Respondent,
): AnswerHead {
  return { kind, id, created: Math.floor(Date.now() / 1000), model, seed, fingerprint };
}

export function wholeAnswer(head: AnswerHead, answers: readonly Answer[], choices: number): JsonMap {
  const object = head.kind === "chat" ? "chat.completion" : "text_completion";
  return {
    ...members(head, object),
    choices: answers.map((answer, index) => choiceOf(head.kind, answer, index)),
    usage: usageOf(answers, choices),
  };
}

/** What is told of a choice in one chunk: a beginning, a piece, or its end. */
export type ChoiceNews =
  | { readonly index: number; readonly kind: "begin" }
  | { readonly index: number; readonly kind: "piece"; readonly text: string }
  | { readonly index: number; readonly kind: "end"; readonly answer: Answer };

export function chunkOf(head: AnswerHead, news: ChoiceNews, includeUsage: boolean): JsonMap {
  const isChat = head.kind === "chat";
  const object = isChat ? "chat.completion.chunk" : "text_completion";
  const finishReason = news.kind === "end" ? reasonOf(news.answer) : null;
  const content = news.kind === "piece" ? news.text : "";
  const choice = { index: news.index, logprobs: null, finish_reason: finishReason };
  return {
    ...members(head, object),
    choices: [isChat ? { ...choice, delta: deltaOf(news) } : { ...choice, text: content }],
    ...(includeUsage ? { usage: null } : {}),
  };
}

/** The last chunk of a stream that wants to know what it has used. */
export function usageChunk(head: AnswerHead, answers: readonly Answer[], choices: number): JsonMap {
  const object = head.kind === "chat" ? "chat.completion.chunk" : "text_completion";
  return { ...members(head, object), choices: [], usage: usageOf(answers, choices) };
}

export function vectorAnswer(
  model: string,
  { embeddings, promptTokens }: Vectors,
  isBase64: boolean,
): JsonMap {
  return {
    object: "list",
    data: embeddings.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: isBase64 ? base64(vector) : vector,
    })),
    model,
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  };
}

function members({ id, created, model, seed, fingerprint }: AnswerHead, object: string): JsonMap {
  return {
    id,
    object,
    created,
    model,
    ...(fingerprint === undefined ? {} : { system_fingerprint: fingerprint }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function choiceOf(kind: QuestionKind, answer: Answer, index: number): JsonMap {
  const common = { index, logprobs: null, finish_reason: reasonOf(answer) };
  if (kind === "completion") return { ...common, text: answer.text };
  const calls = answer.toolCalls ?? [];
  const message = {
    role: "assistant",
    content: calls.length > 0 && answer.text === "" ? null : answer.text,
    refusal: null,
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(writeCall) }),
  };
  return { ...common, message };
}

function deltaOf(news: ChoiceNews): JsonMap {
  if (news.kind === "begin") return { role: "assistant", content: "" };
  if (news.kind === "piece") return { content: news.text };
  const calls = news.answer.toolCalls ?? [];
  return calls.length === 0
    ? {}
    : { tool_calls: calls.map((call, index) => ({ index, ...writeCall(call) })) };
}

function reasonOf({ finishReason, toolCalls = [] }: Answer): string {
  return toolCalls.length > 0 ? "tool_calls" : finishReason;
}

/** A prompt counts once, however many texts go on from it. */
function usageOf(answers: readonly Answer[], choices: number): JsonMap {
  const prompts = answers.filter((_, index) => index % choices === 0);
  const prompt = prompts.reduce((sum, { promptTokens }) => sum + (promptTokens ?? 0), 0);
  const completion = answers.reduce((sum, { completionTokens }) => sum + (completionTokens ?? 0), 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function base64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString("base64");
}
