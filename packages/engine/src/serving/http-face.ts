/**
 * The HTTP side of the server: listens on loopback, lets in whoever may ask, finds the path, reads bodies, and tells
 * errors in the shape of the interface. Slow, large and strange requests end here.
 */

import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "@wasm-engine/core";
import { checkAccess, preflightHeaders } from "./access.js";
import type { Access } from "./access.js";
import { expectMap, readCompletion, readEmbedding } from "./completion-request.js";
import { vectorAnswer } from "./completion-writer.js";
import { answerCompletion, mayRepeat, sendJson } from "./completions.js";
import type { Usage } from "./completions.js";
import type { Directory, JsonMap, Listed, QuestionKind } from "./contract.js";
import { httpErrorOf } from "./error-document.js";
import { fail } from "./errors.js";
import { fieldError } from "./field-check.js";
import { KeptAnswers } from "./kept-answers.js";
import {
  connectionsMax,
  goodbyeMs,
  headerBytesMax,
  headersMs,
  keepAliveMs,
  requestMs,
  slowCheckMs,
} from "./limits.js";
import { Places } from "./places.js";
import { readJson } from "./request-body.js";

/** One request, when it is over. */
export interface ServedRequest extends Usage {
  readonly method: string;
  readonly path: string;
  readonly model: string | undefined;
  /** 499: the client left before its answer. */
  readonly status: number;
  readonly ms: number;
  /** Of an error, with its text. */
  readonly code?: string;
  readonly problem?: string;
}

export interface HttpFaceOptions {
  readonly port: number;
  readonly access: Access;
  readonly directory: Directory;
  readonly bodyBytesMax: number;
  readonly textsUnderWayMax: number;
  readonly onRequest: (request: ServedRequest) => void;
  /** How long clients may take; default: limits.ts. */
  readonly headersMs?: number;
  readonly requestMs?: number;
}

/** One request under way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly key: string | undefined;
  model?: string;
  usage: Usage;
  error?: unknown;
}

type Handler = (exchange: Exchange) => Promise<void>;

export class HttpFace {
  readonly #options: HttpFaceOptions;
  readonly #server: Server;
  readonly #closing = new AbortController();
  readonly #places: Places;
  readonly #kept = new KeptAnswers();
  readonly #created = Math.floor(Date.now() / 1000);
  readonly #routes: Readonly<Record<string, { readonly method: string; readonly handler: Handler }>> = {
    "/v1/models": { method: "GET", handler: (exchange) => this.#list(exchange) },
    "/v1/chat/completions": { method: "POST", handler: (exchange) => this.#complete("chat", exchange) },
    "/v1/completions": { method: "POST", handler: (exchange) => this.#complete("completion", exchange) },
    "/v1/embeddings": { method: "POST", handler: (exchange) => this.#embed(exchange) },
  };

  private constructor(options: HttpFaceOptions) {
    this.#options = options;
    this.#places = new Places(options.textsUnderWayMax);
    this.#server = createServer(
      {
        maxHeaderSize: headerBytesMax,
        headersTimeout: options.headersMs ?? headersMs,
        requestTimeout: options.requestMs ?? requestMs,
        keepAliveTimeout: keepAliveMs,
        connectionsCheckingInterval: Math.min(slowCheckMs, options.headersMs ?? slowCheckMs),
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = connectionsMax;
  }

  /** @throws {WE_SERVE_LISTEN} */
  static async listen(options: HttpFaceOptions): Promise<HttpFace> {
    const face = new HttpFace(options);
    await new Promise<void>((resolve, reject) => {
      const refuse = ({ code = "", message }: NodeJS.ErrnoException): void =>
        reject(fail("WE_SERVE_LISTEN", { port: options.port, cause: code === "" ? message : code }));
      face.#server.once("error", refuse);
      // Never another address: whoever is not on this machine has nothing to ask here.
      face.#server.listen(options.port, "127.0.0.1", () => {
        face.#server.off("error", refuse);
        resolve();
      });
    });
    return face;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // of a server that listens on a port
  }

  /** What is under way is answered with 503, then connections are closed. */
  async close(): Promise<void> {
    // Called again it waits as well: the error of a server that does not listen is none.
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#closing.abort();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), goodbyeMs);
    await closed;
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startMs = performance.now();
    const leaving = new AbortController();
    const ended = new Promise<void>((resolve) => {
      response.once("close", () => {
        if (!response.writableFinished) leaving.abort();
        resolve();
      });
    });
    const [path = ""] = (request.url ?? "").split("?");
    const key = request.headers["idempotency-key"];
    const exchange: Exchange = {
      request,
      response,
      signal: AbortSignal.any([leaving.signal, this.#closing.signal]),
      key: typeof key === "string" && key !== "" ? key : undefined,
      usage: { promptTokens: 0, completionTokens: 0 },
    };
    try {
      await this.#answer(path, exchange);
    } catch (error) {
      exchange.error = error;
      const isAgent = exchange.model?.startsWith("agent/") === true;
      const { status, body, headers } = httpErrorOf(error, mayRepeat(isAgent, exchange.key, error));
      // The rest of a body that is not wanted is read and dropped, so that its sender sees the answer.
      request.resume();
      sendJson(response, status, body, headers);
    }
    await ended;
    this.#tell(exchange, { path, startMs, hasLeft: leaving.signal.aborted });
  }

  #tell(
    { request, response, model, usage, error }: Exchange,
    {
      path,
      startMs,
      hasLeft,
    }: { readonly path: string; readonly startMs: number; readonly hasLeft: boolean },
  ): void {
    const problem = error instanceof Error ? error.message : String(error);
    this.#options.onRequest({
      method: request.method ?? "",
      path,
      model,
      status: hasLeft ? 499 : response.statusCode,
      ms: Math.round(performance.now() - startMs),
      ...usage,
      ...(error === undefined ? {} : { code: httpErrorOf(error).code, problem }),
    });
  }

  async #answer(path: string, exchange: Exchange): Promise<void> {
    const { request, response } = exchange;
    checkAccess(request, response, this.#options.access);
    const { method = "" } = request;
    const isModel = path.startsWith("/v1/models/");
    const route = isModel
      ? { method: "GET", handler: () => this.#show(exchange, path.slice("/v1/models/".length)) }
      : Object.hasOwn(this.#routes, path)
        ? this.#routes[path]
        : undefined;
    if (route === undefined) throw fail("WE_SERVE_ROUTE", { method, path: path.slice(0, 120) });
    if (method === "OPTIONS" && request.headers.origin !== undefined) {
      response.writeHead(204, preflightHeaders(request)).end();
      return;
    }
    if (method !== route.method) {
      response.setHeader("allow", route.method);
      throw fail("WE_SERVE_METHOD", { method, path, allowed: route.method });
    }
    await route.handler(exchange);
  }

  async #list({ response }: Exchange): Promise<void> {
    const data = (await this.#options.directory.list()).map((listed) => this.#entry(listed));
    sendJson(response, 200, { object: "list", data });
  }

  async #show({ response }: Exchange, written: string): Promise<void> {
    const name = decoded(written);
    const found = (await this.#options.directory.list()).find((listed) => listed.name === name);
    // Refuses it with advice.
    sendJson(response, 200, this.#entry(found ?? (await this.#options.directory.find(name, true))));
  }

  #entry({ name, ownedBy }: Listed): JsonMap {
    return { id: name, object: "model", created: this.#created, owned_by: ownedBy };
  }

  async #complete(kind: QuestionKind, exchange: Exchange): Promise<void> {
    const { directory } = this.#options;
    const body = await this.#body(exchange);
    const respondent = await directory.find(modelOf(body));
    exchange.model = respondent.name;
    const completion = readCompletion(kind, body, respondent.kind === "agent");
    const { response, signal, key } = exchange;
    const context = {
      respondent,
      response,
      signal,
      closing: this.#closing.signal,
      kept: this.#kept,
      body,
      ...(key === undefined ? {} : { key }),
    };
    const count = completion.prompts.length * completion.choices;
    exchange.usage = await this.#places.during(count, () => answerCompletion(completion, context));
  }

  async #embed(exchange: Exchange): Promise<void> {
    const body = await this.#body(exchange);
    const { model, members, isBase64 } = readEmbedding(body);
    const respondent = await this.#options.directory.find(model);
    exchange.model = respondent.name;
    const vectors = await this.#places.during(1, () => respondent.embed(members));
    exchange.usage = { promptTokens: vectors.promptTokens, completionTokens: 0 };
    sendJson(exchange.response, 200, vectorAnswer(model, vectors, isBase64));
  }

  async #body({ request }: Exchange): Promise<JsonMap> {
    const body: Json = await readJson(request, this.#options.bodyBytesMax);
    return expectMap(body);
  }
}

/** @throws {WE_SERVE_FIELD} */
function modelOf(body: JsonMap): string {
  const { model } = body;
  if (typeof model === "string") return model;
  throw fieldError("model", model, "the name of a model");
}

/** A client may write the slash of an agent's name as it is or as %2F. */
function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
