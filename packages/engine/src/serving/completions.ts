/**
 * Texts for one request: every choice of every prompt is a question of its own, asked at the same time, and their
 * answers are told whole or as they come. Whoever leaves ends the questions that nobody else waits for.
 */

import type { ServerResponse } from "node:http";
import { EngineError } from "@wasm-engine/abi";
import { seedOfChoice } from "./completion-request.js";
import type { CompletionRequest } from "./completion-request.js";
import { answerHead, chunkOf, newId, usageChunk, wholeAnswer } from "./completion-writer.js";
import type { AnswerHead } from "./completion-writer.js";
import type { Answer, JsonMap, Question, Respondent } from "./contract.js";
import { httpErrorOf } from "./error-document.js";
import { EventStream } from "./event-stream.js";
import type { KeptAnswers } from "./kept-answers.js";

export interface CompletionContext {
  readonly respondent: Respondent;
  readonly response: ServerResponse;
  /** Aborted where the client has gone, or the server closes. */
  readonly signal: AbortSignal;
  /** Aborted where the server closes: what has an idempotency key is worth its answer without the client, too. */
  readonly closing: AbortSignal;
  readonly kept: KeptAnswers;
  readonly key?: string;
  /** The request as it came. */
  readonly body: JsonMap;
}

/** What was used, for whoever counts. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Writes the answer. @throws what goes wrong before anything was written */
export async function answerCompletion(
  request: CompletionRequest,
  context: CompletionContext,
): Promise<Usage> {
  const id = newId(request.kind);
  const isAgent = context.respondent.kind === "agent";
  const head = answerHead(request.kind, { id, seed: isAgent ? undefined : request.seed }, context.respondent);
  const stream = request.stream ? new EventStream(context.response) : undefined;
  const failing = new AbortController();
  const signal = AbortSignal.any([context.signal, failing.signal]);
  try {
    const answers = await Promise.all(
      choicesOf(request).map((members, index) =>
        choice({ ...context, signal }, { request, head, members, index, stream }),
      ),
    );
    finish(context.response, { request, head, answers, stream });
    return usageOf(answers, request.choices);
  } catch (error) {
    failing.abort();
    if (stream === undefined || !context.response.headersSent) throw error;
    stream.fail(httpErrorOf(error).body);
    return { promptTokens: 0, completionTokens: 0 };
  }
}

interface Asking {
  readonly request: CompletionRequest;
  readonly head: AnswerHead;
  readonly members: JsonMap;
  /** Of the choice. */
  readonly index: number;
  readonly stream: EventStream | undefined;
}

/** Choices in their order: all of the first prompt, then those of the next. */
function choicesOf({ prompts, choices, seed }: CompletionRequest): readonly JsonMap[] {
  return prompts.flatMap((members) =>
    Array.from({ length: choices }, (_, choice) => ({ ...members, seed: seedOfChoice(seed, choice) })),
  );
}

async function choice(
  context: CompletionContext,
  { request, head, members, index, stream }: Asking,
): Promise<Answer> {
  let told = "";
  const say = (text: string): void => {
    if (told === "") stream?.send(chunkOf(head, { index, kind: "begin" }, request.includeUsage));
    told += text;
    if (text !== "") stream?.send(chunkOf(head, { index, kind: "piece", text }, request.includeUsage));
  };
  const { respondent } = context;
  const isAgent = respondent.kind === "agent";
  const question: Omit<Question, "signal"> = {
    kind: request.kind,
    // The seed of a request to an agent is among its members where the client gave one.
    members: isAgent ? (request.prompts[0] ?? {}) : members,
    id: head.id,
    ...(stream === undefined ? {} : { hear: say }),
  };
  const answer = await asked(context, question);
  // What no piece has told yet; an answer that is another text than its pieces adds nothing to them.
  if (answer.text.startsWith(told)) say(answer.text.slice(told.length));
  stream?.send(chunkOf(head, { index, kind: "end", answer }, request.includeUsage));
  return answer;
}

function asked(
  { respondent, key, kept, body, signal, closing }: CompletionContext,
  question: Omit<Question, "signal">,
): Promise<Answer> {
  if (key === undefined || respondent.kind === "model") return respondent.write({ ...question, signal });
  return kept.answer(key, body, () => respondent.write({ ...question, key, signal: closing }));
}

function finish(
  response: ServerResponse,
  {
    request,
    head,
    answers,
    stream,
  }: Pick<Asking, "request" | "head" | "stream"> & { readonly answers: readonly Answer[] },
): void {
  if (stream === undefined) return sendJson(response, 200, wholeAnswer(head, answers, request.choices));
  if (request.includeUsage) stream.send(usageChunk(head, answers, request.choices));
  stream.end();
}

function usageOf(answers: readonly Answer[], choices: number): Usage {
  return {
    promptTokens: answers.reduce(
      (sum, { promptTokens }, index) => sum + (index % choices === 0 ? (promptTokens ?? 0) : 0),
      0,
    ),
    completionTokens: answers.reduce((sum, { completionTokens }) => sum + (completionTokens ?? 0), 0),
  };
}

/** Writes a whole answer, unless the client has gone. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: JsonMap,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(JSON.stringify(body));
}

/** Whether asking again could do harm: questions to agents without a key become further inputs. */
export function mayRepeat(isAgent: boolean, key: string | undefined, error: unknown): boolean {
  return !isAgent || key !== undefined || (EngineError.is(error) && error.code.startsWith("WE_SERVE_"));
}
