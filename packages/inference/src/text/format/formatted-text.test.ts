import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding, encodeUtf8 } from "@wasm-engine/abi";
import type { TensorRequest } from "@wasm-engine/core";
import { webRuntime } from "../../runtime/web-runtime.js";
import { decoderFolder, sampleDecoder } from "../../testing/sample-decoder.js";
import { schemaFaults } from "../../testing/schema-check.js";
import { ServedText } from "../served-text.js";
import { openTextModel } from "../text-model.js";
import type { TextRequest } from "../text-model.js";
import type { ResponseFormat } from "./response-format.js";

const schema = {
  type: "object",
  properties: {
    verdict: { enum: ["the hen", "the fox"] },
    score: { type: "integer", minimum: 0, maximum: 10 },
    notes: { type: "array", items: { type: "string", maxLength: 6 }, maxItems: 2 },
  },
  required: ["verdict", "score"],
  additionalProperties: false,
};
const responseFormat: ResponseFormat = { type: "json_schema", json_schema: { name: "verdict", schema } };

test("[G8] answers fit their schema whatever the model, the same alone and together", async () => {
  using folder = decoderFolder(sampleDecoder("grouped"));
  const model = await openTextModel({ folder: folder.path, name: "sample", rowsMax: 4 });
  const asked = [0, 1, 2, 3].map((seed): TextRequest => {
    const sampled = seed === 0 ? {} : { temperature: 1 + seed, topP: 0.95, repetitionPenalty: 1.2 };
    return { prompt: `the hen ${seed}`, maxTokens: 34 + 6 * seed, responseFormat, seed, ...sampled };
  });
  const pieces: string[] = [];
  const first = await model.generate({ prompt: "", ...asked[1], onText: (piece) => pieces.push(piece) });
  assert.equal(pieces.join(""), first.text);
  const alone = [];
  for (const request of asked) alone.push(await model.generate(request));
  const together = await Promise.all(asked.map((request) => model.generate(request)));
  assert.deepEqual(together, alone);
  for (const { text, finishReason } of alone) {
    assert.deepEqual(schemaFaults(schema, JSON.parse(text)), [], text);
    assert.equal(finishReason, "stop");
  }
  assert.ok(new Set(alone.map(({ text }) => text)).size > 2, "different answers");
  const any = await model.generate({
    prompt: "the",
    maxTokens: 16,
    responseFormat: "json",
    temperature: 3,
    seed: 8,
  });
  assert.equal(typeof JSON.parse(any.text), "object");

  await assert.rejects(model.generate({ prompt: "a", maxTokens: 9, responseFormat }), {
    code: "WE_TEXT_FORMAT_LIMIT",
    message: /takes 2\d tokens; maxTokens allows 9/,
  });
  await assert.rejects(model.generate({ prompt: "a", stop: ["}"], responseFormat }), {
    code: "WE_TEXT_PARAMETER",
    message: /empty where responseFormat is given/,
  });
  const patterned = {
    type: "json_schema",
    json_schema: { schema: { type: "string", pattern: "a" } },
  } as const;
  await assert.rejects(model.generate({ prompt: "a", responseFormat: patterned }), {
    code: "WE_TEXT_FORMAT",
  });
  await model.close();
});

test("agents ask for a format in the words of servers, and are told what is wrong with one", async () => {
  using folder = decoderFolder(sampleDecoder("grouped"));
  const spec = { name: "sample", dir: folder.path, providers: ["wasm"], latencyTicks: 1 } as const;
  const served = await ServedText.open(webRuntime, spec, {
    strict: false,
    answerBytesMax: 65_536,
    partTokens: 8,
  });
  assert.ok(served !== undefined);
  const asking = (response_format: unknown, max_tokens = 60): TensorRequest => ({
    encoding: Encoding.JSON,
    payload: encodeUtf8(JSON.stringify({ prompt: "the hen", max_tokens, response_format })),
    seed: 3,
  });
  const answers = await served.run([
    asking(responseFormat),
    asking({ type: "json_schema", json_schema: { schema: { type: "string", pattern: "^a" } } }),
    asking(responseFormat, 3),
    asking(7),
  ]);
  await served.close();
  const [good, ...bad] = answers;
  assert.ok(good?.ok === true);
  const { text } = JSON.parse(Buffer.from(good.payload).toString("utf8")) as { text: string }; // ours
  assert.deepEqual(schemaFaults(schema, JSON.parse(text)), []);
  const told = bad.map((answer) => (answer.ok ? "" : `${answer.code} ${answer.message}`));
  assert.match(told[0] ?? "", /^BAD_INPUT .*"pattern" is not supported/);
  assert.match(told[1] ?? "", /^BAD_INPUT .*maxTokens allows 3/);
  assert.match(told[2] ?? "", /^BAD_INPUT responseFormat is a map, or "json"/);
});
