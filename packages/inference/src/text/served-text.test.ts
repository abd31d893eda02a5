/** A folder that writes texts, as the service of a host loads and asks it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding, decodeUtf8, encodeUtf8 } from "@wasm-engine/abi";
import type { TensorRequest, TensorResponse } from "@wasm-engine/core";
import { createInferenceService } from "../service/inference-service.js";
import { decoderFolder, sampleDecoder } from "../testing/sample-decoder.js";
import { readAgentRequest } from "./agent-request.js";

const jsonRequest = (body: unknown, seed = 0): TensorRequest => {
  return { encoding: Encoding.JSON, payload: encodeUtf8(JSON.stringify(body)), seed };
};

test("[G10] a payload is a request in either spelling, or it is said why it is none", () => {
  const read = readAgentRequest(
    jsonRequest({ prompt: "x", max_tokens: 3, topP: 0.5, stop: "\n", stream: true, seed: null }, 9),
  );
  assert.deepEqual(read, {
    kind: "request",
    stream: true,
    request: { seed: 9, maxTokens: 3, topP: 0.5, stop: ["\n"], prompt: "x" },
  });
  const parts = [{ type: "text", text: "a" }, { type: "image" }, { type: "text", text: "b" }];
  const chat = readAgentRequest(jsonRequest({ messages: [{ role: "user", content: parts }], seed: 4 }, 9));
  assert.deepEqual(chat, {
    kind: "request",
    stream: false,
    request: { seed: 4, prompt: { messages: [{ role: "user", content: "ab" }] } },
  });
  const refused: readonly (readonly [TensorRequest, RegExp])[] = [
    [{ encoding: Encoding.BYTES, payload: encodeUtf8("{}") }, /a map as JSON/],
    [{ encoding: Encoding.JSON, payload: encodeUtf8("{") }, /a map as JSON/],
    [jsonRequest([]), /a map as JSON/],
    [jsonRequest({}), /messages or a prompt/],
    [jsonRequest({ prompt: "x", messages: [{ role: "user" }] }), /messages or a prompt/],
    [jsonRequest({ messages: [] }), /messages is a list of messages, each with a role/],
    [jsonRequest({ messages: [{}] }), /messages is a list of messages/],
    [jsonRequest({ prompt: "x", maxToken: 3 }), /takes no "maxToken"; did you mean "maxTokens"/],
    [jsonRequest({ prompt: "x", temperature: "0.5" }), /temperature is a number/],
    [jsonRequest({ prompt: "x", stop: [1] }), /stop is a text or a list of texts/],
    [jsonRequest({ prompt: "x", logit_bias: { 1: "a" } }), /logitBias is a map of numbers/],
  ];
  for (const [request, message] of refused) {
    const found = readAgentRequest(request);
    assert.match(found.kind === "bad" ? found.message : "", message);
  }
});

test("a folder that writes texts is loaded, asked, unloaded; nothing is heard of a cancelled text", async () => {
  using folder = decoderFolder(sampleDecoder("grouped"));
  const spec = { name: "m", dir: folder.path, providers: ["wasm"] } as const;
  const strict = createInferenceService({ strict: true });
  await assert.rejects(strict.load({ ...spec, providers: ["cuda", "wasm"] }), { code: "WE_MODEL_STRICT" });
  await assert.rejects(strict.load({ ...spec, version: "2" }), { code: "WE_MODEL_VERSION" });
  await strict.close();
  const service = createInferenceService();
  await assert.rejects(service.load({ ...spec, digest: "0".repeat(64) }), {
    code: "WE_MODEL_DIGEST_MISMATCH",
  });
  const facts = await service.load(spec);
  assert.deepEqual(facts.text, { prefillTokensPerTick: 512, tokensPerTick: 8 });
  assert.deepEqual(service.facts(), [facts]);

  const asked = jsonRequest({ prompt: "the hen", maxTokens: 20, temperature: 2, stream: true }, 5);
  const { responses } = await service.run("m", [asked, asked, jsonRequest({ prompt: "" })]);
  const [first, second, third] = responses;
  assert.deepEqual(first, second);
  assert.deepEqual(third?.ok === false ? third.code : third, "BAD_INPUT");
  const heard: unknown[] = [];
  const response = await new Promise<TensorResponse>((resolve) => {
    service.write?.("m", asked, {
      prompt: (tokens) => heard.push(tokens),
      part: (text) => heard.push(text),
      end: (answer, text) => {
        heard.push(text);
        resolve(answer);
      },
    });
  });
  assert.deepEqual(response, first);
  assert.ok(response.ok);
  const answer = JSON.parse(decodeUtf8(response.payload) ?? "") as Record<string, unknown>; // of served-text.ts
  const [tokens, ...parts] = heard;
  assert.deepEqual([tokens, parts.join(""), parts.length], [answer["promptTokens"], answer["text"], 3]);

  const cancelled: string[] = [];
  const ignore = (): void => void cancelled.push("heard");
  const writing = service.write?.("m", asked, { prompt: () => undefined, part: ignore, end: ignore });
  writing?.cancel();
  await service.run("m", [asked]);
  assert.deepEqual(cancelled, [], "nothing further is heard");

  await service.unload("m");
  assert.deepEqual(service.facts(), []);
  assert.throws(() => service.write?.("m", asked, { prompt: ignore, part: ignore, end: ignore }), {
    code: "WE_MODEL_UNKNOWN",
  });
  await service.close();
});
