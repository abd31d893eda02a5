/** The thread of the models of a server: what becomes of requests where it dies, and of texts that nobody wants. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { FakeBehaviour } from "../testing/fake-inference.js";
import { openAiClient, refusal } from "../testing/openai-client.js";
import type { Body, Completion, OpenAiClient } from "../testing/openai-client.js";
import { freshFolder } from "../testing/run-folders.js";
import { writeFake } from "../testing/text-world.js";
import { startServing } from "./serving.js";
import type { Serving } from "./serving.js";

const inferenceService = new URL("../testing/fake-inference.js", import.meta.url).href;
const folder = freshFolder("model-desk");

interface Site extends AsyncDisposable {
  readonly client: OpenAiClient;
  readonly dir: string;
}

function serve(name: string, behaviour: FakeBehaviour): Promise<Serving> {
  const dir = writeFake(join(folder, name), behaviour);
  return startServing({ models: [{ name: "m", dir, providers: ["wasm"] }], testing: { inferenceService } });
}

async function site(name: string, behaviour: FakeBehaviour, maxRetries = 0): Promise<Site> {
  const serving = await serve(name, behaviour);
  const client = await openAiClient(serving.url, { maxRetries });
  return { client, dir: join(folder, name), [Symbol.asyncDispose]: () => serving.close() };
}

const complete = async (client: OpenAiClient, body: Body = {}, signal?: AbortSignal): Promise<string> => {
  const asked = { model: "m", prompt: "once", max_tokens: 40, seed: 1, ...body };
  const options = signal === undefined ? {} : { signal };
  const { choices } = (await client.completions.create(asked, options)) as Completion; // what the interface gives
  return choices[0]?.text ?? "";
};

test("[S7.serve] a thread of models that dies is started again, and its requests are told", async () => {
  await using place = await site("dying", { diesAtPart: 2 });
  const lost = await refusal(complete(place.client));
  assert.deepEqual([lost.status, lost.code], [503, "WE_SERVE_MODELS_LOST"]);
  const text = await complete(place.client);
  assert.equal(text.length, 40);
  await using patient = await site("repeated", { diesAtPart: 2 }, 2);
  assert.equal(await complete(patient.client), text, "the client has asked again by itself");
});

test("[S7.serve] a thread that dies over every request is given up", async () => {
  const dying = { diesInBatch: 0, diesAlways: true } as const;
  const serving = await startServing({
    models: [{ name: "v", dir: writeVectors("always", dying), providers: ["wasm"] }],
    testing: { inferenceService },
  });
  try {
    const client = await openAiClient(serving.url);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const { status, code } = await refusal(client.embeddings.create({ model: "v", input: "x" }));
      assert.deepEqual([status, code], [503, "WE_SERVE_MODELS_LOST"]);
    }
  } finally {
    await serving.close();
  }
});

/** A model that writes no texts. */
function writeVectors(name: string, behaviour: FakeBehaviour): string {
  const dir = writeFake(join(folder, name), behaviour);
  writeFileSync(join(dir, "fake.json"), JSON.stringify(behaviour));
  return dir;
}

test("[S7.serve] models that cannot be loaded start no server", async () => {
  for (const [name, behaviour, code] of [
    ["refusing", { refuses: true }, "WE_MODEL_FOLDER"],
    ["early", { diesAtLoad: true }, "WE_SERVE_MODELS_LOST"],
  ] as const)
    await assert.rejects(serve(name, behaviour), (error) => EngineError.is(error) && error.code === code);
});

test("[S7.serve] a text whose client has gone ends in the thread, too", async () => {
  await using place = await site("left", { writes: { partMs: 20 } });
  const leaving = new AbortController();
  const asked = complete(place.client, { max_tokens: 1_000_000 }, leaving.signal);
  while (!existsSync(join(place.dir, "calls.txt"))) await new Promise((resolve) => setTimeout(resolve, 5));
  leaving.abort();
  await assert.rejects(asked);
  const cancelled = join(place.dir, "cancelled.txt");
  while (!existsSync(cancelled)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(readFileSync(cancelled, "utf8"), "once\n");
});
