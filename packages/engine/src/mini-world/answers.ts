/**
 * How a test answers for models and tools: values, functions, rules, failures, or nobody. Owns what the words of a test
 * mean as answers of an adapter; when they enter is the desk's affair.
 */

import { EngineError, Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { AdapterAnswer, AdapterRequest } from "../adapters/contract.js";
import type { ToolDefinition } from "../adapters/tool.js";
import type { FakeEntry, ToolEntry } from "../config/config-file.js";
import { encodePayload } from "../world/payload.js";
import type { ChatTurn } from "../observed/observations.js";

/** A request as the answerer of a test sees it. */
export interface AskedRequest {
  /** Id of the agent that asks. */
  readonly agent: string;
  readonly kind: "inference" | "tool";
  readonly name: string;
  readonly tick: number;
  /** JSON as a value, text as a string, everything else as bytes. */
  readonly input: unknown;
  /** The prompt, where a language model is asked; else empty. */
  readonly messages: readonly ChatTurn[];
  /** Requests of this agent to this model or tool before this one. */
  readonly nth: number;
  /** As adapters get it: bytes, seed, the key that makes calls of one request one. */
  readonly raw: AdapterRequest;
}

/** @internal An answer as an adapter gives it. */
export class SettledAnswer {
  readonly #answer: AdapterAnswer;

  constructor(answer: AdapterAnswer) {
    this.#answer = answer;
  }

  static of(value: unknown): AdapterAnswer | undefined {
    return typeof value === "object" && value !== null && #answer in value ? value.#answer : undefined;
  }
}

/** No answer comes: the agent waits until its own timeout. */
export const never: unique symbol = Symbol("never");

/** An answer that is a failure. */
export class AnswerFailure {
  readonly #brand = true;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, retryable: boolean) {
    this.code = code;
    this.message = message;
    this.retryable = retryable;
  }

  static is(value: unknown): value is AnswerFailure {
    return typeof value === "object" && value !== null && #brand in value && value.#brand;
  }
}

/** The answer is an error: the agent's promise rejects with an AgentError of this code. */
export function fail(
  code: string,
  message: string = `the test answers ${code}`,
  options: { readonly retryable?: boolean } = {},
): AnswerFailure {
  return new AnswerFailure(code, message, options.retryable ?? false);
}

/* Methods, so that a function may say which input it expects: `search: async (input: Query) => …`. */
interface ModelFunctions {
  answer(request: AskedRequest): unknown;
}
interface ToolFunctions {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a tool says what it expects
  answer(input: any, request: AskedRequest): unknown;
}

/**
 * Answers a request, at once or later: a value (JSON; a text becomes `{ text }` for models), bytes, {@link fail},
 * {@link never}. What it throws is an answer FAILED with the message of the error.
 */
export type ModelFunction = ModelFunctions["answer"];
/** The same for tools: the first parameter is what the agent gave. */
export type ToolFunction = ToolFunctions["answer"];

/** Ticks from request to answer; default 1. */
export type LatencyTicks = number | ((request: AskedRequest) => number);

/** A function with the ticks that its answers take. */
export interface Latency<Function_> {
  readonly answer: Function_;
  readonly latencyTicks?: LatencyTicks;
}

/**
 * Answers one after the other, each agent by itself; what is asked beyond them is never answered.
 * @param latencyTicks of all of them, or one by one
 */
export function inOrder(
  answers: readonly unknown[],
  { latencyTicks = 1 }: { readonly latencyTicks?: number | readonly number[] } = {},
): ModelAnswers & ToolAnswers {
  const answerTo = (request: AskedRequest): unknown => {
    return request.nth < answers.length ? answers[request.nth] : never;
  };
  return {
    // A model's function gets the request first, a tool's its input.
    answer: (input: unknown, request?: AskedRequest) => answerTo(request ?? (input as AskedRequest)),
    latencyTicks: ({ nth }) => (typeof latencyTicks === "number" ? latencyTicks : (latencyTicks[nth] ?? 1)),
  };
}

/** An entry is one of engine.yaml that stands for a model: `{ scripted: "./models/writer.yaml" }`. */
export type ModelAnswers = ModelFunction | Latency<ModelFunction> | FakeEntry;
/**
 * A tool as `defineTool` makes it, the path of a module that exports one, and an entry of engine.yaml are called as in
 * a run: input and output are checked, a ToolError keeps its code.
 */
export type ToolAnswers = ToolFunction | Latency<ToolFunction> | ToolDefinition | string | URL | ToolEntry;

/** Models and tools as the desk asks them. */
export interface Answerer {
  readonly latencyTicks: LatencyTicks;
  answer(request: AskedRequest): unknown;
  /** Makes ready what is otherwise made when it is first asked. @throws what it cannot be made with */
  open?(): Promise<void>;
}

export function modelAnswerer(answers: ModelFunction | Latency<ModelFunction>): Answerer {
  if (typeof answers === "function") return { latencyTicks: 1, answer: answers };
  return { latencyTicks: answers.latencyTicks ?? 1, answer: (request) => answers.answer(request) };
}

export function toolAnswerer(answers: ToolFunction | Latency<ToolFunction>): Answerer {
  if (typeof answers === "function") {
    return { latencyTicks: 1, answer: (request) => answers(request.input, request) };
  }
  const { latencyTicks = 1 } = answers;
  return { latencyTicks, answer: (request) => answers.answer(request.input, request) };
}

/** What an answerer gave, as an adapter would have answered. undefined: no answer comes. */
export async function settledAnswer(
  answerer: Answerer,
  request: AskedRequest,
): Promise<AdapterAnswer | undefined> {
  try {
    const value = await answerer.answer(request);
    return value === never ? undefined : adapterAnswer(value, request);
  } catch (error) {
    // What stops a run before it starts stops a test.
    if (EngineError.is(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, code: "FAILED", message, retryable: false };
  }
}

function adapterAnswer(value: unknown, request: AskedRequest): AdapterAnswer {
  const settled = SettledAnswer.of(value);
  if (settled !== undefined) return settled;
  if (AnswerFailure.is(value)) {
    const { code, message, retryable } = value;
    return { ok: false, code, message, retryable };
  }
  if (value instanceof Uint8Array) return { ok: true, ...encodePayload(value) };
  const isText = typeof value === "string" && request.kind === "inference";
  const body = isText ? { text: value } : ((value ?? null) as Json); // the test's own value
  return { ok: true, encoding: Encoding.JSON, payload: encodeUtf8(JSON.stringify(body)) };
}
