/** What an input from outside may hold, checked before it is logged: a log must never hold what a world cannot take. */

import { limits, messageBytes, utf8Bytes } from "@wasm-engine/abi";
import { dependenciesPerTaskMax, guestJsonDepthMax, taskIdBytesMax } from "@wasm-engine/core";
import type { InputBody, Json, TaskSpec } from "@wasm-engine/core";
import { fail } from "./errors.js";
import { inputKeyBytesMax } from "./limits.js";

/** @throws {WE_WORLD_INPUT_SIZE} {WE_WORLD_INPUT_DEPTH} */
export function checkInput(body: InputBody, key: string | undefined): void {
  if (key !== undefined) checkText("idempotency key", key, inputKeyBytesMax);
  switch (body.kind) {
    case "message":
    case "publish":
      checkText("topic", body.topic, limits.topicBytesMax);
      return checkMessage(body.topic, body.payload);
    case "join":
    case "leave":
    case "cut-topic":
      return checkText("topic", body.topic, limits.topicBytesMax);
    case "task":
      return checkTask(body.task);
    case "spawn":
      checkDepth(body.spec.args, guestJsonDepthMax);
      return checkBytes("agent specification", { bytes: jsonBytes(body.spec), most: limits.messageBytesMax });
    default:
      return;
  }
}

function checkTask({ taskId, payload, dependsOn }: TaskSpec): void {
  checkText("task id", taskId, taskIdBytesMax);
  checkMessage(taskId, payload);
  checkBytes("list of dependencies", {
    bytes: dependsOn.length,
    most: dependenciesPerTaskMax,
    unit: "entries",
  });
  for (const dependency of dependsOn) checkText("task id", dependency, taskIdBytesMax);
}

function checkMessage(topic: string, payload: Uint8Array): void {
  const bytes = messageBytes(utf8Bytes(topic), payload.length);
  checkBytes("message", { bytes, most: limits.messageBytesMax });
}

function checkText(what: string, text: string, most: number): void {
  checkBytes(what, { bytes: utf8Bytes(text), least: 1, most });
}

function checkBytes(
  what: string,
  size: { readonly bytes: number; readonly least?: number; readonly most: number; readonly unit?: string },
): void {
  const { bytes, least = 0, most, unit = "bytes" } = size;
  if (bytes < least || bytes > most) throw fail("WE_WORLD_INPUT_SIZE", { what, bytes, least, most, unit });
}

function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}

function checkDepth(value: Json, levels: number): void {
  if (typeof value !== "object" || value === null) return;
  if (levels === 0) throw fail("WE_WORLD_INPUT_DEPTH", { most: guestJsonDepthMax });
  for (const inner of Object.values(value)) checkDepth(inner, levels - 1);
}
