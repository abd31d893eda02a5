import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import { EngineError } from "@wasm-engine/abi";
import { Engine } from "../../client/engine.js";
import { bundleRun } from "../../client/run-place.js";
import { answeredRequests } from "../../replay/answered-requests.js";
import type { AnsweredRequest } from "../../replay/answered-requests.js";
import { openRecordedRun } from "../../replay/track.js";
import { adapterRequest, adapterSurroundings, ask } from "../../testing/adapter-request.js";
import { fakeTesting, modelWorld } from "../../testing/model-world.js";
import { freshFolder } from "../../testing/run-folders.js";
import type { Adapter, AdapterRequest, RecordedSetup } from "../contract.js";
import { requestSeed } from "../request-seed.js";
import { createAdapter } from "./recorded.js";

const folder = freshFolder("recorded-model");

async function recordedRun(): Promise<string> {
  await using world = await Engine.open(await modelWorld({ directory: folder }), { testing: fakeTesting });
  const { dir, inferences } = await world.run();
  assert.equal(inferences, 20);
  return dir;
}

function opened(path: string): Promise<Adapter> {
  const setup: RecordedSetup = {
    kind: "recorded",
    serves: "inference",
    name: "m",
    path,
    timeoutMs: 1,
    secrets: {},
  };
  return createAdapter(setup, adapterSurroundings(folder));
}

const seed = 2001;

/** The request as a world with the same seed would hand it to an adapter. */
function again({ agentId, request }: AnsweredRequest): AdapterRequest {
  const { name, tick, encoding, payload, requestId } = request;
  const more = { agentId, name, tick, encoding, payload };
  return adapterRequest(null, { ...more, seed: requestSeed(seed, agentId, requestId) });
}

test("a run and its bundle answer what was asked in it, and nothing else", async () => {
  const dir = await recordedRun();
  const answered = [...answeredRequests(openRecordedRun(dir))];
  assert.equal(answered.length, 20);
  const bundle = join(folder, "run.webundle");
  await bundleRun(dir, { out: bundle });
  for (const path of [dir, bundle]) {
    const adapter = await opened(path);
    for (const one of answered) {
      const { answer } = await ask(adapter, again(one));
      assert.ok(answer.ok && one.result.ok);
      assert.deepEqual(Buffer.from(answer.payload), Buffer.from(one.result.payload));
      const elsewhere = { ...again(one), agentId: "stranger" as AgentId, seed: 1, tick: 9 }; // an id of the right form
      assert.deepEqual((await ask(adapter, elsewhere)).answer, answer, "the same words of another agent");
    }
    const { value } = await ask(adapter, adapterRequest({ never: "asked" }, { name: "m" }));
    assert.deepEqual(value, {
      code: "FAILED",
      message: 'the recorded run has no answer of "m" to this request: not recorded',
      retryable: false,
    });
  }
});

test("[G10] what is no whole run stops the world with the cause", async () => {
  const path = join(folder, "no.webundle");
  writeFileSync(path, "not a bundle");
  for (const place of [path, join(folder, "model")]) {
    await assert.rejects(
      async () => opened(place),
      (error) => EngineError.is(error) && error.code === "WE_RECORDING_READ" && error.message.includes(place),
    );
  }
});
