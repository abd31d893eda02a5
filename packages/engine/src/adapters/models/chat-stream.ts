/** A streamed answer read to its end: events to parts and one answer, bounded in every direction. */

import type { IncomingMessage } from "node:http";
import type { Json } from "@wasm-engine/core";
import { answerBytesMax, streamEventBytesMax } from "../limits.js";
import { EventStream } from "./event-stream.js";
import { piecesOf } from "./http-exchange.js";
import type { ChatAnswer } from "./model-request.js";
import { ChatStream } from "./openai-protocol.js";

export type ChatStreamResult =
  | { readonly kind: "answer"; readonly answer: ChatAnswer }
  /** As the end of a sentence about the server. */
  | { readonly kind: "failed"; readonly cause: string }
  /** The stream ended before the answer was complete. */
  | { readonly kind: "cut"; readonly hasParts: boolean };

/** @throws {Lost} where the connection ends, and the signal's reason */
export async function readChatStream(
  message: IncomingMessage,
  { signal, onPart }: { readonly signal: AbortSignal; readonly onPart: (text: string) => void },
): Promise<ChatStreamResult> {
  const events = new EventStream();
  const chat = new ChatStream();
  const taken: Taken = { isDone: false, hasParts: false, cause: undefined };
  for await (const piece of piecesOf(message, signal)) {
    take(events.take(piece), { chat, onPart, taken });
    if (chat.length > answerBytesMax || events.waiting > streamEventBytesMax) {
      taken.cause = "sent a response that is too long";
    }
    if (taken.cause !== undefined || taken.isDone) break;
  }
  if (!taken.isDone && taken.cause === undefined) take(events.end(), { chat, onPart, taken });
  if (taken.cause !== undefined) {
    message.destroy();
    return { kind: "failed", cause: taken.cause };
  }
  const answer = chat.answer(taken.isDone);
  return answer === undefined ? { kind: "cut", hasParts: taken.hasParts } : { kind: "answer", answer };
}

interface Taken {
  /** The server has said that nothing follows. */
  isDone: boolean;
  hasParts: boolean;
  /** Why the stream is given up. */
  cause: string | undefined;
}

interface Takers {
  readonly chat: ChatStream;
  readonly onPart: (text: string) => void;
  readonly taken: Taken;
}

function take(events: readonly string[], { chat, onPart, taken }: Takers): void {
  for (const data of events) {
    if (taken.isDone || taken.cause !== undefined) return;
    if (data === "[DONE]") {
      taken.isDone = true;
      return;
    }
    const event = parsed(data);
    if (event === undefined) {
      taken.cause = "sent an event that is no JSON";
      return;
    }
    const text = chat.take(event);
    if (chat.failure !== undefined) taken.cause = `reports a failure: ${chat.failure}`;
    else if (text !== "") {
      taken.hasParts = true;
      onPart(text);
    }
  }
}

function parsed(data: string): Json | undefined {
  try {
    return JSON.parse(data) as Json; // JSON.parse gives nothing else
  } catch {
    return undefined;
  }
}
