import assert from "node:assert/strict";
import { test } from "node:test";
import { decoderFolder, sampleDecoder } from "../../testing/sample-decoder.js";
import { schemaFaults } from "../../testing/schema-check.js";
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
  const asked = [0, 1, 2, 3, 4, 5].map((seed): TextRequest => {
    const sampled = seed === 0 ? {} : { temperature: 1 + seed, topP: 0.95, repetitionPenalty: 1.2 };
    return { prompt: `the hen ${seed}`, maxTokens: 40 + 10 * seed, responseFormat, seed, ...sampled };
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
  assert.ok(new Set(alone.map(({ text }) => text)).size > 3, "different answers");
  const any = await model.generate({
    prompt: "the",
    maxTokens: 30,
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
