/**
 * Any server with the interface of OpenAI as an adapter: conversations and embeddings, parts where the agent takes
 * them, attempts within the limit of one call. Every failure is an answer with a text that names no host and no key.
 */

import { sha256Hex } from "../../crypto/node-crypto.js";
import { failure, jsonAnswer, timeoutAnswer } from "../answers.js";
import type {
  Adapter,
  AdapterAnswer,
  AdapterCall,
  AdapterRequest,
  CreateAdapter,
  OpenAiSetup,
} from "../contract.js";
import { attemptsMax, backoffMs, backoffMsMax, serverMessageCharsMax } from "../limits.js";
import { CallSlots } from "./call-slots.js";
import { readChatStream } from "./chat-stream.js";
import { modelAdapterError } from "./errors.js";
import { Lost, openConnections, readBody, reasonOf } from "./http-exchange.js";
import type { Connections, HttpResponse } from "./http-exchange.js";
import { chatAnswer, readModelRequest, sendPart } from "./model-request.js";
import type { ModelRequest } from "./model-request.js";
import { chatBody, embeddingsBody, readChat, readEmbeddings, readServerMessage } from "./openai-protocol.js";
import { canonicalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";

/** What one attempt came to: an answer, or a reason to try again. */
export type Attempt =
  | { readonly kind: "answer"; readonly answer: AdapterAnswer }
  | { readonly kind: "again"; readonly answer: AdapterAnswer; readonly afterMs: number | undefined };

export const createAdapter: CreateAdapter<OpenAiSetup> = (setup, surroundings) => {
  const key = setup.secrets.key === undefined ? undefined : surroundings.secret("key").trim();
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw modelAdapterError("WE_MODEL_KEY", { name: setup.name });
  return Promise.resolve(new OpenAiAdapter(setup, key));
};

/** Digest over what decides the answers of a server: not how often or how long it is asked. */
export function openAiIdentity({ url, model, parameters }: OpenAiSetup): string {
  return sha256Hex(Buffer.from(canonicalJson({ kind: "openai", url, model, parameters })));
}

class OpenAiAdapter implements Adapter {
  readonly identity: string;
  readonly #setup: OpenAiSetup;
  readonly #key: string | undefined;
  readonly #connections: Connections;
  readonly #slots: CallSlots;

  constructor(setup: OpenAiSetup, key: string | undefined) {
    this.identity = openAiIdentity(setup);
    this.#setup = setup;
    this.#key = key;
    this.#connections = openConnections(setup.url, setup.concurrency);
    this.#slots = new CallSlots(setup.concurrency);
  }

  /** The limit of a call counts from when its turn has come. Rejects where the caller's signal is aborted. */
  async answer(request: AdapterRequest, call: AdapterCall): Promise<AdapterAnswer> {
    const read = readModelRequest(request);
    if (read.kind === "bad") return failure("BAD_INPUT", read.message);
    if (read.kind === "other")
      return failure("BAD_INPUT", "a request to this model has messages, or input as text");
    await this.#slots.take(call.signal);
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), this.#setup.timeoutMs);
    try {
      const signal = AbortSignal.any([call.signal, timer.signal]);
      return await this.#untilAnswered(read, {
        request,
        call: { ...call, signal, part: call.part.bind(call) },
      });
    } catch (error) {
      if (timer.signal.aborted && !call.signal.aborted) return timeoutAnswer(this.#setup.timeoutMs);
      throw error;
    } finally {
      clearTimeout(timeout);
      this.#slots.giveBack();
    }
  }

  close(): Promise<void> {
    this.#connections.close();
    return Promise.resolve();
  }

  async #untilAnswered(
    read: Exclude<ModelRequest, { readonly kind: "other" }>,
    { request, call }: { readonly request: AdapterRequest; readonly call: AdapterCall },
  ): Promise<AdapterAnswer> {
    const endMs = performance.now() + this.#setup.timeoutMs;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(read, { request, call });
      if (outcome.kind === "answer" || attempt === attemptsMax) return outcome.answer;
      const pauseMs = outcome.afterMs ?? Math.min(backoffMsMax, backoffMs * 2 ** (attempt - 1));
      if (performance.now() + pauseMs >= endMs) return outcome.answer;
      await pause(pauseMs, call.signal);
    }
  }

  async #attempt(
    read: Exclude<ModelRequest, { readonly kind: "other" }>,
    { request, call }: { readonly request: AdapterRequest; readonly call: AdapterCall },
  ): Promise<Attempt> {
    const isChat = read.kind === "chat";
    const body = isChat ? chatBody(this.#setup, read, request.seed) : embeddingsBody(this.#setup, read);
    const path = isChat ? "/chat/completions" : "/embeddings";
    const { signal } = call;
    const response = await this.#connections.post(path, JSON.stringify(body), { key: this.#key, signal });
    if (response.kind === "broken") return this.#again(response.cause);
    let parts = 0;
    const onPart = (text: string): void => {
      parts += 1;
      sendPart(call, text);
    };
    try {
      if (response.status !== 200) return await this.#refused(response, signal);
      if (isChat && response.contentType.includes("event-stream")) {
        return await this.#streamed(response, { signal, onPart });
      }
      const text = await readBody(response.message, signal);
      return this.#whole(read, text, onPart);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      // What has entered the world cannot be taken back: another attempt would say something else.
      const lost = this.#again("closed the connection");
      return parts === 0 ? lost : { kind: "answer", answer: lost.answer };
    }
  }

  async #streamed(
    { message }: HttpResponse,
    { signal, onPart }: { readonly signal: AbortSignal; readonly onPart: (text: string) => void },
  ): Promise<Attempt> {
    const read = await readChatStream(message, { signal, onPart });
    if (read.kind === "answer") return { kind: "answer", answer: chatAnswer(read.answer) };
    if (read.kind === "failed") return this.#failed(read.cause);
    const cut = this.#again("ended its stream before the answer was complete");
    return read.hasParts ? { kind: "answer", answer: cut.answer } : cut;
  }

  #whole(
    read: Exclude<ModelRequest, { readonly kind: "other" }>,
    text: string | undefined,
    onPart: (text: string) => void,
  ): Attempt {
    if (text === undefined) return this.#failed("sent a response that is too long");
    const body = parsed(text);
    if (body === undefined) return this.#failed("sent a response that is no JSON");
    if (read.kind === "embeddings") {
      const embeddings = readEmbeddings(body, read.inputs.length);
      if (typeof embeddings === "string") return this.#failed(`cannot be understood: ${embeddings}`);
      return { kind: "answer", answer: jsonAnswer(embeddings) };
    }
    const chat = readChat(body);
    if (typeof chat === "string") return this.#failed(`cannot be understood: ${chat}`);
    if (read.stream && chat.text !== "") onPart(chat.text);
    return { kind: "answer", answer: chatAnswer(chat) };
  }

  /** A status other than 200. */
  async #refused({ status, retryAfter, message }: HttpResponse, signal: AbortSignal): Promise<Attempt> {
    const text = await readBody(message, signal);
    if (status === 401 || status === 403) {
      return this.#failed(
        `does not accept ${this.#key === undefined ? "requests without a key" : "the key"} (${status})`,
      );
    }
    if (status === 408 || status === 429 || status >= 500) {
      const cause = status === 429 ? "takes no more requests now (429)" : `failed with status ${status}`;
      return this.#again(cause, waitOf(retryAfter));
    }
    if (status >= 300 && status < 400) return this.#failed(`redirects (${status}), which is not followed`);
    // These are about the request, and mostly the agent's to mend: it is told what the server says.
    const said = readServerMessage(text === undefined ? undefined : parsed(text));
    const words = said === undefined ? "" : `: ${this.#redacted(said)}`;
    return this.#failed(`refuses the request with status ${status}${words}`);
  }

  #failed(cause: string): Attempt {
    return { kind: "answer", answer: failure("FAILED", this.#sentence(cause)) };
  }

  #again(cause: string, afterMs?: number): Extract<Attempt, { readonly kind: "again" }> {
    return { kind: "again", answer: failure("FAILED", this.#sentence(cause), true), afterMs };
  }

  #sentence(cause: string): string {
    return `the server of model "${this.#setup.name}" ${this.#redacted(cause)}`;
  }

  #redacted(text: string): string {
    const cut = this.#key === undefined ? text : text.replaceAll(this.#key, "[secret key]");
    return cut.length > serverMessageCharsMax ? `${cut.slice(0, serverMessageCharsMax)}…` : cut;
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing else
  } catch {
    return undefined;
  }
}

/** Milliseconds of a Retry-After in seconds or as a date; undefined where there is none. */
function waitOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const seconds = Number(retryAfter);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const timer = setTimeout(end, ms);
    const stop = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
