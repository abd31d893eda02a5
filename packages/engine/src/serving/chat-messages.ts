/** Conversations between the words of the interface and those that agents and models use. */

import type { Json } from "@wasm-engine/core";
import type { JsonMap, ToolCall } from "./contract.js";
import { fieldError, isList, isMap } from "./field-check.js";

const roles: readonly string[] = ["system", "developer", "user", "assistant", "tool", "function"];

/** Messages as `ctx.chat` of an agent takes them. @throws {WE_SERVE_FIELD} with the place */
export function readMessages(value: Json | undefined): readonly JsonMap[] {
  if (!isList(value) || value.length === 0)
    throw fieldError("messages", value, "a list of messages, at least one");
  return value.map((message, index) => readMessage(message, `messages[${index}]`));
}

function readMessage(message: Json, place: string): JsonMap {
  if (!isMap(message)) throw fieldError(place, message, "an object with role and content");
  const { role, content, tool_calls: calls, tool_call_id: callId, name } = message;
  if (typeof role !== "string" || !roles.includes(role))
    throw fieldError(`${place}.role`, role, `one of ${roles.join(", ")}`);
  const mayLack = role === "assistant" && calls !== undefined;
  return {
    // Templates of models know no developers.
    role: role === "developer" ? "system" : role,
    content: readContent(content, `${place}.content`, mayLack),
    ...(isList(calls)
      ? { toolCalls: calls.map((call, index) => readCall(call, `${place}.tool_calls[${index}]`)) }
      : {}),
    ...(typeof callId === "string" ? { toolCallId: callId } : {}),
    ...(typeof name === "string" ? { name } : {}),
  };
}

function readContent(content: Json | undefined, place: string, mayLack: boolean): string {
  if (typeof content === "string") return content;
  if (mayLack && (content === undefined || content === null)) return "";
  if (!isList(content)) throw fieldError(place, content, "a text, or a list of parts of type text");
  return content
    .map((part, index) => {
      const given = isMap(part) && part["type"] === "text" ? part["text"] : undefined;
      if (typeof given !== "string") throw fieldError(`${place}[${index}]`, part, "a part of type text");
      return given;
    })
    .join("");
}

function readCall(call: Json, place: string): JsonMap {
  const named = isMap(call) ? call["function"] : undefined;
  if (!isMap(call) || !isMap(named) || typeof named["name"] !== "string")
    throw fieldError(place, call, "an object with id and function");
  const given = named["arguments"];
  return {
    id: call["id"] ?? "",
    name: named["name"],
    arguments: typeof given === "string" ? parsed(given) : null,
  };
}

/** Models write arguments as text; one that is no JSON stays what it is. */
function parsed(json: string): Json {
  try {
    return JSON.parse(json) as Json; // JSON.parse gives nothing else
  } catch {
    return json;
  }
}

/** Tools as `ctx.chat` takes them. @throws {WE_SERVE_FIELD} */
export function readTools(value: Json): readonly JsonMap[] {
  if (!isList(value)) throw fieldError("tools", value, "a list of tools of type function");
  return value.map((tool, index) => {
    const named = isMap(tool) && tool["type"] === "function" ? tool["function"] : undefined;
    if (!isMap(named) || typeof named["name"] !== "string")
      throw fieldError(`tools[${index}]`, tool, "a tool of type function");
    const { name, description, parameters } = named;
    return {
      name,
      ...(typeof description === "string" ? { description } : {}),
      ...(parameters === undefined ? {} : { input: parameters }),
    };
  });
}

/** A call that an answer wants, in the words of the interface. */
export function writeCall({ id, name, arguments: given }: ToolCall): JsonMap {
  const text = typeof given === "string" ? given : JSON.stringify(given);
  return { id, type: "function", function: { name, arguments: text } };
}
