/** A real model that writes texts, in a world: when parts and answers enter, what is refused, and replay without it. */

import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { isLocalModel } from "../adapters/adapter-report.js";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { freshFolder } from "../testing/run-folders.js";
import { agentHandle, enteredIn, textWorld, writeDecoder } from "../testing/text-world.js";
import type { TextRecord } from "../testing/text-world.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("texts");
const model = join(folder, "model");

/** Six agents, whose texts of 5 to 60 tokens lie over one another. */
const records: readonly TextRecord[] = [
  { tick: 0, to: "a1", prompt: "the hen", maxTokens: 40, stream: true },
  { tick: 0, to: "a2", prompt: "the hen and the fox", maxTokens: 60, stream: true, temperature: 2 },
  { tick: 1, to: "a3", prompt: "once", maxTokens: 33, temperature: 1.5, top_p: 0.9 },
  { tick: 1, to: "a4", prompt: "the", maxTokens: 48, stream: true, temperature: 3, topK: 20, minP: 0.01 },
  { tick: 2, to: "a5", messages: [{ role: "user", content: "tea?" }], maxTokens: 24, stream: true },
  { tick: 2, to: "a6", prompt: "a", maxTokens: 5, temperature: 1, seed: 7 },
  { tick: 9, to: "a1", prompt: "the hen", maxTokens: 40, stream: true, temperature: 2 },
];

/** Four more, which ask for what cannot be written. */
const refused: readonly TextRecord[] = [
  { tick: 3, to: "a7", prompt: "x", tools: [1] },
  { tick: 3, to: "a8", prompt: "x".repeat(150), maxTokens: 60 },
  { tick: 3, to: "a9", prompt: "x", maxTokens: 0 },
  { tick: 3, to: "a10", messages: [{ role: "stranger", content: "x" }], stream: true },
];

/** Lies beside the repository, or beside a folder that holds it. */
const stories = lentModel("stories260K");
const told = { tick: 3, to: "a11", prompt: "", maxTokens: 60, stream: true };

function lentModel(name: string): string | undefined {
  let parent = import.meta.dirname;
  while (dirname(parent) !== parent) {
    parent = dirname(parent);
    const path = join(parent, "shared", "models", name);
    if (existsSync(path)) return path;
  }
  return undefined;
}

let undisturbed: RunResult;

before(async () => {
  await writeDecoder(model);
  const sorted = [...records, ...refused, ...(stories === undefined ? [] : [told])].sort(
    (left, right) => left.tick - right.tick,
  );
  const second = stories === undefined ? {} : { second: { model: stories, agents: ["a11"] } };
  const world = await textWorld({ directory: folder, model, records: sorted, agents: 11, ...second });
  await using running = await Engine.open(world, { isolation: "inline" });
  undisturbed = await running.run();
});

test("[G1] parts and answers enter at computed ticks: prompts by 512 tokens, then 8 tokens per tick", () => {
  const { dir, faults, inferences, inferenceStallMs, models } = undisturbed;
  assert.deepEqual([faults, inferences], [0, stories === undefined ? 11 : 12]);
  assert.ok(inferenceStallMs > 0, "ticks waited for tokens");
  const [{ text: pace, delivery } = {}] = models.filter(isLocalModel);
  assert.deepEqual([pace, delivery], [{ prefillTokensPerTick: 512, tokensPerTick: 8 }, "lockstep"]);
  const entered = enteredIn(dir).filter(({ agent }) => agent !== agentHandle("a11"));
  const answers = entered.filter(({ last, ok }) => last && ok);
  assert.equal(answers.length, 7);
  assert.equal(new Set(answers.map(({ body }) => body["text"])).size, 7, "seeds and prompts differ");
  for (const { agent, requestId, tick, body } of answers) {
    const record = records.filter(({ to }) => agentHandle(to) === agent)[requestId - 1];
    const { promptTokens, completionTokens, text } = body as unknown as TextAnswer; // of served-text.ts
    assert.ok(record !== undefined && completionTokens <= Number(record["maxTokens"]) && promptTokens > 0);
    const parts = Math.ceil(completionTokens / 8);
    assert.equal(tick, record.tick + parts, "the first part enters a tick after the request");
    const before = entered.filter(
      (part) => part.agent === agent && part.requestId === requestId && !part.last,
    );
    const ticks = before.map((part) => part.tick);
    const told = before.map((part) => part.body["text"]).join("");
    assert.deepEqual(
      [told, ticks.every((at, index) => at > (ticks[index - 1] ?? record.tick) && at <= tick)],
      [record["stream"] === true ? text : "", true],
    );
  }
  const byPart = enteredIn(dir).filter(({ agent, last }) => agent === agentHandle("a2") && !last);
  assert.ok(byPart.length > 4, "a text of up to 60 tokens has many parts");
});

interface TextAnswer {
  readonly text: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const skip =
  stories === undefined ? "the model stories260K is not at hand in ../shared/models: skipped" : false;

test("an agent is told the published text of stories260K, eight tokens a tick", { skip }, () => {
  const entered = enteredIn(undisturbed.dir).filter(({ agent }) => agent === agentHandle("a11"));
  const text = entered.find(({ last }) => last)?.body["text"];
  assert.equal(
    text,
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. " +
      "One day, she saw a big, red ball. She wanted to play with it, but it was too high",
  );
  const parts = entered.filter(({ last }) => !last);
  assert.deepEqual(
    [parts.map(({ tick }) => tick), parts.map(({ body }) => body["text"]).join("")],
    [[4, 5, 6, 7, 8, 9, 10, 11], text],
  );
});

test("[G4] replay needs no model, and its folder may be gone", async () => {
  rmSync(model, { recursive: true });
  const report = await replayRun(undisturbed.dir, { isolation: "inline" });
  assert.deepEqual([report.verified, report.chainHead], [true, undisturbed.chainHead]);
});

test("requests that are none, or longer than the context, are answered with a code in the next tick", () => {
  const entered = new Map(enteredIn(undisturbed.dir).map((answer) => [answer.agent, answer]));
  const codes = ["BAD_INPUT", "CONTEXT_LIMIT", "BAD_INPUT", "BAD_INPUT"];
  for (const [index, code] of codes.entries()) {
    const answer = entered.get(agentHandle(`a${index + 7}`));
    assert.deepEqual([answer?.tick, answer?.ok, answer?.body["code"]], [4, false, code]);
  }
});
