/** The number of threads, when they finish and whether they live shows in nothing. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import type { TelemetryEvent } from "../client/telemetry-hooks.js";
import { diverText, hashAddress } from "../testing/guest-text.js";
import { runHostileWorld } from "../testing/hostile-run.js";
import { SMALL_DEPTH_BYTES } from "../testing/hostile-world.js";
import { freshFolder, inLanes, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { THREAD_FAULT_VARIABLE } from "../threads/thread-faults.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("threads");
const lanes = 2;
/** A tick in which most agents have a turn: many cadences divide it. */
const busyTick = 24;

let expected: RunResult;
let expectedOutput = "";

async function run(
  name: string,
  options: OpenOptions,
  onEvent?: (event: TelemetryEvent) => void,
): Promise<RunResult> {
  const sample = await sampleWorld({ directory: join(folder, name), agents: 11, snapshotEvery: 10 });
  await using world = await Engine.open(sample, { dir: runFolder(name), ...options });
  if (onEvent !== undefined) world.registerTelemetryHook(onEvent);
  return await world.run();
}

function runFolder(name: string): string {
  return join(folder, name, "run");
}

function assertExpected(name: string, result: RunResult): void {
  for (const member of [
    "chainHead",
    "stateHash",
    "fuel",
    "turnsExecuted",
    "messages",
    "faults",
    "inputs",
  ] as const)
    assert.equal(result[member], expected[member], `${name}: ${member}`);
  assert.equal(outputOf(join(folder, name)), expectedOutput, `${name}: output`);
}

before(async () => {
  expected = await run("alone", { isolation: "inline" });
  assert.equal(expected.workers, 1);
  assert.ok(expected.turnsExecuted > 300, `${expected.turnsExecuted} turns`);
  expectedOutput = outputOf(join(folder, "alone"));
});

// One worker is the run in this thread that all are held against.
test("[G2] 1, 2, 3, 4 and 8 workers: one chain, one output", async () => {
  await inLanes([2, 3, 4, 8], lanes, async (workers) => {
    const result = await run(`workers-${workers}`, { workers });
    assert.equal(result.workers, workers);
    assert.equal(result.threadsLost, 0);
    assertExpected(`workers-${workers}`, result);
  });
});

test("[G1] [G2] threads that are late, in every compiler tier", async () => {
  const flags = ["--liftoff-only", "--no-liftoff"];
  await inLanes([1, 2, 3], lanes, async (seed) => {
    const v8Flags = [flags[seed % 2] ?? ""];
    const result = await run(`late-${seed}`, {
      workers: 1 + seed,
      v8Flags,
      testing: { threads: `delay:${seed}` },
    });
    assertExpected(`late-${seed}`, result);
  });
});

test("[G2] a small world takes one thread where nobody says how many", async () => {
  assert.equal((await run("auto", {})).workers, 1);
});

test("[G3] a thread that is killed is made good: a line, no difference", async () => {
  const kills = ["1@0", "2@7", `3@${busyTick}`, "1@60"];
  await inLanes(kills, lanes, async (kill) => {
    const name = `killed-${kill.replace("@", "-")}`;
    const events: TelemetryEvent[] = [];
    const result = await run(name, { workers: 4, testing: { threads: `kill:${kill}` } }, (event) =>
      events.push(event),
    );
    assertExpected(name, result);
    assert.equal(result.threadsLost, 1, kill);
    const told = events.filter(({ kind }) => kind === "recovered");
    assert.deepEqual(
      told.map((event) => event.kind === "recovered" && event.code),
      ["WE_EXECUTOR_THREAD_LOST"],
    );
    assert.equal((await replayRun(result.dir, { isolation: "inline" })).verified, true);
  });
});

test("[G3] a thread may die at whatever it does: turns, digests, images", async () => {
  await inLanes([1, 10, 25, 33, 50], lanes, async (command) => {
    const name = `command-${command}`;
    const result = await run(name, {
      workers: 3,
      testing: { threads: `kill:${1 + (command % 2)}#${command}` },
    });
    assertExpected(name, result);
    assert.equal(result.threadsLost, 1, name);
  });
});

test("[G3] [G10] a tick that loses a thread twice ends the run at its last commit, from where it resumes", async () => {
  const testing = { threads: `kill:2@${busyTick}*2` };
  await assert.rejects(run("twice", { workers: 3, testing }), {
    code: "WE_EXECUTOR_THREAD_LOST",
    exitCode: 4,
    retryable: true,
  });
  await using world = await Engine.open(runFolder("twice"), { resume: true, workers: 2 });
  assertExpected("twice", await world.run());
});

test("[G3] kill -9 with four workers, resumed with two and with one", async () => {
  await inLanes([40, 130, 230], lanes, async (passage) => {
    const name = `power-cut-${passage}`;
    const crash = { point: "any", passage } as const;
    await assert.rejects(run(name, { workers: 4, testing: { crash } }), { code: "WE_WORLD_DIED" });
    await using world = await Engine.open(runFolder(name), { resume: true, workers: passage > 100 ? 2 : 1 });
    assertExpected(name, await world.run());
  });
});

test("[G4] a run of three workers replays with any number, from every snapshot, also where a thread dies", async () => {
  const result = await run("replayed", { workers: 3 });
  for (const options of [{ workers: 4 }, { workers: 2, from: 30 }, { workers: 5, from: 55 }]) {
    const report = await replayRun(result.dir, options);
    assert.equal(report.verified, true);
    assert.equal(report.workers, options.workers);
    assert.equal(report.chainHead, expected.chainHead);
  }
  for (const name of ["a1", "a4"]) {
    const agent = name as AgentId; // brand: test data
    const flip = { agent, tick: 31, byte: hashAddress, bit: 3 };
    const report = await replayRun(result.dir, { workers: 4, testing: { flip } });
    const alone = await replayRun(result.dir, { isolation: "inline", testing: { flip } });
    assert.equal(report.verified, false);
    assert.deepEqual(report.firstDivergence, alone.firstDivergence);
  }
  process.env[THREAD_FAULT_VARIABLE] = `kill:1@${busyTick}`;
  try {
    const report = await replayRun(result.dir, { workers: 3 });
    assert.equal(report.verified, true);
    assert.equal(report.turnsExecuted, expected.turnsExecuted);
    process.env[THREAD_FAULT_VARIABLE] = `kill:1@${busyTick}*2`;
    await assert.rejects(replayRun(result.dir, { workers: 3 }), { code: "WE_EXECUTOR_THREAD_LOST" });
  } finally {
    Reflect.deleteProperty(process.env, THREAD_FAULT_VARIABLE);
  }
});

test("[G3] calls, subscriptions and acknowledgements survive the loss of a thread", async () => {
  const heard = async (name: string, options: OpenOptions): Promise<readonly string[]> => {
    const sample = await sampleWorld({ directory: join(folder, name), agents: 11 });
    await using world = await Engine.open(sample, { start: "paused", workers: 4, ...options });
    const lines: string[] = [];
    const listening = (async () => {
      for await (const message of world.messages("*"))
        lines.push(`${message.tick} ${message.agentId} ${JSON.stringify(message.payload)}`);
    })();
    await world.run({ until: "never", ticks: busyTick });
    const asks = ["a1", "a2", "a3", "a4", "a5", "sink"].map((agent) => world.ask(agent, { n: 1 }));
    const acknowledged = world.send("a6", { n: 2 });
    const result = await world.run();
    const answers: string[] = [];
    for (const answer of await Promise.all(asks))
      answers.push(`answer ${answer.agentId} ${JSON.stringify(answer.payload)}`);
    answers.push(`tick ${(await acknowledged).tick}`, result.chainHead);
    if (options.testing !== undefined) assert.equal(result.threadsLost, 1);
    await world.close();
    await listening;
    return [...lines, ...answers];
  };
  const undisturbed = await heard("heard", {});
  assert.ok(undisturbed.length > 100);
  const kill = { testing: { threads: `kill:1@${busyTick}` } };
  assert.deepEqual(await heard("heard-killed", kill), undisturbed);
});

test("[G3] [G10] a host that fails twice at one tick ends the run, which another host goes on with", async () => {
  const options = { text: diverText, records: 10, span: 10, stop: { when: "inputs-done" } } as const;
  const deep = await sampleWorld({ directory: join(folder, "deep"), ...options });
  await using reference = await Engine.open(deep, { dir: runFolder("deep"), workers: 2 });
  const { chainHead, faults } = await reference.run();
  assert.equal(faults, 6, "every agent recurses to the end of its depth");
  const shallow = await sampleWorld({ directory: join(folder, "shallow"), ...options });
  await using failing = await Engine.open(shallow, { dir: runFolder("shallow"), isolation: "inline" });
  // The stack of a test is far smaller than what the depth of the contract needs.
  await assert.rejects(failing.run(), { code: "WE_EXECUTOR_HOST_FAILURE", exitCode: 4 });
  await using resumed = await Engine.open(runFolder("shallow"), { resume: true, workers: 3 });
  assert.equal((await resumed.run()).chainHead, chainHead);
});

test("[G6] a hostile world has one chain however many threads execute it", async () => {
  const results = await Promise.all(
    [1, 4].map((workers) =>
      runHostileWorld({
        directory: join(folder, `hostile-${workers}`),
        hostile: true,
        depthBytes: SMALL_DEPTH_BYTES,
        attackTicks: [3],
        workers,
      }),
    ),
  );
  const [alone, threaded] = results;
  assert.ok(alone !== undefined && threaded !== undefined);
  assert.ok(alone.faults > 100);
  for (const member of ["chainHead", "stateHash", "fuel", "faults"] as const)
    assert.equal(threaded[member], alone[member], member);
});
