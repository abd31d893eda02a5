/**
 * What agents ask models for, read once for every adapter: a conversation, embeddings, or anything else. The standard
 * answers of the first two are made here, so that a world cannot tell a server from what stands for it.
 */

import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { bodyOf } from "../../world/payload.js";
import { jsonAnswer } from "../answers.js";
import type { AdapterAnswer, AdapterCall, AdapterRequest } from "../contract.js";

export type JsonMap = Readonly<Record<string, Json>>;

/** A message as the agent wrote it; every member is passed on. */
export type ChatMessage = JsonMap & { readonly role: string };

export type ModelRequest =
  | {
      readonly kind: "chat";
      readonly messages: readonly ChatMessage[];
      /** The agent takes parts before the answer. */
      readonly stream: boolean;
      /** Every other member: maxTokens, temperature, … */
      readonly parameters: JsonMap;
    }
  | { readonly kind: "embeddings"; readonly inputs: readonly string[]; readonly parameters: JsonMap }
  | { readonly kind: "other"; readonly body: Json };

/** Why a payload is no request; an answer BAD_INPUT says it to the agent. */
export interface BadRequest {
  readonly kind: "bad";
  readonly message: string;
}

/** A tool that the model wants the agent to call. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Json;
}

/** The standard answer of a conversation. Counts are null where a server does not tell them. */
export interface ChatAnswer {
  readonly text: string;
  readonly finishReason: string;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly toolCalls?: readonly ToolCall[];
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads the payload of a request to a model. */
export function readModelRequest(request: AdapterRequest): ModelRequest | BadRequest {
  const body = bodyOf(request);
  if (body === undefined) return bad("a request to this model is JSON");
  if (!isMap(body)) return { kind: "other", body };
  const { messages, stream, input, ...parameters } = body;
  if (messages !== undefined) {
    if (!Array.isArray(messages) || messages.length === 0)
      return bad("messages is a list with at least one message");
    const checked = (messages as readonly Json[]).filter(isMessage);
    if (checked.length < messages.length) return bad("every message is a map with a role");
    return { kind: "chat", messages: checked, stream: stream === true, parameters };
  }
  if (input === undefined) return { kind: "other", body };
  const inputs = (Array.isArray(input) ? input : [input]) as readonly Json[];
  const texts = inputs.filter((text) => typeof text === "string");
  if (texts.length < inputs.length || texts.length === 0) return { kind: "other", body };
  return { kind: "embeddings", inputs: texts, parameters };
}

function isMessage(value: Json): value is ChatMessage {
  return isMap(value) && typeof value.role === "string";
}

function bad(message: string): BadRequest {
  return { kind: "bad", message };
}

/** The text of a message's content, which may be a list of parts. */
export function textOf({ content }: JsonMap): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const parts = (content as readonly Json[]).filter(isMap);
  return parts.map(({ text }) => (typeof text === "string" ? text : "")).join("");
}

export function chatAnswer({
  text,
  finishReason,
  promptTokens,
  completionTokens,
  toolCalls,
}: ChatAnswer): AdapterAnswer {
  const calls = toolCalls?.map(({ id, name, arguments: given }): Json => ({ id, name, arguments: given }));
  return jsonAnswer({
    text,
    finishReason,
    promptTokens,
    completionTokens,
    ...(calls === undefined ? {} : { toolCalls: calls }),
  });
}

/** A stretch of text before the answer: `{text}` as JSON. */
export function sendPart(call: AdapterCall, text: string): void {
  call.part(Encoding.JSON, encodeUtf8(JSON.stringify({ text })));
}

/** The whole text of an answer as its one part, where the request wants parts and none were made. */
export function sendWhole(request: AdapterRequest, call: AdapterCall, answer: AdapterAnswer): void {
  if (!answer.ok || request.kind !== "inference") return;
  const asked = bodyOf(request);
  const given = bodyOf(answer);
  if (!isMap(asked) || asked.stream !== true || !Array.isArray(asked.messages)) return;
  if (isMap(given) && typeof given.text === "string" && given.text !== "") sendPart(call, given.text);
}
