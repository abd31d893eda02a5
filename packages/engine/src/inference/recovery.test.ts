/** What is left of requests when processes and threads die, with a fake model. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { decodeUtf8 } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { fakeTesting, modelWorld } from "../testing/model-world.js";
import type { ModelWorldOptions } from "../testing/model-world.js";
import { changeInfo, freshFolder, inLanes, loggedInputs, outputOf } from "../testing/run-folders.js";
import type { InferenceVerification } from "../replay/replay-contract.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("inference-recovery");
let undisturbed: RunResult;
let undisturbedOutput = "";

before(async () => {
  const directory = join(folder, "undisturbed");
  undisturbed = await finished({ directory, behaviour: { latencyTicks: 2 } });
  undisturbedOutput = outputOf(directory);
});

async function finished(options: ModelWorldOptions, open: OpenOptions = {}): Promise<RunResult> {
  const given = { isolation: "inline", testing: fakeTesting, ...open } as const;
  await using world = await Engine.open(await modelWorld(options), given);
  return await world.run();
}

async function resumed(dir: string): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, isolation: "inline", testing: fakeTesting });
  return await world.run();
}

function sideRecords(dir: string, kind: string): readonly { readonly data: unknown }[] {
  const lines = readFileSync(join(dir, "side.jsonl"), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as { kind: string; data: unknown }) // written by SideRecords
    .filter((record) => record.kind === kind);
}

test("[G3] kill -9 between request, result and commit: a resumed run has the undisturbed head and output", async () => {
  const passages = [2, 5, 6, 7, 8, 9, 11, 13, 16, 18, 21, 24, 27, 30, 34, 38, 43, 48];
  await inLanes(passages, 3, async (passage) => {
    const directory = join(folder, `crash-${passage}`);
    const dir = join(directory, "run");
    const options = {
      directory,
      behaviour: { latencyTicks: 2 },
      ...(passage % 2 === 0 ? { snapshotEvery: 4 } : {}),
    };
    const testing = { ...fakeTesting, crash: { point: "any", passage } } as const;
    await assert.rejects(
      finished(options, { dir, testing, isolation: "process" }),
      { code: "WE_WORLD_DIED" },
      `passage ${passage}`,
    );
    const result = await resumed(dir);
    assert.equal(result.chainHead, undisturbed.chainHead, `passage ${passage}`);
    assert.equal(result.stateHash, undisturbed.stateHash, `passage ${passage}`);
    assert.equal(outputOf(directory), undisturbedOutput, `passage ${passage}`);
    const keys = loggedInputs(dir).flatMap(({ body }) =>
      body.kind === "result" ? [`${body.agent}:${body.requestId}`] : [],
    );
    assert.equal(new Set(keys).size, keys.length, "every request is answered once");
  });
});

test("[G3] requests that a stopped run leaves are asked again where it goes on", async () => {
  const directory = join(folder, "parts");
  const dir = join(directory, "run");
  const options = { directory, behaviour: { latencyTicks: 2 } };
  const first = await Engine.open(await modelWorld(options), { dir, testing: fakeTesting });
  await first.run({ ticks: 5 });
  await first.stop();
  assert.equal((await resumed(dir)).chainHead, undisturbed.chainHead);
  assert.equal(outputOf(directory), undisturbedOutput);
});

test("[G3] a thread that dies during a run is started again and asked again: the same chain", async () => {
  const directory = join(folder, "dies-once");
  const result = await finished({ directory, behaviour: { latencyTicks: 2, diesInBatch: 3 } });
  assert.equal(result.inferenceThreadDeaths, 1);
  assert.equal(result.chainHead, undisturbed.chainHead);
  assert.equal(outputOf(directory), undisturbedOutput);
  assert.match(JSON.stringify(sideRecords(result.dir, "inference-thread")), /it ended with code 7/);
});

test("[G10] a thread that dies again over the same requests fails them, and goes on with others", async () => {
  const directory = join(folder, "dies-twice");
  const behaviour = { latencyTicks: 1, diesInBatch: 0, diesAlways: true };
  await using world = await Engine.open(await modelWorld({ directory, behaviour, records: 2, span: 1 }), {
    testing: fakeTesting,
  });
  const result = await world.run();
  assert.equal(result.inferenceThreadDeaths, 2);
  const answers = loggedInputs(result.dir).flatMap(({ body }) => (body.kind === "result" ? [body] : []));
  assert.equal(answers.length, 2);
  for (const { ok, payload } of answers) {
    assert.equal(ok, false);
    const text = decodeUtf8(payload) ?? "";
    assert.deepEqual(JSON.parse(text), {
      code: "FAILED",
      message: "the inference thread ended while it worked on this request",
      retryable: true,
    });
  }
  assert.equal((await replayRun(result.dir, { isolation: "inline" })).verified, true);
});

test("a change of provider is a logged input, a side record, and seen in the report", async () => {
  const directory = join(folder, "changes");
  const result = await finished({ directory, behaviour: { latencyTicks: 2, changesInBatch: 2 } });
  assert.equal(result.models[0]?.provider, "wasm");
  const changes = loggedInputs(result.dir).filter(({ body }) => body.kind === "provider-changed");
  assert.deepEqual(
    changes.map(({ body }) => body),
    [{ kind: "provider-changed", model: "m", from: "cpu", to: "wasm", reason: "run-failed" }],
  );
  assert.notEqual(result.chainHead, undisturbed.chainHead, "the change is part of history");
  assert.equal(result.stateHash.length, 64);
  assert.equal(outputOf(directory), undisturbedOutput);
  assert.equal(sideRecords(result.dir, "inference").length, 2);
  const report = await inspectRun(result.dir, { isolation: "inline" });
  assert.deepEqual(
    report.models?.map(({ name, provider }) => [name, provider]),
    [["m", "wasm"]],
  );
  assert.equal((await replayRun(result.dir, { isolation: "inline" })).verified, true);
});

test("what was loaded is pinned: run.json names version, digest and latency", async () => {
  const directory = join(folder, "pinned");
  const { dir } = await finished({
    directory,
    records: 1,
    span: 1,
    behaviour: { version: "7", latencyTicks: 4 },
  });
  const info = JSON.parse(readFileSync(join(dir, "run.json"), "utf8")) as { setup: { models: object[] } }; // run.json
  assert.deepEqual(info.setup.models, [
    {
      name: "m",
      dir: join(directory, "model"),
      providers: ["cpu", "wasm"],
      thread: "shared",
      version: "7",
      digest: "ab".repeat(32),
      latencyTicks: 4,
    },
  ]);
});

test("a world that is stopped while an answer is awaited ends and can go on", async () => {
  const directory = join(folder, "stopped");
  const dir = join(directory, "run");
  const sample = await modelWorld({ directory, behaviour: { latencyTicks: 2, delayMs: 300 } });
  const world = await Engine.open(sample, { dir, testing: fakeTesting });
  const running = world.run();
  running.catch(() => undefined);
  // All the others are still to be asked: the run takes seconds more.
  while (!existsSync(join(directory, "model", "calls.txt"))) await pause(5);
  const { reason } = await world.stop("interrupted");
  assert.equal(reason, "interrupted");
  writeFileSync(join(directory, "model", "fake.json"), JSON.stringify({ latencyTicks: 2 }));
  assert.equal((await resumed(dir)).chainHead, undisturbed.chainHead);
});

test("[G8] models asked again: other answers under one fingerprint differ, another fingerprint is told", async () => {
  const directory = join(folder, "asked-again");
  const { dir } = await finished({ directory });
  const testing = { inferenceService: fakeTesting.inferenceService ?? "" };
  const again = async (): Promise<InferenceVerification> => {
    const report = await replayRun(dir, { verifyInference: true, testing });
    return report.inference ?? assert.fail("models were asked again");
  };
  assert.deepEqual([(await again()).identical, (await again()).models[0]?.compared], [20, "bits"]);
  writeFileSync(join(directory, "model", "fake.json"), JSON.stringify({ salt: "!" }));
  const salted = await again();
  assert.deepEqual([salted.compared, salted.identical, salted.different], [20, 0, 20]);
  assert.equal(salted.firstDifference?.tick, 1);
  assert.match(salted.firstDifference.detail, /answer: .*, now .*!/);
  // The fake's fingerprint is its provider.
  changeInfo(dir, /"cpu",\s*"wasm"/, '"wasm"');
  writeFileSync(join(directory, "model", "fake.json"), "{}");
  const other = await again();
  assert.deepEqual(
    [other.identical, other.models[0]?.compared, other.models[0]?.provider],
    [20, "tolerance", "wasm"],
  );
});
