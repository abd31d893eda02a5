/** The shipped language model: small enough, and it speaks. Its bytes are pinned by assets/manifest.json. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { openTextModel } from "@wasm-engine/inference";
import type { TextModel, TextRequest } from "@wasm-engine/inference";
import { understudyFolder } from "./understudy.js";

const opened = (file: string, rowsMax: number): Promise<TextModel> =>
  openTextModel({ folder: understudyFolder, name: "understudy", file, rowsMax });

/** A scene with the speech that is asked for left open. */
const scene = "<s>ROMEO:\nWhat light is this?</s>Nurse:\nMadam!</s>JULIET:\n";
const chat: TextRequest = {
  prompt: {
    messages: [
      { role: "system", content: "You are JULIET, who waits." },
      { role: "user", content: "ROMEO: What light is this?\n\nNurse:\nMadam!" },
    ],
  },
  maxTokens: 60,
};

test("the folder has at most 8 MB", () => {
  const files = readdirSync(understudyFolder, { recursive: true, encoding: "utf8" });
  const bytes = files.reduce((sum, file) => sum + statSync(join(understudyFolder, file)).size, 0);
  assert.ok(bytes < 8_000_000, `${bytes} bytes`);
});

test("[G8] a chat is a scene, and its speeches are the same alone and together", async () => {
  const model = await opened("onnx/model.onnx", 2);
  assert.equal(model.facts.batchMode, "exact");
  assert.equal(model.facts.context, 512);
  const asked: readonly TextRequest[] = [
    { ...chat, digest: true },
    { ...chat, digest: true, temperature: 0.8, topP: 0.9, seed: 4 },
  ];
  const [greedy, sampled] = await Promise.all(asked.map((request) => model.generate(request)));
  const other = { role: "GLOUCESTER", content: "Peace." };
  const strangers = { messages: [{ role: "user", content: "Who goes?" }, other] };
  const spoken = await model.generate({ prompt: strangers, maxTokens: 1 });
  const written = "<s>First Gentleman:\nWho goes?</s>GLOUCESTER:\nPeace.</s>Second Gentleman:\n";
  assert.equal(spoken.promptTokens, model.tokenize(written).length - 1);
  assert.deepEqual(await model.generate({ ...asked[0], prompt: model.tokenize(scene).slice(1) }), greedy);
  await model.close();
  // Floating point of the provider wasm is the same everywhere, and so is what comes of it.
  assert.equal(greedy?.text, "O, she is so, I am not so, and soon.");
  assert.equal(greedy.finishReason, "stop");
  assert.notEqual(sampled?.text, greedy.text);
});

test("the 4-bit file speaks to a schema", async () => {
  const model = await opened("onnx/model_q4.onnx", 1);
  const schema = {
    type: "object",
    properties: { speaker: { enum: ["ROMEO", "JULIET"] }, line: { type: "string", maxLength: 20 } },
    required: ["speaker", "line"],
  };
  const json = await model.generate({
    ...chat,
    maxTokens: 28,
    responseFormat: { type: "json_schema", json_schema: { schema } },
  });
  await model.close();
  const { speaker, line } = JSON.parse(json.text) as Readonly<Record<string, string>>; // as the schema has it
  assert.ok(["ROMEO", "JULIET"].includes(speaker ?? "") && (line?.length ?? 99) <= 20, json.text);
});

test("the card tells the figures of the files that are there", () => {
  const card = readFileSync(join(understudyFolder, "README.md"), "utf8");
  for (const file of ["onnx/model.onnx", "onnx/model_q4.onnx"]) {
    const { size } = statSync(join(understudyFolder, file));
    assert.ok(card.includes(`| \`${file}\` | ${size.toLocaleString("en-US").replaceAll(",", " ")} |`), file);
  }
});
