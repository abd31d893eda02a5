/** Another model answers for a name from a logged tick on: who is asked, runs that go on, forks, replays. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { diffRuns } from "../client/diff-runs.js";
import { forkRun } from "../client/fork-run.js";
import { replayRun } from "../client/replay-run.js";
import type { RunningWorld } from "../client/running-world.js";
import { fakeTesting } from "../testing/model-world.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { agentHandle, enteredIn, forgetTexts, textWorld, writeFake } from "../testing/text-world.js";
import type { TextRecord } from "../testing/text-world.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("model-swaps");
const former = writeFake(join(folder, "former"), {});
const latter = writeFake(join(folder, "latter"), { salt: "latter", mark: "2" });
const inline = { isolation: "inline", testing: fakeTesting } as const;

/** Samples, so that no text is that of another request. At the swap before tick 3 two texts are under way. */
const records: readonly TextRecord[] = (
  [
    { tick: 0, to: "a1", prompt: "first", maxTokens: 60, stream: true },
    { tick: 2, to: "a2", prompt: "second", maxTokens: 20 },
    { tick: 3, to: "a3", prompt: "third", maxTokens: 12, stream: true },
    { tick: 9, to: "a1", prompt: "first", maxTokens: 60, stream: true },
    { tick: 9, to: "a2", prompt: "second", maxTokens: 20 },
  ] as const
).map((record) => ({ ...record, temperature: 1 }));

interface Swapped {
  readonly world: RunningWorld;
  readonly directory: string;
  readonly dir: string;
}

/** Stands behind tick 2, with the swap in the log where one is wanted. */
async function opened(name: string, isSwapped: boolean): Promise<Swapped> {
  const directory = join(folder, name);
  const dir = join(directory, "run");
  const second = { model: latter, agents: [] };
  const asked = await textWorld({ directory, model: former, records, second, snapshotEvery: 4 });
  const world = await Engine.open(asked, { ...inline, dir, start: "paused" });
  await world.step(3);
  if (isSwapped) {
    const { tick } = await world.swapModel("m", "n");
    assert.equal(tick, 3);
  }
  return { world, directory, dir };
}

async function ended({ world }: Swapped): Promise<RunResult> {
  const result = await world.run();
  await world.close();
  return result;
}

async function resumed(dir: string): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, ...inline });
  return await world.run();
}

/** The texts that an agent was given. */
function textsOf(dir: string, id: string): readonly unknown[] {
  return enteredIn(dir)
    .filter(({ agent, last }) => agent === agentHandle(id) && last)
    .map(({ body }) => body["text"]);
}

const callsOf = (model: string): number =>
  readFileSync(join(model, "calls.txt"), "utf8").trimEnd().split("\n").length;

test("from its tick on another model answers for the name; what is under way ends on the former", async () => {
  const run = await opened("swapped", true);
  const swapped = await ended(run);
  assert.deepEqual([callsOf(former), callsOf(latter), swapped.faults], [2, 3, 0]);
  const plain = await ended(await opened("plain", false));
  assert.equal(callsOf(former), 7);
  const [mine, others] = [run.dir, plain.dir];
  assert.equal(textsOf(mine, "a1")[0], textsOf(others, "a1")[0]);
  assert.equal(textsOf(mine, "a2")[0], textsOf(others, "a2")[0]);
  for (const id of ["a1", "a2", "a3"]) assert.notEqual(textsOf(mine, id).at(-1), textsOf(others, id).at(-1));
  assert.notEqual(swapped.chainHead, plain.chainHead, "the swap is part of history");
  assert.deepEqual(
    loggedInputs(mine).flatMap(({ body, tick }) =>
      body.kind === "model-swapped" ? [{ ...body, tick }] : [],
    ),
    [{ kind: "model-swapped", model: "m", by: "n", tick: 3 }],
  );
  const difference = await diffRuns(others, mine, { isolation: "inline" });
  assert.deepEqual([difference.equal, difference.firstTick], [false, 3]);
  assert.match(JSON.stringify(difference), /m: answered by n/);
  const testing = { inferenceService: fakeTesting.inferenceService ?? "" };
  const replayed = await replayRun(mine, { isolation: "inline", verifyInference: true, testing });
  assert.deepEqual(
    [replayed.verified, replayed.inference?.identical, replayed.inference?.different],
    [true, 5, 0],
  );
});

test("[G3] runs that go on, before and behind a snapshot with the swap, and forks have the same head", async () => {
  const whole = await ended(await opened("whole", true));
  const early = await opened("early", true);
  await early.world.stop();
  await early.world.close();
  forgetTexts(early.directory);
  assert.equal((await resumed(early.dir)).chainHead, whole.chainHead);
  const late = await opened("late", true);
  await late.world.step(3);
  await late.world.stop();
  await late.world.close();
  forgetTexts(late.directory);
  assert.equal((await resumed(late.dir)).chainHead, whole.chainHead);
  for (const at of [1, 4, 10]) {
    const { dir } = await forkRun(whole.dir, { dir: join(folder, `fork-${at}`), at, isolation: "inline" });
    assert.equal((await resumed(dir)).chainHead, whole.chainHead, `fork at ${at}`);
  }
});

test("a fork without the swap is the run that had none: no answer of the other model is taken for it", async () => {
  const whole = await ended(await opened("with", true));
  const plain = await ended(await opened("without", false));
  const seq = loggedInputs(whole.dir).find(({ body }) => body.kind === "model-swapped")?.seq ?? 0;
  const { dir } = await forkRun(whole.dir, {
    dir: join(folder, "dropped"),
    at: 1,
    overrides: { dropped: [seq] },
    isolation: "inline",
  });
  const fork = await resumed(dir);
  for (const id of ["a1", "a2", "a3"]) assert.deepEqual(textsOf(dir, id), textsOf(plain.dir, id));
  assert.equal(fork.stateHash, plain.stateHash);
});

test("a model that answers for itself ends a swap; names that are none are refused", async () => {
  const plain = await ended(await opened("forth", false));
  const run = await opened("back", true);
  await assert.rejects(async () => run.world.swapModel("m", "strange"), { code: "WE_INFERENCE_SWAP" });
  await assert.rejects(async () => run.world.swapModel("strange", "m"), { code: "WE_INFERENCE_SWAP" });
  await run.world.step(2);
  await run.world.swapModel("m", "m");
  const { dir } = await ended(run);
  assert.deepEqual(textsOf(dir, "a1"), textsOf(plain.dir, "a1"));
  assert.notDeepEqual(textsOf(dir, "a3"), textsOf(plain.dir, "a3"));
});
