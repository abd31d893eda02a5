/** What is left of texts under way when processes, threads and runs end, and what delays change: with a fake model. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { isLocalModel } from "../adapters/adapter-report.js";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import { fakeTesting } from "../testing/model-world.js";
import { freshFolder, outputOf } from "../testing/run-folders.js";
import { agentHandle, enteredIn, forgetTexts, textWorld, writeFake } from "../testing/text-world.js";
import type { TextRecord, TextWorldOptions } from "../testing/text-world.js";
import { killAndCompare, textRecords } from "../testing/text-kills.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("text-recovery");
const model = writeFake(join(folder, "model"), {});
const inline = { isolation: "inline", testing: fakeTesting } as const;
let undisturbed: RunResult;
let undisturbedOutput = "";
const records = textRecords;

before(async () => {
  const directory = join(folder, "undisturbed");
  undisturbed = await finished({ directory });
  undisturbedOutput = outputOf(directory);
});

async function finished(
  options: Omit<TextWorldOptions, "model" | "records"> & Partial<TextWorldOptions>,
  open: OpenOptions = inline,
): Promise<RunResult> {
  await using running = await Engine.open(await textWorld({ model, records, ...options }), open);
  return await running.run();
}

async function resumed(dir: string, open: OpenOptions = inline): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, ...open });
  return await world.run();
}

/** Ticks of the parts and of the answer of an agent's first request. */
function ticksOf(dir: string, id: string): { readonly parts: readonly number[]; readonly answer: number } {
  const entered = enteredIn(dir).filter(
    ({ agent, requestId }) => agent === agentHandle(id) && requestId === 1,
  );
  const parts = entered.filter(({ last }) => !last).map(({ tick }) => tick);
  return { parts, answer: entered.find(({ last }) => last)?.tick ?? -1 };
}

test("[G1] prompts of 512 tokens a tick, then a part a tick; whole answers come when the last part would have", () => {
  const { dir } = undisturbed;
  assert.deepEqual(ticksOf(dir, "a1"), { parts: [3, 4, 5, 6], answer: 6 });
  assert.deepEqual(ticksOf(dir, "a2"), { parts: [1, 2, 3, 4, 5, 6, 7, 8], answer: 8 });
  assert.deepEqual(ticksOf(dir, "a3"), { parts: [], answer: 10 });
  assert.deepEqual(ticksOf(dir, "a5"), { parts: [4, 5, 6], answer: 6 });
  assert.deepEqual(ticksOf(dir, "a6"), { parts: [6], answer: 6 });
  const [left, right] = ["a2", "a4"].map(
    (id) => enteredIn(dir).find(({ agent, last }) => agent === agentHandle(id) && last)?.body["text"],
  );
  assert.notEqual(left, right, "agents that ask the same draw with seeds of their own");
});

test("[G1] the configuration of a model says how many tokens a tick has; kept texts have its borders", async () => {
  const directory = join(folder, "paced");
  const setup = { prefillTokensPerTick: 600, tokensPerTick: 16 };
  const { dir, models, answers } = await finished({ directory, setup });
  assert.deepEqual(answers, { asked: 7, reused: 0 });
  assert.deepEqual(ticksOf(dir, "a1"), { parts: [2, 3], answer: 3 });
  assert.deepEqual(ticksOf(dir, "a2"), { parts: [1, 2, 3, 4], answer: 4 });
  assert.deepEqual(models.find(isLocalModel)?.text, setup);
  assert.match(readFileSync(join(dir, "run.json"), "utf8"), /"tokensPerTick":\s*16/);
  const usual = await finished({ directory });
  assert.deepEqual([usual.answers.reused, usual.chainHead], [0, undisturbed.chainHead]);
});

test("[G1] delays and threads of models change no bit; the time that ticks waited is told", async () => {
  const slow = writeFake(join(folder, "slow"), { writes: { partMsMax: 12 } });
  const delayed = await finished({ directory: join(folder, "delayed"), model: slow });
  assert.equal(delayed.chainHead, undisturbed.chainHead);
  assert.ok(delayed.inferenceStallMs > 0);
  const heads = await Promise.all(
    (["shared", "own"] as const).map(async (thread) => {
      const directory = join(folder, thread);
      const second = { model: slow, agents: ["a2", "a4", "a6"] };
      const two = { directory, model: slow, second, setup: { thread } };
      const { chainHead, models } = await finished(two, { ...inline });
      assert.equal(models.length, 2);
      assert.equal(outputOf(directory).split("\n").length, undisturbedOutput.split("\n").length);
      return chainHead;
    }),
  );
  assert.equal(heads[0], heads[1], "one inference thread and two");
});

test("texts of earlier runs are taken, with their ticks; what changed is written, with askAnew all", async () => {
  const directory = join(folder, "kept");
  const asking = async (asked: readonly TextRecord[], open: OpenOptions = {}): Promise<RunResult> => {
    const world = await textWorld({ model, records: asked, directory });
    await using running = await Engine.open(world, { ...inline, ...open });
    return await running.run();
  };
  const first = await asking(records);
  assert.deepEqual([first.answers, first.chainHead], [{ asked: 7, reused: 0 }, undisturbed.chainHead]);
  const second = await asking(records);
  assert.deepEqual([second.answers, second.chainHead], [{ asked: 0, reused: 7 }, undisturbed.chainHead]);
  const [changed] = records;
  assert.ok(changed !== undefined);
  const third = await asking([{ ...changed, maxTokens: 31 }, ...records.slice(1)]);
  assert.deepEqual(third.answers, { asked: 1, reused: 6 });
  const fourth = await asking(records, { askAnew: true });
  assert.deepEqual([fourth.answers, fourth.chainHead], [{ asked: 7, reused: 0 }, undisturbed.chainHead]);
});

test("[G8] models asked again write the same texts with the seeds of their requests; others show", async () => {
  const changing = writeFake(join(folder, "verified-model"), {});
  const { dir } = await finished({ directory: join(folder, "verified"), model: changing });
  const testing = { inferenceService: fakeTesting.inferenceService ?? "" };
  const again = async (): Promise<readonly unknown[]> => {
    const { inference } = await replayRun(dir, { verifyInference: true, testing, isolation: "inline" });
    return [inference?.compared, inference?.identical, inference?.different];
  };
  assert.deepEqual(await again(), [7, 7, 0]);
  writeFake(changing, { salt: "other" });
  assert.deepEqual(await again(), [7, 0, 7]);
});

// Every point in turn: node packages/engine/dist/testing/text-kills-program.js
test("[G3] kill -9 with five texts under way: a resumed run has the undisturbed head and output", async () => {
  const whole = { result: undisturbed, output: undisturbedOutput };
  const directory = join(folder, "crash");
  const run = { directory, model, records, passage: 40, testing: fakeTesting };
  assert.equal(await killAndCompare(run, whole), true);
});

test("[G3] a run stopped with five texts under way, and forks of it there, have the same head", async () => {
  const directory = join(folder, "stopped");
  const dir = join(directory, "run");
  const world = await textWorld({ directory, model, records, snapshotEvery: 2 });
  const first = await Engine.open(world, { dir, ...inline });
  await first.run({ ticks: 4 });
  await first.stop();
  await first.close();
  // Asked anew, because the parent has no answers yet.
  const early = await forkRun(dir, { dir: join(folder, "fork-early"), at: 3, isolation: "inline" });
  forgetTexts(directory);
  assert.equal((await resumed(early.dir)).chainHead, undisturbed.chainHead);
  forgetTexts(directory);
  assert.equal((await resumed(dir)).chainHead, undisturbed.chainHead);
  assert.equal(outputOf(directory), undisturbedOutput);
  const late = await forkRun(dir, { dir: join(folder, "fork-late"), at: 5, isolation: "inline" });
  assert.equal((await resumed(late.dir)).chainHead, undisturbed.chainHead);
});

test("[G3] a thread that dies while it writes is started again, and tells what it told once more", async () => {
  const dying = writeFake(join(folder, "dying"), { diesAtPart: 9 });
  const directory = join(folder, "dies");
  const result = await finished({ directory, model: dying });
  assert.equal(result.inferenceThreadDeaths, 1);
  assert.equal(result.chainHead, undisturbed.chainHead);
});

test("recorded: nothing waits; after a kill no part enters twice and the texts are whole", async () => {
  const slow = writeFake(join(folder, "recorded-model"), { writes: { partMs: 4 } });
  const directory = join(folder, "recorded");
  const dir = join(directory, "run");
  const delivery = "recorded";
  const crash = { point: "any", passage: 31 } as const;
  const options = { directory, model: slow, snapshotEvery: 3 };
  const run = finished(options, { dir, delivery, testing: { ...fakeTesting, crash } });
  await assert.rejects(run, { code: "WE_WORLD_DIED" });
  forgetTexts(directory);
  assert.equal((await resumed(dir, { ...inline, delivery })).inferenceStallMs, 0);
  const entered = enteredIn(dir);
  const answers = entered.filter(({ last }) => last);
  assert.equal(answers.length, records.length);
  for (const { agent, requestId, body } of answers) {
    const parts = entered.filter(
      (part) => !part.last && part.agent === agent && part.requestId === requestId,
    );
    const told = parts.map((part) => part.body["text"]).join("");
    assert.equal(told, agent === agentHandle("a3") ? "" : body["text"]);
  }
  assert.equal((await replayRun(dir, { isolation: "inline" })).verified, true);
});

test("[G10] a text that is another one when it is written again is answered FAILED, not gone on with", async () => {
  const changing = writeFake(join(folder, "changing"), {});
  const directory = join(folder, "strays");
  const dir = join(directory, "run");
  const world = await textWorld({ directory, model: changing, records, snapshotEvery: 2 });
  const first = await Engine.open(world, { dir, ...inline });
  await first.run({ ticks: 6 });
  await first.stop();
  await first.close();
  writeFake(changing, { salt: "other" });
  forgetTexts(directory);
  await resumed(dir);
  const answers = enteredIn(dir).filter(({ last, tick }) => last && tick > 5);
  const failed = answers.filter(({ ok }) => !ok);
  // The streamed ones; of the whole answer nothing had entered.
  assert.ok(failed.length >= 2 && failed.length < answers.length, JSON.stringify(answers));
  for (const { body } of failed) {
    assert.deepEqual([body["code"], body["retryable"]], ["FAILED", true]);
    assert.match(String(body["message"]), /written again it is another one/);
  }
  assert.equal((await replayRun(dir, { isolation: "inline" })).verified, true);
});

test("a text times out: parts have entered, the rest is dropped, the model is told to stop", async () => {
  const slow = writeFake(join(folder, "timed-model"), { writes: { partMs: 5 } });
  const directory = join(folder, "timeout");
  const asked = [
    { tick: 0, to: "a2", prompt: "long", maxTokens: 4000, stream: true },
    { tick: 3, to: "a1", prompt: "short", maxTokens: 40 },
  ];
  const { dir } = await finished({ directory, model: slow, records: asked, timeoutTicks: 6 });
  const entered = enteredIn(dir);
  assert.deepEqual(ticksOf(dir, "a2"), { parts: [1, 2, 3, 4, 5, 6], answer: -1 });
  assert.equal(entered.filter(({ last }) => last).length, 1);
  assert.match(outputOf(directory), /TIMEOUT/);
  assert.equal(readFileSync(join(slow, "cancelled.txt"), "utf8"), "long\n");
  assert.equal((await replayRun(dir, { isolation: "inline" })).verified, true);
});
