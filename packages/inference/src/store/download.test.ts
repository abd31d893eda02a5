/** Downloads from a server that cuts, stalls, lies, changes its mind and refuses: whole, or a coded error. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { FileServer } from "../testing/file-server.js";
import type { Deed } from "../testing/file-server.js";
import { ModelFolder } from "../testing/sample-models.js";
import { download } from "./download.js";
import type { Download } from "./download.js";
import { proxyFor } from "./web-proxy.js";

const content = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const other = content.map((byte) => byte ^ 85);
const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const options = { environment: {}, stallMs: 20_000, pauseMs: 1 };
/** Only where a server is silent on purpose: a busy machine is silent too. */
const impatient = { ...options, stallMs: 300 };

interface Case {
  readonly folder: ModelFolder;
  readonly server: FileServer;
  readonly path: string;
  readonly fetch: (more?: Partial<Download>) => ReturnType<typeof download>;
}

async function withFile(deeds: readonly Deed[], use: (parts: Case) => Promise<void>): Promise<void> {
  await using server = await FileServer.open();
  using folder = new ModelFolder({});
  server.put("/a.onnx", content, ...deeds);
  const path = join(folder.path, "a.onnx");
  const url = new URL(`${server.url}/a.onnx`);
  const chosen = deeds.some(({ kind }) => kind === "stall") ? impatient : options;
  await use({
    folder,
    server,
    path,
    fetch: (more = {}) => download({ model: "m", url, path, ...more }, chosen),
  });
}

const promised = { bytes: content.length, sha256: digestOf(content) };

const survived: readonly {
  readonly name: string;
  readonly deeds: readonly Deed[];
  readonly ranges: readonly string[];
}[] = [
  { name: "nothing", deeds: [], ranges: ["whole"] },
  {
    name: "two cuts and a stall",
    deeds: [
      { kind: "cut", after: 70_000 },
      { kind: "stall", after: 30_000 },
      { kind: "cut", after: 1 },
    ],
    ranges: ["whole", "bytes=70000-", "bytes=100000-", "bytes=100001-"],
  },
  { name: "a stall at the beginning", deeds: [{ kind: "stall", after: 0 }], ranges: ["whole", "whole"] },
  {
    name: "a length that is too long, and one that is too short",
    deeds: [
      { kind: "length", more: 10 },
      { kind: "length", more: -10 },
    ],
    ranges: ["whole", "whole", "whole"],
  },
  {
    name: "busy, broken, then cut",
    deeds: [
      { kind: "status", status: 429, headers: { "retry-after": "0" } },
      { kind: "status", status: 503 },
      { kind: "cut", after: 5_000 },
    ],
    ranges: ["whole", "whole", "whole", "bytes=5000-"],
  },
  {
    name: "a range that is none",
    deeds: [{ kind: "cut", after: 100 }, { kind: "whole" }],
    ranges: ["whole", "bytes=100-"],
  },
  {
    name: "a range that was not asked",
    deeds: [{ kind: "cut", after: 100 }, { kind: "shifted" }],
    ranges: ["whole", "bytes=100-", "whole"],
  },
];

for (const { name, deeds, ranges } of survived) {
  for (const known of [promised, {}]) {
    // A length alone cannot be told from the truth before it is over: that case is one of promises.
    if (name.startsWith("a length") && !("bytes" in known)) continue;
    const how = "bytes" in known ? "promised" : "known by its mark";
    test(`a file arrives whole, ${how}, in spite of ${name}`, async () => {
      await withFile(deeds, async ({ server, path, fetch, folder }) => {
        const { sha256, bytes } = await fetch(known);
        assert.deepEqual([sha256, bytes], [digestOf(content), content.length]);
        assert.ok(readFileSync(path).equals(content));
        const asked = server.ranges("/a.onnx");
        if (deeds.some(({ kind }) => kind === "stall")) assert.ok(asked.length >= ranges.length);
        else assert.deepEqual(asked, ranges);
        assert.ok(!existsSync(join(folder.path, "a.onnx.part")), "no part is left");
        assert.ok(!existsSync(join(folder.path, "a.onnx.part.json")), "no note is left");
      });
    });
  }
}

test("a file that changes between attempts is fetched anew, with marks and without", async () => {
  for (const hasMarks of [true, false]) {
    await withFile(
      [
        { kind: "cut", after: 50_000 },
        { kind: "change", to: other },
      ],
      async ({ server, fetch }) => {
        server.hasMarks = hasMarks;
        assert.equal((await fetch()).sha256, digestOf(other));
      },
    );
    const later = { bytes: other.length, sha256: digestOf(other) };
    await withFile(
      [
        { kind: "cut", after: 50_000 },
        { kind: "change", to: other },
      ],
      async ({ server, fetch }) => {
        server.hasMarks = hasMarks;
        assert.equal((await fetch(later)).sha256, later.sha256, "a mixture is noticed by its digest");
      },
    );
  }
});

test("what an attempt has brought is not fetched twice by the next one", async () => {
  const cuts: readonly Deed[] = Array.from({ length: 6 }, () => ({ kind: "status", status: 503 }));
  await withFile([{ kind: "cut", after: 150_000 }, ...cuts], async ({ server, fetch }) => {
    await assert.rejects(fetch(promised), { code: "WE_MODEL_FETCH" });
    server.will("/a.onnx");
    const { resumedAt } = await fetch(promised);
    assert.equal(resumedAt, 150_000);
    assert.equal(server.ranges("/a.onnx").at(-1), "bytes=150000-");
  });
});

const refusals: readonly (readonly [string, readonly Deed[], Partial<Download>, string, RegExp])[] = [
  ["401", [{ kind: "status", status: 401 }], {}, "WE_MODEL_FETCH", /status 401.*HF_TOKEN/s],
  ["403", [{ kind: "status", status: 403 }], {}, "WE_MODEL_FETCH", /status 403.*terms/s],
  ["404", [{ kind: "status", status: 404 }], {}, "WE_MODEL_FETCH", /status 404.*revision/s],
  ["other content", [], { sha256: "0".repeat(64) }, "WE_MODEL_DIGEST_MISMATCH", /0{64}/],
  ["another git name", [], { gitDigest: "0".repeat(40) }, "WE_MODEL_DIGEST_MISMATCH", /0{40}/],
  ["another length", [], { bytes: 7 }, "WE_MODEL_FETCH", /announces 200000 bytes; the source has promised 7/],
  ["packed", [{ kind: "packed" }], {}, "WE_MODEL_FETCH", /encoding gzip/],
  ["a way out", [{ kind: "redirect", to: "http://example.invalid/x" }], {}, "WE_MODEL_FETCH", /https alone/],
  ["no way", [{ kind: "redirect", to: "http://" }], {}, "WE_MODEL_FETCH", /redirects to no address/],
  ["a circle", Array(20).fill({ kind: "redirect", to: "/a.onnx" }), {}, "WE_MODEL_FETCH", /without end/], // of deeds
];

for (const [name, deeds, more, code, pattern] of refusals) {
  test(`[G10] ${code}: ${name}`, async () => {
    await withFile(deeds, async ({ fetch, path }) => {
      const error = await fetch(more).then(
        () => assert.fail("it was accepted"),
        (cause: unknown) => cause,
      );
      assert.ok(EngineError.is(error), String(error));
      assert.equal(error.code, code);
      assert.match(`${error.message} ${error.hint ?? ""}`, pattern);
      assert.ok(!existsSync(path), "nothing is in its place");
    });
  });
}

test("[G10] a server that is not there, and one that ends while it is asked", async () => {
  using folder = new ModelFolder({});
  const path = join(folder.path, "x");
  const gone = { model: "m", url: new URL("http://127.0.0.1:1/x?key=secret"), path };
  const error = await download(gone, options).catch((cause: unknown) => cause);
  assert.ok(EngineError.is(error));
  assert.equal(error.code, "WE_MODEL_FETCH");
  assert.ok(!error.message.includes("secret"), "what a query holds is not repeated");
});

test("who asks is told to the first server alone, and an interruption keeps what has come", async () => {
  await using far = await FileServer.open();
  far.put("/b.onnx", content);
  await withFile([{ kind: "redirect", to: `${far.url}/b.onnx` }], async ({ server, fetch }) => {
    await fetch({ headers: { authorization: "Bearer secret" } });
    assert.equal(server.asked[0]?.headers.authorization, "Bearer secret");
    assert.equal(far.asked[0]?.headers.authorization, undefined);
  });
  await withFile([{ kind: "stall", after: 60_000 }], async ({ server, path, fetch }) => {
    const url = new URL(`${server.url}/a.onnx`);
    const controller = new AbortController();
    const onProgress = (bytes: number): void => {
      if (bytes >= 60_000) controller.abort();
    };
    const stopped = download(
      { model: "m", url, path },
      { ...options, stallMs: 60_000, signal: controller.signal, onProgress },
    );
    await assert.rejects(stopped, { name: "AbortError" });
    assert.equal(readFileSync(`${path}.part`).length, 60_000);
    assert.equal((await fetch()).resumedAt, 60_000);
  });
});

test("proxies of the environment: chosen, excepted, asked to connect, and refusing", async () => {
  const url = new URL("https://models.example.org/x");
  const chosen = (environment: Record<string, string>): string | undefined =>
    proxyFor(url, environment)?.host;
  assert.equal(chosen({}), undefined);
  assert.equal(chosen({ HTTPS_PROXY: "http://proxy:3128" }), "proxy:3128");
  assert.equal(chosen({ https_proxy: "proxy:3128", HTTPS_PROXY: "http://other:1" }), "proxy:3128");
  assert.equal(chosen({ ALL_PROXY: "http://all:1" }), "all:1");
  for (const list of ["*", "example.org", ".example.org", "*.example.org", "a.b,models.example.org:443"])
    assert.equal(chosen({ HTTPS_PROXY: "http://p:1", NO_PROXY: list }), undefined, list);
  for (const list of ["", "example.net", "ample.org", "models.example.org:8443"])
    assert.equal(chosen({ HTTPS_PROXY: "http://p:1", NO_PROXY: list }), "p:1", list);

  const asked: string[] = [];
  const proxy = createServer().on("connect", ({ url: target = "", headers }, socket) => {
    asked.push(`${target} ${headers["proxy-authorization"] ?? ""}`);
    socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo; // it listens on a port
  using folder = new ModelFolder({});
  const environment = { HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${port}` };
  const refused = download({ model: "m", url, path: join(folder.path, "x") }, { ...options, environment });
  await assert.rejects(refused, { code: "WE_MODEL_FETCH", message: /the proxy \S+ refuses with status 407/ });
  assert.deepEqual(asked, [`models.example.org:443 Basic ${Buffer.from("me:p@ss").toString("base64")}`]);
  // A proxy that connects sees what is sealed, and the name of the server in front of it.
  let seen = "";
  proxy.removeAllListeners("connect").on("connect", (_request, socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket
      .on("error", () => undefined)
      .once("data", (bytes: Buffer) => {
        seen = bytes.toString("latin1");
        socket.destroy();
      });
  });
  const cut = download({ model: "m", url, path: join(folder.path, "x") }, { ...options, environment });
  await assert.rejects(cut, { code: "WE_MODEL_FETCH" });
  assert.equal(seen.charCodeAt(0), 22, "a handshake");
  assert.ok(seen.includes("models.example.org"));
  proxy.close();
});
