/**
 * One HTTP request with a JSON body, and what came of it in words that hold on every machine: no host name, no text of
 * the operating system. Follows no redirect and uses no proxy: what it sends goes where the configuration says.
 */

import { Agent as PlainAgent, request as plainRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { responseBytesMax } from "../limits.js";

/** A connection that could not be made or was lost. Trying again may help. */
export interface Broken {
  readonly kind: "broken";
  /** What the server does or does not do, as the end of a sentence. */
  readonly cause: string;
}

export interface HttpResponse {
  readonly kind: "response";
  readonly status: number;
  readonly contentType: string;
  /** As the server wrote it. */
  readonly retryAfter: string | undefined;
  readonly message: IncomingMessage;
}

/** Connections to one server, kept while the adapter lives. */
export interface Connections {
  post(path: string, body: string, options: PostOptions): Promise<HttpResponse | Broken>;
  close(): void;
}

export interface PostOptions {
  readonly key: string | undefined;
  /** Aborted: the promise is rejected with its reason. */
  readonly signal: AbortSignal;
}

/** `url`: http or https, without a final slash. */
export function openConnections(url: string, atOnce: number): Connections {
  const isSecure = url.startsWith("https:");
  const settings = { keepAlive: true, maxSockets: atOnce };
  const agent = isSecure ? new SecureAgent(settings) : new PlainAgent(settings);
  return {
    post: (path, body, options) => post(`${url}${path}`, body, { ...options, isSecure, agent }),
    close: () => agent.destroy(),
  };
}

function post(
  address: string,
  body: string,
  { key, signal, isSecure, agent }: PostOptions & { isSecure: boolean; agent: PlainAgent | SecureAgent },
): Promise<HttpResponse | Broken> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      accept: "application/json, text/event-stream",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    };
    const send = isSecure ? secureRequest : plainRequest;
    const sent = send(address, { method: "POST", headers, agent, signal }, (message) => {
      const { statusCode: status = 0, headers: got } = message;
      const contentType = got["content-type"] ?? "";
      resolve({ kind: "response", status, contentType, retryAfter: got["retry-after"], message });
    });
    sent.on("error", (error) => {
      if (signal.aborted) reject(reasonOf(signal));
      else resolve({ kind: "broken", cause: causeOf(error) });
    });
    sent.end(body);
  });
}

/** Whatever a signal was aborted with is thrown on; most often it is an error. */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException("aborted", "AbortError");
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections",
  ENOTFOUND: "has an address that is not known",
  EAI_AGAIN: "has an address that is not known",
  ETIMEDOUT: "cannot be reached",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
};

function causeOf(error: Error): string {
  // Of several addresses all were tried: the first tells what the others tell.
  const errors: readonly Error[] =
    error instanceof AggregateError ? (error.errors as readonly Error[]) : [error];
  const { code = "" } = (errors[0] ?? error) as NodeJS.ErrnoException; // errors of node:net have a code
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) return "has a certificate that is not accepted";
  return causes[code] ?? "closed the connection";
}

/** The pieces of a body as they come. Rejects with the signal's reason; a lost connection ends it with {@link Lost}. */
export async function* piecesOf(message: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of message) yield piece as Uint8Array; // no encoding is set
  } catch {
    if (signal.aborted) throw reasonOf(signal);
    throw new Lost();
  }
}

/** The connection ended before the body did. */
export class Lost extends Error {
  override readonly name = "Lost";
}

/** The whole body; undefined where it is longer than any response may be. */
export async function readBody(message: IncomingMessage, signal: AbortSignal): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of piecesOf(message, signal)) {
    bytes += piece.length;
    if (bytes > responseBytesMax) {
      message.destroy();
      return undefined;
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
