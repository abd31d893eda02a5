/** Models of a project: added from a hub, an address and a folder; interrupted, damaged, taken up again, removed. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { readModelLock } from "@wasm-engine/core";
import { readModelFolder } from "../model/model-folder.js";
import { decoderModel } from "../testing/sample-decoder.js";
import { FileServer } from "../testing/file-server.js";
import { ModelFolder, fourBit, mlp, withWeightsApart } from "../testing/sample-models.js";
import { openModelStore } from "./model-store.js";
import type { ModelStore, ModelStoreOptions } from "./model-store.js";

interface Project {
  readonly server: FileServer;
  readonly folder: string;
  readonly store: (more?: Partial<ModelStoreOptions>) => ModelStore;
  readonly has: (path: string) => boolean;
}

const config = JSON.stringify({ model_type: "bert" });
const apart = withWeightsApart(decoderModel("plain"), "model.onnx_data");

const repository = {
  "README.md": "a model",
  "config.json": config,
  "tokenizer.json": "{}",
  "model.safetensors": "weights for others",
  "onnx/model.onnx": mlp(),
  "onnx/model_q4.onnx": fourBit(),
  "assets/picture.png": "no part of it",
};

async function withProject(use: (project: Project) => Promise<void>): Promise<void> {
  await using server = await FileServer.open();
  using folder = new ModelFolder({});
  const environment = { HF_ENDPOINT: server.url, HF_HOME: join(folder.path, "no-cache"), HF_TOKEN: "secret" };
  server.repository("org/line", repository);
  await use({
    server,
    folder: folder.path,
    store: (more = {}) =>
      openModelStore({ folder: folder.path, environment, stallMs: 20_000, pauseMs: 1, ...more }),
    has: (path) => existsSync(join(folder.path, path)),
  });
}

async function refused(work: Promise<unknown>): Promise<{ readonly code: string; readonly text: string }> {
  return await work.then(
    () => assert.fail("it was accepted"),
    (error: unknown) => {
      assert.ok(EngineError.is(error), String(error));
      return { code: error.code, text: `${error.message} ${error.hint ?? ""}` };
    },
  );
}

/** As a world reports it. */
async function digestIn(dir: string): Promise<string> {
  return (await readModelFolder({ name: "m", dir, providers: ["wasm"] })).digest;
}

test("a model of a hub is added unchanged, proved, and pinned in models.lock", async () => {
  await withProject(async ({ server, folder, store, has }) => {
    const added = await store().add("hf:org/line@main");
    assert.deepEqual(
      [added.name, added.folder, added.file, added.revision, added.wasPresent],
      ["line", "models/line", "onnx/model.onnx", "c".repeat(40), false],
    );
    assert.deepEqual(readdirSync(join(folder, "models/line")).sort(), [
      "README.md",
      "config.json",
      "onnx",
      "tokenizer.json",
    ]);
    assert.deepEqual(readdirSync(join(folder, "models/line/onnx")), ["model.onnx"]);
    assert.ok(!has("models/.adding"), "nothing else is left");
    const lock = readModelLock(readFileSync(join(folder, "models.lock"), "utf8"));
    assert.ok(typeof lock !== "string");
    assert.equal(lock.get("line")?.digest, added.digest);
    assert.equal(await digestIn(join(folder, "models/line")), added.digest, "as a world reports it");
    assert.equal(server.asked[0]?.headers.authorization, "Bearer secret");
    const before = server.asked.length;
    assert.equal((await store().add("hf:org/line@main")).wasPresent, true);
    assert.equal(server.asked.length, before, "what is there and whole is not asked for");
  });
});

test("types of numbers, files and names choose; weights beside the graph come along", async () => {
  await withProject(async ({ server, folder, store }) => {
    server.repository("org/story", {
      "config.json": config,
      "onnx/model.onnx": apart.model,
      "onnx/model.onnx_data": apart.data,
      "onnx/other.onnx": withWeightsApart(decoderModel("plain"), "odd-name.bin").model,
      "onnx/odd-name.bin": apart.data,
    });
    assert.equal(
      (await store().add("hf:org/line", { dtype: "q4", name: "small" })).file,
      "onnx/model_q4.onnx",
    );
    const story = await store().add("hf:org/story");
    assert.deepEqual(
      story.files.map(({ path }) => path),
      ["config.json", "onnx/model.onnx", "onnx/model.onnx_data"],
    );
    const odd = await store().add("hf:org/story", { file: "onnx/other.onnx", name: "odd" });
    assert.deepEqual(
      odd.files.map(({ path }) => path),
      ["config.json", "onnx/odd-name.bin", "onnx/other.onnx"],
    );
    const lock = await store().list();
    assert.deepEqual([...lock.keys()], ["odd", "small", "story"]);
    assert.ok(existsSync(join(folder, "models/small/onnx/model_q4.onnx")));
    const unknown = await refused(store().add("hf:org/line", { dtype: "fp16", name: "half" }));
    assert.deepEqual(
      [unknown.code, /--dtype fp16.*onnx\/model_q4\.onnx/s.test(unknown.text)],
      ["WE_MODEL_DTYPE", true],
    );
    const other = await refused(
      store()
        .add("hf:org/line", { name: "small" })
        .then(() => store().add("hf:org/line", { name: "small", dtype: "fp32" })),
    );
    assert.equal(other.code, "WE_MODEL_EXISTS");
  });
});

test("an interrupted add is gone on with by a later one; a folder is never half a model", async () => {
  await withProject(async ({ server, folder, store, has }) => {
    const path = `/org/line/resolve/${"c".repeat(40)}/onnx/model.onnx`;
    server.will(
      path,
      { kind: "cut", after: 300 },
      ...Array.from({ length: 9 }, () => ({ kind: "status", status: 500 }) as const),
    );
    assert.equal((await refused(store().add("hf:org/line"))).code, "WE_MODEL_FETCH");
    assert.deepEqual([has("models/line"), has("models.lock")], [false, false]);
    assert.ok(has("models/.adding/line/onnx/model.onnx.part"));
    server.will(path);
    server.asked.length = 0;
    await store().add("hf:org/line");
    const files = server.asked.map((asked) => asked.path).filter((asked) => asked.includes("/resolve/"));
    assert.deepEqual(files, [path], "what was whole is not fetched again");
    assert.deepEqual(server.ranges(path), ["bytes=300-"]);
    assert.ok(!existsSync(join(folder, "models/.adding")));
  });
});

test("a lock without its models is made whole at the revision that it names; damage is found and mended", async () => {
  await withProject(async ({ server, folder, store }) => {
    const first = await store().add("hf:org/line");
    // The branch moves on; the lock does not.
    server.repository(
      "org/line",
      { ...repository, "onnx/model.onnx": mlp({ hidden: 8 }) },
      { commit: "d".repeat(40) },
    );
    rmSync(join(folder, "models"), { recursive: true });
    assert.deepEqual(
      (await store().verify("line")).map(({ found }) => found),
      Array(4).fill("absent"),
    );
    const [again] = await store().restore();
    assert.deepEqual([again?.revision, again?.digest], ["c".repeat(40), first.digest]);
    writeFileSync(join(folder, "models/line/onnx/model.onnx"), "damaged");
    assert.deepEqual(await store().verify("line"), [{ path: "onnx/model.onnx", found: "changed" }]);
    server.asked.length = 0;
    assert.equal((await store().add("hf:org/line")).digest, first.digest);
    assert.equal(
      server.asked.filter(({ path }) => path.includes("/resolve/")).length,
      1,
      "only what is damaged",
    );
    assert.deepEqual(await store().verify("line"), []);
    const removed = await store().remove("line");
    assert.equal(removed.digest, first.digest);
    assert.ok(!existsSync(join(folder, "models")));
    assert.equal((await refused(store().remove("line"))).code, "WE_MODEL_NOT_ADDED");
    assert.equal((await store().add("hf:org/line")).revision, "d".repeat(40));
  });
});

test("files of a cache that other programs keep are taken from there, if they are what they should be", async () => {
  await withProject(async ({ server, folder, store }) => {
    const snapshot = join(folder, "cache/hub/models--org--line/snapshots", "c".repeat(40));
    mkdirSync(join(snapshot, "onnx"), { recursive: true });
    writeFileSync(join(snapshot, "onnx/model.onnx"), mlp());
    writeFileSync(join(snapshot, "config.json"), "another");
    const environment = { HF_ENDPOINT: server.url, HF_HOME: join(folder, "cache") };
    const added = await store({ environment }).add("hf:org/line");
    const fetched = server.asked
      .filter(({ path }) => path.includes("/resolve/"))
      .map(({ path }) => path.split("/").at(-1));
    assert.deepEqual(fetched.sort(), ["README.md", "config.json", "tokenizer.json"]);
    assert.ok(readFileSync(join(folder, "models/line/config.json"), "utf8") === config);
    assert.ok(added.fetchedBytes < mlp().length);
  });
});

test("a single file gets a manifest, from an address or a path; its weights are found beside it", async () => {
  await withProject(async ({ server, folder, store }) => {
    const { sha256 } =
      (await store().add("hf:org/line")).files.find(({ path }) => path.endsWith(".onnx")) ?? {};
    server.put("/files/line.onnx", mlp());
    server.put("/files/model.onnx", apart.model).put("/files/model.onnx_data", apart.data);
    const web = await store().add(`${server.url}/files/line.onnx#sha256=${sha256 ?? ""}`, { name: "web" });
    assert.deepEqual(
      web.files.map(({ path }) => path),
      ["line.onnx", "model.json"],
    );
    assert.equal(await digestIn(join(folder, "models/web")), web.digest);
    const shards = await store().add(`${server.url}/files/model.onnx`, { name: "shards" });
    assert.equal(shards.files.length, 3);
    const file = await store().add("file:models/web/line.onnx", { name: "copied" });
    assert.equal(file.digest, web.digest);
    const whole = await store().add(`file:${join(folder, "models/line")}`, { name: "whole" });
    assert.deepEqual(whole.files.map(({ path }) => path).length, 4);
    rmSync(join(folder, "models/shards"), { recursive: true });
    assert.equal((await store().restore()).filter(({ wasPresent }) => !wasPresent).length, 1);
    const wrong = `${server.url}/files/line.onnx#sha256=${"0".repeat(64)}`;
    assert.equal((await refused(store().add(wrong, { name: "wrong" }))).code, "WE_MODEL_DIGEST_MISMATCH");
    server.put("/page.onnx", "<html>sign in</html>");
    assert.equal((await refused(store().add(`${server.url}/page.onnx`))).code, "WE_MODEL_MALFORMED");
  });
});

test("[G10] two at once: one adds, the other is told; adds of other models do not disturb each other", async () => {
  await withProject(async ({ server, folder, store }) => {
    server.repository("org/other", { "config.json": config, "model.onnx": mlp() });
    const results = await Promise.allSettled([
      store().add("hf:org/line"),
      store().add("hf:org/line"),
      store().add("hf:org/other"),
    ]);
    const reasons = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as EngineError] : [],
    );
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["WE_MODEL_BUSY"],
    );
    assert.deepEqual([...(await store().list()).keys()], ["line", "other"]);
    // The mark of a process that has ended holds nobody up.
    mkdirSync(join(folder, "models/.adding"), { recursive: true });
    writeFileSync(join(folder, "models/.adding/line.lock"), "999999999\n1");
    assert.equal((await store().add("hf:org/line")).wasPresent, true);
  });
});

test("[G10] what cannot be added says why", async () => {
  await withProject(async ({ server, folder, store }) => {
    server.repository("org/tensors", { "config.json": config, "model.safetensors": "w" });
    server.repository("org/gguf", { "tiny-q4.gguf": "w" });
    server.put("/api/models/org/page/revision/main", "<html>");
    const huge = { rfilename: "model.onnx", size: 2 ** 52, lfs: { sha256: "0".repeat(64), size: 2 ** 52 } };
    server.put(
      "/api/models/org/huge/revision/main",
      JSON.stringify({ sha: "e".repeat(40), siblings: [huge] }),
    );
    const outside = { rfilename: "../../outside", size: 1 };
    server.put(
      "/api/models/org/out/revision/main",
      JSON.stringify({ sha: "e".repeat(40), siblings: [outside] }),
    );
    mkdirSync(join(folder, "models/mine"), { recursive: true });
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ["hf:org/tensors", "WE_MODEL_FORMAT", /optimum-cli export onnx --model org\/tensors models\/tensors$/],
      [
        "hf:org/gguf",
        "WE_MODEL_FORMAT",
        /python -c .* org\/gguf tiny-q4\.gguf models\/gguf-plain && optimum-cli/,
      ],
      ["hf:org/none", "WE_MODEL_FETCH", /status 404/],
      ["hf:org/page", "WE_MODEL_FETCH", /no JSON.*HF_ENDPOINT/s],
      ["hf:org/out", "WE_MODEL_FETCH", /no file/],
      ["hf:org/huge", "WE_MODEL_DISK_FULL", /no room for model\.onnx/],
      ["hf:a/b/c", "WE_MODEL_SOURCE", /ORG\/NAME/],
      ["hf:org/x@../y", "WE_MODEL_SOURCE", /revision/],
      ["ftp://x/y.onnx", "WE_MODEL_SOURCE", /neither https nor http/],
      ["http://example.org/y.onnx", "WE_MODEL_SOURCE", /https alone/],
      ["https://me:pass@example.org/y.onnx", "WE_MODEL_SOURCE", /password/],
      ["models/x", "WE_MODEL_SOURCE", /none of hf:, https: and file:/],
      ["file:nowhere", "WE_MODEL_FOLDER", /not there/],
      ["file:/", "WE_MODEL_SOURCE", /cannot be the name/],
      [`${server.url}/model.gguf`, "WE_MODEL_FORMAT", /GGUF/],
    ];
    for (const [source, code, pattern] of cases) {
      const error = await refused(store().add(source));
      assert.equal(error.code, code, `${source}: ${error.text}`);
      assert.match(error.text, pattern);
    }
    rmSync(join(folder, "models"), { recursive: true });
    writeFileSync(join(folder, "models"), "a file");
    assert.equal((await refused(store().add("hf:org/line"))).code, "WE_MODEL_UNWRITABLE");
    rmSync(join(folder, "models"));
    mkdirSync(join(folder, "models/mine"), { recursive: true });
    const mine = await refused(store().add("hf:org/line", { name: "mine" }));
    assert.deepEqual([mine.code, /models\/mine is another one/.test(mine.text)], ["WE_MODEL_EXISTS", true]);
    const http = store({ environment: { HF_ENDPOINT: "http://mirror.example.org" } });
    assert.equal((await refused(http.add("hf:org/line"))).code, "WE_MODEL_SOURCE");
    writeFileSync(join(folder, "models.lock"), '{"version":1,"models":{"a":{"source":"x","folder":"../b"}}}');
    const lock = await refused(store().list());
    assert.deepEqual([lock.code, /models\.a: folder is no path/.test(lock.text)], ["WE_MODEL_LOCK", true]);
  });
});
