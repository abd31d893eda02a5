/**
 * One GET over http or https: redirects, proxies of the environment, and an end to silence. Other machines are asked
 * over https alone, and what proves who asks goes to nobody but the server it was meant for.
 */

import { request as plainRequest } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { connect as secureConnect } from "node:tls";
import { fetchRedirectsMax, fetchTextBytesMax } from "../limits.js";
import { proxyFor } from "./web-proxy.js";
import type { Environment } from "./web-proxy.js";

/** Bytes that have come and are not yet taken, beyond which a server is made to wait. */
const heldBytesMax = 4 * 1024 * 1024;

export interface WebOptions {
  readonly environment: Environment;
  /** Silence after which a request is given up. */
  readonly stallMs: number;
  readonly signal?: AbortSignal;
}

/** A request that went wrong in a way that another attempt may mend. */
export class WebProblem extends Error {
  /** Another attempt may succeed. */
  readonly isPassing: boolean;

  constructor(reason: string, isPassing: boolean) {
    super(reason);
    this.isPassing = isPassing;
  }
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Where the last redirect led. */
  readonly url: URL;
  /** Bytes of the body in order. Throws {@link WebProblem} where they end too early. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the request whatever is left of its body. */
  close(): void;
}

/** True for machines that are this one. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** Why an address is not asked; undefined: it is. */
export function addressProblem(url: URL): string | undefined {
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url))) return undefined;
  return url.protocol === "http:"
    ? `${url.host} is another machine, which is asked over https alone`
    : `${url.protocol} is neither https nor http`;
}

/** Follows redirects. `headers` with authorization go to the first origin only. Throws {@link WebProblem}. */
export async function get(
  first: URL,
  headers: Readonly<Record<string, string>>,
  options: WebOptions,
): Promise<WebAnswer> {
  let url = first;
  for (let redirects = 0; ; redirects += 1) {
    const problem = addressProblem(url);
    if (problem !== undefined) throw new WebProblem(problem, false);
    const { authorization, ...others } = headers;
    const own = url.origin === first.origin && authorization !== undefined;
    const answer = await getOnce(url, own ? { ...others, authorization } : others, options);
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.close();
    if (redirects >= fetchRedirectsMax) throw new WebProblem("it redirects without end", false);
    if (!URL.canParse(location, url.href)) throw new WebProblem("it redirects to no address", false);
    const next = new URL(location, url.href);
    if (isLoopback(next) && !isLoopback(first))
      throw new WebProblem("another machine redirects to this one", false);
    url = next;
  }
}

/** The body of a small answer as text. Throws {@link WebProblem}. */
export async function bodyText({ body }: WebAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > fetchTextBytesMax) throw new WebProblem("its answer is too long", false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function getOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: WebOptions,
): Promise<WebAnswer> {
  const { environment, stallMs, signal } = options;
  const proxy = isLoopback(url) ? undefined : proxyFor(url, environment);
  const isSecure = url.protocol === "https:";
  const parameters: RequestOptions = {
    agent: false,
    timeout: stallMs,
    headers: { host: url.host, "user-agent": "wasm-engine", "accept-encoding": "identity", ...headers },
    ...(signal === undefined ? {} : { signal }),
  };
  if (proxy !== undefined) {
    const socket = await tunnel(proxy, url, options);
    // An agent would make a connection of its own.
    delete parameters.agent;
    parameters.createConnection = () => secureConnect({ socket, servername: url.hostname });
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (isSecure ? secureRequest : plainRequest)(url, parameters, resolve);
    request.on("timeout", () => request.destroy(new WebProblem(silence(stallMs), true)));
    request.on("error", (cause) => {
      reject(problemOf(cause, signal));
    });
    request.end();
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    url,
    body: bodyOf(response, options),
    close: () => response.destroy(),
  };
}

/**
 * Chunks as they come, heard from now on, and then what ends them. Iterating over the stream would drop what it
 * holds when a connection breaks, and with it what a later attempt need not fetch again.
 */
function bodyOf(response: IncomingMessage, { stallMs, signal }: WebOptions): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let held = 0;
  let end: { readonly problem?: unknown } | undefined;
  let wake = (): void => undefined;
  const ended = (problem?: unknown): void => {
    end ??= problem === undefined ? {} : { problem };
    wake();
  };
  response.on("data", (chunk: Uint8Array) => {
    queue.push(chunk);
    held += chunk.length;
    if (held > heldBytesMax) response.pause();
    wake();
  });
  response.on("end", ended);
  response.on("error", ended);
  response.on("close", () => {
    ended(new WebProblem("the connection was cut", true));
  });
  response.setTimeout(stallMs, () => response.destroy(new WebProblem(silence(stallMs), true)));
  return (async function* () {
    for (;;) {
      for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
        held -= chunk.length;
        yield chunk;
      }
      if (response.isPaused()) response.resume();
      if (end?.problem !== undefined) throw problemOf(end.problem, signal);
      if (end !== undefined) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  })();
}

/** A connection through a proxy, for https alone: whatever passes is sealed. */
async function tunnel(proxy: URL, url: URL, { stallMs, signal }: WebOptions): Promise<Socket> {
  const target = `${url.hostname}:${url.port === "" ? "443" : url.port}`;
  const { username, password } = proxy;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization =
    username === "" ? {} : { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
  return await new Promise<Socket>((resolve, reject) => {
    const send = proxy.protocol === "https:" ? secureRequest : plainRequest;
    const request = send({
      host: proxy.hostname.replace(/^\[|\]$/g, ""),
      port: proxy.port === "" ? (proxy.protocol === "https:" ? 443 : 80) : Number(proxy.port),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...authorization },
      agent: false,
      timeout: stallMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const failed = (reason: string, isPassing: boolean): void => {
      reject(new WebProblem(`the proxy ${proxy.host} ${reason}`, isPassing));
    };
    request.on("connect", (response, socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      failed(`refuses with status ${response.statusCode ?? 0}`, (response.statusCode ?? 0) >= 500);
    });
    request.on("response", (response) => {
      response.destroy();
      failed(`answers with status ${response.statusCode ?? 0} instead of connecting`, false);
    });
    request.on("timeout", () => request.destroy(new WebProblem(silence(stallMs), true)));
    request.on("error", (cause) => {
      failed(`cannot be used (${cause.message})`, true);
    });
    request.end();
  });
}

const silence = (stallMs: number): string => `nothing came for ${stallMs / 1000} s`;

function problemOf(cause: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return signal.reason as Error; // an abort without a reason has one of these
  if (cause instanceof WebProblem) return cause;
  const { code, message } = cause as NodeJS.ErrnoException; // what streams and sockets throw
  const certificate = /CERT|SELF_SIGNED|ALTNAME/.test(code ?? "");
  return new WebProblem(message === "aborted" ? "the connection was cut" : message, !certificate);
}
