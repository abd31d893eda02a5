/** The HTTP side of the server against strange, slow and hostile clients. The test itself answers. */

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { freshFolder } from "../testing/run-folders.js";
import { openAiClient, chat, refusal } from "../testing/openai-client.js";
import { readToken } from "./access.js";
import type { Answer, Directory, Question, Respondent } from "./contract.js";
import { fail } from "./errors.js";
import { HttpFace } from "./http-face.js";
import type { HttpFaceOptions, ServedRequest } from "./http-face.js";

const answer: Answer = { text: "hello", finishReason: "stop", promptTokens: 1, completionTokens: 1 };
const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] });

interface Site {
  readonly face: HttpFace;
  readonly served: ServedRequest[];
  readonly url: string;
}

async function site(
  context: TestContext,
  write: (question: Question) => Promise<Answer> = () => Promise.resolve(answer),
  options: Partial<HttpFaceOptions> = {},
): Promise<Site> {
  const respondent: Respondent = {
    name: "m",
    ownedBy: "test",
    kind: "model",
    write,
    embed: () => Promise.reject(fail("WE_SERVE_MODELS_LOST", { cause: "a test" })),
  };
  const directory: Directory = {
    list: () => Promise.resolve([respondent]),
    find: () => Promise.resolve(respondent),
  };
  const served: ServedRequest[] = [];
  const face = await HttpFace.listen({
    port: 0,
    access: { origins: [] },
    directory,
    bodyBytesMax: 100_000,
    textsUnderWayMax: 2,
    onRequest: (request) => served.push(request),
    ...options,
  });
  context.after(() => face.close());
  return { face, served, url: `http://127.0.0.1:${face.port}/v1` };
}

interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly code: string;
}

/** One request with whatever headers; fetch would not send some of them. */
function ask(
  { face }: Site,
  {
    method = "POST",
    path = "/v1/chat/completions",
    headers = {},
    payload = body,
  }: {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly payload?: string | Uint8Array;
  } = {},
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        port: face.port,
        host: "127.0.0.1",
        method,
        path,
        headers: { "content-type": "application/json", ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        response.on("end", () => {
          const told = (text === "" ? {} : JSON.parse(text)) as { error?: { code?: string } }; // of the server
          const code = told.error?.code ?? "";
          resolve({ status: response.statusCode ?? 0, headers: response.headers, code });
        });
      },
    );
    request.once("error", reject);
    request.end(method === "POST" ? payload : undefined);
  });
}

/** What comes back over a connection that writes these bytes, until it is closed. */
function raw({ face }: Site, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(face.port, "127.0.0.1");
    let told = "";
    socket.setEncoding("utf8").on("data", (piece: string) => (told += piece));
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(told));
    socket.write(text);
  });
}

test("[S7.serve] only names of this machine are answered, and pages of named sites", async (context) => {
  const closed = await site(context);
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost:1:2", "0.0.0.0"]) {
    const { status, code } = await ask(closed, { headers: { host } });
    assert.deepEqual([status, code], [403, "WE_SERVE_HOST"], host);
  }
  assert.equal((await ask(closed, { headers: { host: "LOCALHOST:80" } })).status, 200);
  assert.match(await raw(closed, "GET /v1/models HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 403 /, "without a name");
  const origin = "https://page.example";
  const refused = await ask(closed, { headers: { origin } });
  assert.deepEqual([refused.status, refused.code], [403, "WE_SERVE_ORIGIN"]);
  assert.equal(refused.headers["access-control-allow-origin"], undefined);
  const open = await site(context, undefined, { access: { origins: [origin], token: "t".repeat(16) } });
  const before = await ask(open, { method: "OPTIONS", headers: { origin } });
  assert.deepEqual([before.status, before.headers["access-control-allow-origin"]], [204, origin]);
  const authorization = `Bearer ${"t".repeat(16)}`;
  const welcome = await ask(open, { headers: { origin, authorization } });
  assert.deepEqual([welcome.status, welcome.headers["access-control-allow-origin"]], [200, origin]);
  assert.equal((await ask(open, { headers: { origin: "null", authorization } })).status, 403);
});

test("[S7.serve] a token keeps everybody else out", async (context) => {
  const token = "correct-horse-battery";
  const place = await site(context, undefined, { access: { origins: [], token } });
  for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: token }]) {
    const { status, code, headers: told } = await ask(place, { headers });
    assert.deepEqual([status, code, told["www-authenticate"]], [401, "WE_SERVE_UNAUTHORIZED", "Bearer"]);
  }
  const client = await openAiClient(place.url, { token });
  assert.equal((await chat(client, JSON.parse(body) as Record<string, unknown>)).choices.length, 1); // as above
  const folder = freshFolder("token");
  const file = join(folder, "token");
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  assert.equal(readToken(file), token);
  const broken: (readonly [string, number])[] = [
    ["short", 0o600],
    ["with some spaces in it", 0o600],
    ...(process.platform === "win32" ? [] : [[token, 0o644] as const]),
  ];
  for (const [text, mode] of broken) {
    writeFileSync(file, text);
    chmodSync(file, mode);
    assert.throws(
      () => readToken(file),
      (error) => EngineError.is(error) && error.code === "WE_SERVE_TOKEN_FILE",
    );
  }
  assert.throws(
    () => readToken(join(folder, "none")),
    (error) => EngineError.is(error) && error.code === "WE_SERVE_TOKEN_FILE",
  );
});

test("[S7.serve] paths, methods, types and bodies that are none", async (context) => {
  const place = await site(context);
  const expectations: readonly (readonly [Parameters<typeof ask>[1], number, string])[] = [
    [{ path: "/v1/nothing" }, 404, "WE_SERVE_ROUTE"],
    [{ path: "/v1/chat/completions/../../etc" }, 404, "WE_SERVE_ROUTE"],
    [{ path: "/constructor" }, 404, "WE_SERVE_ROUTE"],
    [{ method: "GET" }, 405, "WE_SERVE_METHOD"],
    [{ method: "DELETE", path: "/v1/models" }, 405, "WE_SERVE_METHOD"],
    [{ headers: { "content-type": "text/plain" } }, 415, "WE_SERVE_CONTENT_TYPE"],
    [{ headers: { "content-encoding": "gzip" } }, 415, "WE_SERVE_CONTENT_TYPE"],
    [{ payload: "" }, 400, "WE_SERVE_NOT_JSON"],
    [{ payload: "{" }, 400, "WE_SERVE_NOT_JSON"],
    [{ payload: "[1]" }, 400, "WE_SERVE_NOT_JSON"],
    [{ payload: "null" }, 400, "WE_SERVE_NOT_JSON"],
    [{ payload: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]) }, 400, "WE_SERVE_NOT_JSON"],
    [{ payload: "[".repeat(40_000) + "]".repeat(40_000) }, 400, "WE_SERVE_NOT_JSON"],
    [{ payload: `{"model":"m","messages":${"[".repeat(300)}${"]".repeat(300)}}` }, 400, "WE_SERVE_NOT_JSON"],
    [{ payload: `{"__proto__":{"model":"m"}}` }, 400, "WE_SERVE_FIELD"],
    [{ payload: " ".repeat(100_001) }, 413, "WE_SERVE_BODY_SIZE"],
    [{ path: "/v1/embeddings", payload: `{"model":"m","input":"x"}` }, 503, "WE_SERVE_MODELS_LOST"],
    [{ path: "/v1/embeddings", payload: `{"model":"m","input":{}}` }, 400, "WE_SERVE_FIELD"],
    [{ path: "/v1/embeddings", payload: `{"input":"x"}` }, 400, "WE_SERVE_FIELD"],
    [{ path: "/v1/completions", payload: `{"model":"m","prompt":[["a"]]}` }, 400, "WE_SERVE_FIELD"],
  ];
  for (const [request, status, code] of expectations) {
    const told = await ask(place, request);
    assert.deepEqual([told.status, told.code], [status, code], JSON.stringify(request).slice(0, 200));
  }
  const chunked = `${"186A1\r\n"}${" ".repeat(100_001)}\r\n0\r\n\r\n`;
  const head = "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
  const told = await raw(
    place,
    `POST /v1/completions HTTP/1.1\r\n${head}Connection: close\r\n\r\n${chunked}`,
  );
  assert.match(told, /^HTTP\/1\.1 413 /, "a size that nobody stated is counted");
  assert.equal((await ask(place)).status, 200, "it goes on");
});

test("[S7.serve] clients that are slow, large or strange are let go of", async (context) => {
  const place = await site(context);
  const hasty = await site(context, undefined, { headersMs: 100, requestMs: 200 });
  const slowHead = raw(hasty, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
  const slowBody = raw(
    hasty,
    "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
  );
  const large = raw(
    place,
    `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Large: ${"x".repeat(20_000)}\r\n\r\n`,
  );
  const strange = raw(place, "\u0016\u0003\u0001 this is no HTTP\r\n\r\n");
  const [first, second, third, fourth] = await Promise.all([slowHead, slowBody, large, strange]);
  assert.match(first, /^HTTP\/1\.1 408 /);
  assert.match(second, /^(HTTP\/1\.1 40[08] |$)/);
  assert.match(third, /^HTTP\/1\.1 431 /);
  assert.match(fourth, /^HTTP\/1\.1 400 /);
  assert.equal((await ask(place)).status, 200, "it goes on");
});

test("[S7.serve] more texts than there are places are refused at once, and clients may come again", async (context) => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let begun = 0;
  const place = await site(context, async () => {
    begun += 1;
    await held;
    return answer;
  });
  const waiting = [ask(place), ask(place)];
  while (begun < 2) await new Promise((resolve) => setImmediate(resolve));
  const { status, code, headers } = await ask(place);
  assert.deepEqual([status, code], [429, "WE_SERVE_TOO_MANY"]);
  assert.deepEqual([headers["retry-after"], headers["x-should-retry"]], ["1", "true"]);
  release();
  assert.deepEqual(
    (await Promise.all(waiting)).map((told) => told.status),
    [200, 200],
  );
  assert.equal((await ask(place)).status, 200);
});

test("[S7.serve] a reader who leaves or never reads ends what was asked for it", async (context) => {
  let aborted = 0;
  const place = await site(context, async ({ hear, signal }) => {
    const gone = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    while (!signal.aborted) {
      hear?.("word ".repeat(10_000));
      await Promise.race([gone, new Promise((resolve) => setImmediate(resolve))]);
    }
    aborted += 1;
    throw fail("WE_SERVE_CLOSING");
  });
  const streaming = JSON.stringify({ ...(JSON.parse(body) as object), stream: true }); // as above
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  const socket = connect(place.face.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.pause();
  socket.write(`${head}Content-Length: ${streaming.length}\r\n\r\n${streaming}`);
  while (aborted < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
  const leaving = connect(place.face.port, "127.0.0.1");
  leaving.on("error", () => undefined);
  leaving.write(`${head}Content-Length: ${streaming.length}\r\n\r\n${streaming}`);
  leaving.once("data", () => leaving.destroy());
  while (aborted < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  while (place.served.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(
    place.served.map(({ status }) => status),
    [499, 499],
  );
});

test("[S7.serve] what goes wrong within a stream is told in it, and failures have a status", async (context) => {
  let hasBegun = false;
  const place = await site(context, ({ hear }) => {
    if (hear !== undefined && hasBegun) hear("a word");
    return Promise.reject(fail("WE_SERVE_FAILED", { model: "m", reason: "as the test wants" }));
  });
  const client = await openAiClient(place.url);
  const request = JSON.parse(body) as Record<string, unknown>; // as above
  const whole = await refusal(chat(client, request));
  assert.deepEqual([whole.status, whole.code, whole.type], [500, "WE_SERVE_FAILED", "server_error"]);
  hasBegun = true;
  const words: unknown[] = [];
  const broken = await refusal(
    (async () => {
      const stream = await client.chat.completions.create({ ...request, stream: true });
      for await (const chunk of stream as AsyncIterable<unknown>) words.push(chunk); // what the interface gives
    })(),
  );
  assert.equal(words.length, 2, "its beginning and a word");
  assert.match(broken.message, /as the test wants/);
});

test("[S7.serve] a port that is taken, and a server that closes with requests under way", async (context) => {
  let begun = 0;
  const place = await site(context, ({ signal }) => {
    begun += 1;
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(fail("WE_SERVE_CLOSING")));
    });
  });
  const other = site(context, undefined, { port: place.face.port });
  await assert.rejects(other, (error) => EngineError.is(error) && error.code === "WE_SERVE_LISTEN");
  const waiting = ask(place);
  while (begun < 1) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([place.face.close(), place.face.close()]);
  const { status, code } = await waiting;
  assert.deepEqual([status, code], [503, "WE_SERVE_CLOSING"]);
});
