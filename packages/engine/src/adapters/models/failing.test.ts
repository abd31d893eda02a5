import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8 } from "@wasm-engine/abi";
import { adapterRequest, adapterSurroundings, ask } from "../../testing/adapter-request.js";
import type { Adapter, FailingSetup } from "../contract.js";
import { createAdapter } from "./failing.js";

function failing(how: FailingSetup["how"]): Promise<Adapter> {
  const code = "BROKEN";
  const message = "on purpose";
  const head = { serves: "inference", name: "writer", timeoutMs: 1, secrets: {} } as const;
  return createAdapter({ ...head, kind: "failing", how, code, message }, adapterSurroundings("/nowhere"));
}

const request = adapterRequest({ messages: [{ role: "user", content: "hello" }] });

test("refuse answers its code, garble bytes that are no JSON", async () => {
  const { value } = await ask(await failing("refuse"), request);
  assert.deepEqual(value, { code: "BROKEN", message: "on purpose", retryable: false });
  const call = { signal: new AbortController().signal, part: () => undefined };
  const garbled = await (await failing("garble")).answer(request, call);
  assert.ok(garbled.ok);
  assert.throws(() => JSON.parse(decodeUtf8(garbled.payload) ?? "{}") as unknown);
});

test("hang answers nothing until the caller gives up", async () => {
  const adapter = await failing("hang");
  const leaving = new AbortController();
  const asked = ask(adapter, request, leaving.signal);
  const early = await Promise.race([asked, new Promise((resolve) => setImmediate(resolve, "nothing"))]);
  assert.equal(early, "nothing");
  leaving.abort();
  await assert.rejects(asked);
  await assert.rejects(ask(adapter, request, leaving.signal));
});

test("flaky fails about every second request, and each one always the same way", async () => {
  const adapter = await failing("flaky");
  const outcomes = async (): Promise<boolean[]> => {
    const heard = Array.from({ length: 20 }, (_item, seed) => ask(adapter, { ...request, seed }));
    return (await Promise.all(heard)).map(({ answer }) => answer.ok);
  };
  const first = await outcomes();
  assert.equal(first.filter((isOk) => isOk).length, 10);
  assert.deepEqual(await outcomes(), first);
  const { value } = await ask(adapter, { ...request, seed: 2 });
  assert.deepEqual(value, {
    text: "hello",
    finishReason: "stop",
    promptTokens: null,
    completionTokens: null,
  });
  const tool = adapterRequest({ a: 1 }, { kind: "tool", seed: 2 });
  assert.deepEqual((await ask(adapter, tool)).value, { a: 1 });
});
