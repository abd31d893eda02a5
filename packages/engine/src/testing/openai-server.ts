/**
 * A server with the interface of OpenAI on loopback, for tests: conversations at once and as a stream, embeddings, and
 * every fault that servers have. Answers are a function of the request; what was asked is kept.
 */

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** What the server does with one request. `pass`: answers. */
export type ServerDeed =
  | { readonly do: "pass" }
  /** A status with a JSON body, such as 401 or 500. */
  | {
      readonly do: "status";
      readonly status: number;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** A status of 200 and a body that is no JSON. */
  | { readonly do: "garbage" }
  /** A status of 200 and this body. */
  | { readonly do: "body"; readonly body: unknown }
  /** The first events or bytes, then the end of the connection. */
  | { readonly do: "truncate"; readonly events?: number }
  /** The first events, then a proper end without the last ones. */
  | { readonly do: "stop-early"; readonly events: number }
  | { readonly do: "close" }
  /** Never answers. */
  | { readonly do: "hang" }
  | { readonly do: "slow"; readonly ms: number }
  /** Answers when so many requests are held, all of them. */
  | { readonly do: "gather"; readonly count: number };

/** A request as it arrived. */
export interface AskedRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: {
    readonly model: string;
    readonly messages?: readonly { readonly role: string; readonly content: string }[];
    readonly input?: readonly string[];
    readonly stream?: boolean;
    readonly seed?: number;
    readonly [name: string]: unknown;
  };
}

export interface OpenAiServerOptions {
  /** What happens to the request of this number, counted from 0 in order of arrival. */
  readonly deed?: (index: number, request: AskedRequest) => ServerDeed;
  /** Text of a conversation's answer. Default: the last message with the model's name. */
  readonly answer?: (request: AskedRequest) => string;
}

export interface OpenAiServer {
  /** Base address, up to and including /v1. */
  readonly url: string;
  /** Everything that was asked, in order of arrival. */
  readonly asked: AskedRequest[];
  /** Requests that were under way at the same time, at most. */
  readonly atOnce: () => number;
  close(): Promise<void>;
}

/** Listens on a free port; ends with the test. */
export async function openAiServer(
  context: TestContext,
  options: OpenAiServerOptions = {},
): Promise<OpenAiServer> {
  const asked: AskedRequest[] = [];
  const counts = { now: 0, most: 0 };
  const held: (() => void)[] = [];
  const server = createServer((request, response) => {
    counts.now += 1;
    counts.most = Math.max(counts.most, counts.now);
    response.on("close", () => (counts.now -= 1));
    void readRequest(request).then((read) => {
      asked.push(read);
      serve(read, {
        response,
        deed: options.deed?.(asked.length - 1, read) ?? { do: "pass" },
        options,
        held,
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // of a server that listens on a port
  const close = (): Promise<void> => closed(server);
  context.after(close);
  return { url: `http://127.0.0.1:${port}/v1`, asked, atOnce: () => counts.most, close };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function readRequest(request: IncomingMessage): Promise<AskedRequest> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece as Uint8Array); // no encoding is set
  const body = JSON.parse(Buffer.concat(pieces).toString()) as AskedRequest["body"]; // sent by the adapter
  return { path: request.url ?? "", authorization: request.headers.authorization, body };
}

interface Serving {
  readonly response: ServerResponse;
  readonly deed: ServerDeed;
  readonly options: OpenAiServerOptions;
  /** Answers of requests that wait for others. */
  readonly held: (() => void)[];
}

function serve(request: AskedRequest, { response, deed, options, held }: Serving): void {
  switch (deed.do) {
    case "hang":
      return;
    case "close":
      response.destroy();
      return;
    case "status":
      response.writeHead(deed.status, { "content-type": "application/json", ...deed.headers });
      response.end(JSON.stringify({ error: { message: deed.message ?? "no" } }));
      return;
    case "garbage":
      response.writeHead(200, { "content-type": "application/json" });
      response.end("<html>not what you asked for</html>");
      return;
    case "body":
      sendJson(response, deed.body);
      return;
    case "slow":
      setTimeout(() => pass(request, { response, deed, options }), deed.ms).unref();
      return;
    case "gather":
      held.push(() => pass(request, { response, deed, options }));
      if (held.length >= deed.count) for (const answer of held.splice(0)) answer();
      return;
    default:
      pass(request, { response, deed, options });
  }
}

function pass(request: AskedRequest, { response, deed, options }: Omit<Serving, "held">): void {
  if (request.path === "/v1/embeddings") {
    sendJson(response, embeddingsOf(request));
    return;
  }
  const text = (options.answer ?? defaultAnswer)(request);
  if (request.body.stream === true) {
    stream(request, { text, response, deed });
    return;
  }
  const body = JSON.stringify(completionOf(request, text));
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  if (deed.do === "truncate") response.write(body.slice(0, 20), () => response.destroy());
  else response.end(body);
}

function defaultAnswer({ body }: AskedRequest): string {
  return `${body.model} heard: ${body.messages?.at(-1)?.content ?? ""}`;
}

function completionOf({ body }: AskedRequest, text: string): unknown {
  return {
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    usage: usageOf(body.messages ?? [], text),
  };
}

function usageOf(messages: readonly { readonly content: string }[], text: string): unknown {
  const count = (words: string): number => words.split(/\s+/).filter((word) => word !== "").length;
  const prompt = messages.reduce((sum, { content }) => sum + count(content), 0);
  return { prompt_tokens: prompt, completion_tokens: count(text), total_tokens: prompt + count(text) };
}

/** Two numbers per text, in the reverse order, so that the index matters. */
function embeddingsOf({ body }: AskedRequest): unknown {
  const data = (body.input ?? []).map((text, index) => ({ index, embedding: [text.length, index] }));
  return { object: "list", data: data.reverse(), usage: { prompt_tokens: data.length } };
}

function stream(
  { body }: AskedRequest,
  {
    text,
    response,
    deed,
  }: { readonly text: string; readonly response: ServerResponse; readonly deed: ServerDeed },
): void {
  const deltas = (text.match(/\s*\S+/g) ?? []).map((content) => ({
    choices: [{ index: 0, delta: { content } }],
  }));
  const last = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
  const usage = { choices: [], usage: usageOf(body.messages ?? [], text) };
  const lines = [...deltas, last, usage].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const isCut = deed.do === "truncate" || deed.do === "stop-early";
  const sent = isCut ? lines.slice(0, deed.events ?? 0) : [": comment\n\n", ...lines, "data: [DONE]\n\n"];
  if (deed.do === "truncate") {
    // Something must go out before the connection ends, or the client sees no response at all.
    response.write(sent.join("") || ": begins\n\n", () => response.destroy());
    return;
  }
  response.end(sent.join(""));
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
