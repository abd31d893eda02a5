/**
 * Requests and responses of servers with the interface of OpenAI, as values: what agents write in the words of the SDK
 * becomes the words of the interface, and back. Knows no network.
 */

import type { Json } from "@wasm-engine/core";
import type { OpenAiSetup } from "../contract.js";
import { isMap } from "./model-request.js";
import type { ChatAnswer, ChatMessage, JsonMap, ModelRequest, ToolCall } from "./model-request.js";

type ChatRequest = Extract<ModelRequest, { readonly kind: "chat" }>;
type EmbeddingsRequest = Extract<ModelRequest, { readonly kind: "embeddings" }>;

/** Members that the adapter decides itself. */
const own: readonly string[] = ["model", "stream", "stream_options", "messages", "input"];

/** Body of `/chat/completions`. `seed`: unless the request or the setup has one; null there sends none. */
export function chatBody(setup: OpenAiSetup, request: ChatRequest, seed: number): JsonMap {
  const given = { seed, ...snakeMembers(setup.parameters), ...snakeMembers(request.parameters) };
  const { seed: chosen, tools, response_format: format, ...rest } = given as JsonMap;
  return {
    model: setup.model,
    messages: request.messages.map(wireMessage),
    ...rest,
    ...(chosen === null || chosen === undefined ? {} : { seed: chosen }),
    ...(Array.isArray(tools) ? { tools: (tools as readonly Json[]).map(wireTool) } : {}),
    ...(format === undefined
      ? {}
      : { response_format: format === "json" ? { type: "json_object" } : format }),
    ...(request.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

/** Body of `/embeddings`. */
export function embeddingsBody(setup: OpenAiSetup, { inputs, parameters }: EmbeddingsRequest): JsonMap {
  return { model: setup.model, input: inputs, ...snakeMembers(parameters) };
}

/** `maxTokens` is `max_tokens`: the first level only, because schemas and tools below are the agent's own. */
function snakeMembers(members: JsonMap): JsonMap {
  const written = Object.entries(members).map(([name, value]): [string, Json] => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(written.filter(([name]) => !own.includes(name)));
}

function wireMessage({ toolCalls, toolCallId, ...message }: ChatMessage): Json {
  return {
    ...message,
    ...(Array.isArray(toolCalls) ? { tool_calls: (toolCalls as readonly Json[]).map(wireToolCall) } : {}),
    ...(typeof toolCallId === "string" ? { tool_call_id: toolCallId } : {}),
  };
}

function wireToolCall(call: Json): Json {
  if (!isMap(call) || isMap(call.function)) return call;
  const given = call.arguments ?? {};
  const text = typeof given === "string" ? given : JSON.stringify(given);
  return { id: call.id ?? "", type: "function", function: { name: call.name ?? "", arguments: text } };
}

/** `{name, description, input}` as tools of this project are written, or what the interface has. */
function wireTool(tool: Json): Json {
  if (!isMap(tool) || isMap(tool.function)) return tool;
  const { input, parameters = input, ...rest } = tool;
  return { type: "function", function: { ...rest, ...(parameters === undefined ? {} : { parameters }) } };
}

/** A response of `/chat/completions`; a text says what is wrong with it. */
export function readChat(body: Json): ChatAnswer | string {
  const choice =
    isMap(body) && Array.isArray(body.choices) ? (body.choices as readonly Json[])[0] : undefined;
  if (!isMap(body) || !isMap(choice) || !isMap(choice.message))
    return "its response has no choices[0].message";
  const { content, tool_calls: calls } = choice.message;
  if (content !== undefined && content !== null && typeof content !== "string") {
    return "the content of its message is no text";
  }
  const toolCalls = Array.isArray(calls) ? (calls as readonly Json[]).map(readToolCall) : [];
  return {
    text: content ?? "",
    finishReason: typeof choice.finish_reason === "string" ? choice.finish_reason : "stop",
    ...readUsage(body.usage),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  };
}

function readToolCall(call: Json): ToolCall {
  const of = isMap(call) && isMap(call.function) ? call.function : {};
  const id = isMap(call) && typeof call.id === "string" ? call.id : "";
  return { id, name: typeof of.name === "string" ? of.name : "", arguments: readArguments(of.arguments) };
}

/** Models write arguments as text; one that is no JSON stays what it is. */
function readArguments(given: Json | undefined): Json {
  if (typeof given !== "string") return given ?? {};
  try {
    return JSON.parse(given === "" ? "{}" : given) as Json; // JSON.parse gives nothing else
  } catch {
    return given;
  }
}

function readUsage(usage: Json | undefined): Pick<ChatAnswer, "promptTokens" | "completionTokens"> {
  const { prompt_tokens: prompt, completion_tokens: completion } = isMap(usage) ? usage : {};
  return {
    promptTokens: typeof prompt === "number" ? prompt : null,
    completionTokens: typeof completion === "number" ? completion : null,
  };
}

/** A response of `/embeddings` with as many vectors as `count`; a text says what is wrong with it. */
export function readEmbeddings(body: Json, count: number): Json | string {
  if (!isMap(body) || !Array.isArray(body.data)) return "its response has no data";
  const vectors = (body.data as readonly Json[])
    .map((row, index) => ({ row, index: isMap(row) && typeof row.index === "number" ? row.index : index }))
    .sort((left, right) => left.index - right.index)
    .map(({ row }) => (isMap(row) ? row.embedding : undefined));
  if (vectors.length !== count) return `its response has ${vectors.length} vectors for ${count} texts`;
  const embeddings = vectors.filter(isVector);
  if (embeddings.length < count) return "its response has a vector that is no list of numbers";
  return { embeddings, promptTokens: readUsage(body.usage).promptTokens };
}

function isVector(vector: Json | undefined): vector is readonly number[] {
  return Array.isArray(vector) && (vector as readonly Json[]).every((number) => typeof number === "number");
}

/** What a server says about a failure, if it says anything. */
export function readServerMessage(body: Json | undefined): string | undefined {
  if (!isMap(body)) return undefined;
  const { error, message } = body;
  if (typeof error === "string") return error;
  if (isMap(error) && typeof error.message === "string") return error.message;
  return typeof message === "string" ? message : undefined;
}

/** Puts a streamed answer together, event by event. */
export class ChatStream {
  #text = "";
  #finishReason: string | undefined;
  #usage: Json | undefined;
  readonly #calls = new Map<number, { id: string; name: string; text: string }>();
  /** Stated by the server, or undefined while the stream goes on. */
  failure: string | undefined;

  /** Takes one event; returns the text that it adds. */
  take(event: Json): string {
    if (!isMap(event)) return "";
    if (event.error !== undefined) this.failure = readServerMessage(event) ?? "it reports an error";
    if (isMap(event.usage)) this.#usage = event.usage;
    const choice = Array.isArray(event.choices) ? (event.choices as readonly Json[])[0] : undefined;
    if (!isMap(choice)) return "";
    if (typeof choice.finish_reason === "string") this.#finishReason = choice.finish_reason;
    const delta = isMap(choice.delta) ? choice.delta : {};
    if (Array.isArray(delta.tool_calls))
      for (const call of delta.tool_calls as readonly Json[]) this.#addCall(call);
    const added = typeof delta.content === "string" ? delta.content : "";
    this.#text += added;
    return added;
  }

  #addCall(delta: Json): void {
    if (!isMap(delta)) return;
    const index = typeof delta.index === "number" ? delta.index : 0;
    const call = this.#calls.get(index) ?? { id: "", name: "", text: "" };
    const of = isMap(delta.function) ? delta.function : {};
    if (typeof delta.id === "string") call.id = delta.id;
    if (typeof of.name === "string") call.name += of.name;
    if (typeof of.arguments === "string") call.text += of.arguments;
    this.#calls.set(index, call);
  }

  /** Characters so far: what bounds a stream without end. */
  get length(): number {
    return this.#text.length;
  }

  /** The answer; undefined where the server has not said that it is complete. */
  answer(isDone: boolean): ChatAnswer | undefined {
    if (this.#finishReason === undefined && !isDone) return undefined;
    const calls = [...this.#calls.entries()].sort(([left], [right]) => left - right);
    const toolCalls = calls.map(([, { id, name, text }]) => ({ id, name, arguments: readArguments(text) }));
    return {
      text: this.#text,
      finishReason: this.#finishReason ?? "stop",
      ...readUsage(this.#usage),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    };
  }
}
