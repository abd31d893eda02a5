/**
 * What agents ask a model that writes texts: the JSON that servers with the interface of OpenAI take, with names in
 * either spelling. Whatever is not understood is refused: nothing is left out silently.
 */

import { Encoding, decodeUtf8 } from "@wasm-engine/abi";
import type { TensorRequest } from "@wasm-engine/core";
import { adviceFor } from "../suggestion.js";
import type { ChatMessage } from "./chat-template.js";
import type { TextRequest } from "./text-model.js";

/** A request that can be planned. */
export interface AgentRequest {
  readonly kind: "request";
  readonly request: TextRequest;
  /** The agent wants parts before the answer. */
  readonly stream: boolean;
}

/** Why a payload is no request. */
export interface BadRequest {
  readonly kind: "bad";
  readonly message: string;
}

type Members = Readonly<Record<string, unknown>>;

/** What a member must be; its limits are checked where it is used. */
const MEMBERS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  messages,
  prompt: (value) =>
    typeof value === "string" || (Array.isArray(value) && value.every((id) => typeof id === "number"))
      ? undefined
      : "a text, or a list of token ids",
  stream: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  maxTokens: number,
  temperature: number,
  topK: number,
  topP: number,
  minP: number,
  repetitionPenalty: number,
  seed: number,
  logitBias: (value) =>
    isMap(value) && Object.values(value).every((bias) => typeof bias === "number")
      ? undefined
      : "a map of numbers by token ids",
  stop: (value) =>
    typeof value === "string" || (Array.isArray(value) && value.every((text) => typeof text === "string"))
      ? undefined
      : "a text or a list of texts",
  responseFormat: (value) => (isMap(value) || typeof value === "string" ? undefined : 'a map, or "json"'),
};

/** Reads the payload of a request. */
export function readAgentRequest({ encoding, payload, seed = 0 }: TensorRequest): AgentRequest | BadRequest {
  const body = encoding === Encoding.JSON ? parsed(payload) : undefined;
  if (!isMap(body)) return bad("a request to this model is a map as JSON, with messages or a prompt");
  const members: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(body)) {
    // As if it were not there.
    if (value === null) continue;
    const name = written.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const check = Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : undefined;
    if (check === undefined)
      return bad(
        `this model takes no "${written.slice(0, 64)}"; ${adviceFor(name, Object.keys(MEMBERS), "members")}`,
      );
    const expected = check(value);
    if (expected !== undefined) return bad(`${name} is ${expected}`);
    members[name] = value;
  }
  return requestOf(members, seed);
}

/** Every member has passed its check, which is what the assertions below rest on. */
function requestOf(members: Members, seed: number): AgentRequest | BadRequest {
  const { messages: asked, prompt: text, stream = false, stop, ...rest } = members;
  if ((asked === undefined) === (text === undefined)) return bad("a request has messages or a prompt");
  const prompt =
    asked === undefined
      ? (text as string | readonly number[])
      : { messages: (asked as Members[]).map(messageOf) };
  const sampling = rest as Partial<TextRequest>;
  const stops = stop === undefined ? {} : { stop: typeof stop === "string" ? [stop] : (stop as string[]) };
  return { kind: "request", stream: stream === true, request: { seed, ...sampling, ...stops, prompt } };
}

function messages(value: unknown): string | undefined {
  const fits =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((message) => isMap(message) && typeof message["role"] === "string");
  return fits ? undefined : "a list of messages, each with a role";
}

/** Content may be a list of parts; templates are given its text. */
function messageOf({ role, content, ...rest }: Members): ChatMessage {
  const parts = Array.isArray(content) ? content.filter(isMap).map(({ text }) => text) : [content];
  const text = parts.map((part) => (typeof part === "string" ? part : "")).join("");
  return { ...rest, role: String(role), content: text };
}

function number(value: unknown): string | undefined {
  return typeof value === "number" ? undefined : "a number";
}

function parsed(payload: Uint8Array): unknown {
  const text = decodeUtf8(payload);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(message: string): BadRequest {
  return { kind: "bad", message };
}
