/** Models that write texts, in worlds: when parts and answers enter, and what no machine, thread or crash changes. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { isLocalModel } from "../adapters/adapter-report.js";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { freshFolder, outputOf } from "../testing/run-folders.js";
import { agentHandle, enteredIn, textWorld, writeDecoder } from "../testing/text-world.js";
import type { TextRecord, TextWorldOptions } from "../testing/text-world.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("texts");
const model = join(folder, "model");

let undisturbed: RunResult;

before(async () => {
  await writeDecoder(model);
  undisturbed = await finished({ directory: join(folder, "undisturbed") });
});

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

async function finished(
  options: Omit<TextWorldOptions, "model" | "records"> & Partial<TextWorldOptions>,
  open: OpenOptions = {},
): Promise<RunResult> {
  const world = await textWorld({ model, records, ...options });
  await using running = await Engine.open(world, { isolation: "inline", ...open });
  return await running.run();
}

test("[S9] parts and answers enter at computed ticks: prompts by 512 tokens, then 8 tokens per tick", async () => {
  const { dir, faults, inferences, inferenceStallMs, models } = await finished({
    directory: join(folder, "schedule"),
  });
  assert.deepEqual([faults, inferences], [0, 7]);
  assert.ok(inferenceStallMs > 0, "ticks waited for tokens");
  assert.deepEqual(
    models.filter(isLocalModel).map(({ text, delivery }) => [text, delivery]),
    [[{ prefillTokensPerTick: 512, tokensPerTick: 8 }, "lockstep"]],
  );
  const entered = enteredIn(dir);
  const answers = entered.filter(({ last }) => last);
  assert.equal(answers.length, 7);
  assert.equal(new Set(answers.map(({ body }) => body["text"])).size, 7, "seeds and prompts differ");
  for (const { agent, requestId, ok, tick, body } of answers) {
    assert.ok(ok, JSON.stringify(body));
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

test("[G4] replay needs no model, and its folder may be gone", async () => {
  const copy = join(folder, "gone");
  await writeDecoder(copy);
  const { dir, chainHead } = await finished({ directory: join(folder, "replayed"), model: copy });
  assert.equal(chainHead, undisturbed.chainHead);
  rmSync(copy, { recursive: true });
  const report = await replayRun(dir);
  assert.deepEqual([report.verified, report.chainHead], [true, chainHead]);
});

test("requests that are none, or longer than the context, are answered with a code in the next tick", async () => {
  const bad: readonly TextRecord[] = [
    { tick: 3, to: "a1", prompt: "x", tools: [1] },
    { tick: 3, to: "a2", prompt: "x".repeat(150), maxTokens: 60 },
    { tick: 3, to: "a3", prompt: "x", maxTokens: 0 },
    { tick: 3, to: "a4", messages: [{ role: "stranger", content: "x" }], stream: true },
    { tick: 3, to: "a5", prompt: "x", maxTokens: 3 },
  ];
  const { dir, faults } = await finished({ directory: join(folder, "bad"), records: bad });
  assert.equal(faults, 0);
  const entered = new Map(enteredIn(dir).map((answer) => [answer.agent, answer]));
  const codes = ["BAD_INPUT", "CONTEXT_LIMIT", "BAD_INPUT", "BAD_INPUT", undefined];
  for (const [index, code] of codes.entries()) {
    const answer = entered.get(agentHandle(`a${index + 1}`));
    assert.deepEqual([answer?.tick, answer?.ok, answer?.body["code"]], [4, code === undefined, code]);
  }
});

test("[G3] kill -9 with four texts and more under way: a resumed run has the undisturbed head and output", async () => {
  const directory = join(folder, "crash");
  const dir = join(directory, "run");
  const world = await textWorld({ directory, model, records, snapshotEvery: 3 });
  const dying = async (): Promise<void> => {
    await using running = await Engine.open(world, {
      dir,
      testing: { crash: { point: "any", passage: 36 } },
    });
    await running.run();
  };
  await assert.rejects(dying(), { code: "WE_WORLD_DIED" });
  await using again = await Engine.open(dir, { resume: true, isolation: "inline" });
  const result = await again.run();
  assert.equal(result.chainHead, undisturbed.chainHead);
  assert.equal(result.stateHash, undisturbed.stateHash);
  assert.equal(outputOf(directory), outputOf(join(folder, "undisturbed")));
});
