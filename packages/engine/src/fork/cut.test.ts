/** Forks in which an agent or a topic is cut off: logged, exact on any number of threads, shown by who asks. */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { diffRuns } from "../client/diff-runs.js";
import { Engine } from "../client/engine.js";
import { followRun } from "../client/followed-run.js";
import { forkRun } from "../client/fork-run.js";
import { deadLettersOfRun, replayRun } from "../client/replay-run.js";
import { listRuns } from "../client/run-list.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "../world/control.js";
import type { TraceRow } from "../follower/contract.js";
import type { ForkReport } from "./contract.js";

const at = 30;
const folder = freshFolder("fork-cut");
const inline = { isolation: "inline" } as const;
let parent: RunResult;
let forks = 0;

before(async () => {
  const sample = await sampleWorld({ directory: join(folder, "parent"), snapshotEvery: 20 });
  await using world = await Engine.open(sample, inline);
  parent = await world.run();
});

interface Cutting {
  readonly workers?: number;
  readonly at?: number | "start";
}

async function cutFork(
  cut: readonly string[],
  { workers = 1, at: point = at }: Cutting = {},
): Promise<ForkReport> {
  forks += 1;
  const dir = join(folder, "forks", ".wasm-engine", "runs", `cut-${forks}`);
  return forkRun(parent.dir, { at: point, dir, workers, ...inline, overrides: { cut } });
}

async function finished(dir: string, workers = 1): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, workers, ...(workers === 1 ? inline : {}) });
  return await world.run();
}

/** The verifier for auditors, which shares no code with the engine. */
async function verified(dir: string): Promise<{ readonly ok: boolean; readonly chainHead?: string }> {
  const source = join(import.meta.dirname, "../../../../spec/verify/verify.mjs");
  const { verify } = (await import(pathToFileURL(source).href)) as {
    readonly verify: (run: string) => { readonly ok: boolean; readonly chainHead?: string };
  };
  return verify(dir);
}

test("a cut agent gets and gives nothing from the next tick on, and everything about it is on record", async () => {
  const { dir, cut } = await cutFork(["sink"]);
  assert.deepEqual(cut, ["agent:sink"]);
  const result = await finished(dir);
  assert.notEqual(result.chainHead, parent.chainHead);
  assert.deepEqual(
    loggedInputs(dir).flatMap(({ tick, body }) => (body.kind === "cut" ? [[tick, body.agent]] : [])),
    [[at + 1, "sink"]],
  );
  const letters = await deadLettersOfRun(dir, { agent: "sink", ...inline });
  assert.ok(letters.length > 10);
  assert.ok(letters.every(({ reason, tick }) => reason === "CUT" && tick > at));
  const replayed = await replayRun(dir, inline);
  assert.deepEqual([replayed.verified, replayed.chainHead], [true, result.chainHead]);
  assert.deepEqual(await verified(dir), { ...(await verified(dir)), ok: true, chainHead: result.chainHead });
  const difference = await diffRuns(parent.dir, dir, inline);
  assert.deepEqual([difference.firstTick, difference.agent, difference.what], [at + 1, "sink", "input"]);
  const summary = (await listRuns(join(folder, "forks"))).find(({ dir: place }) => place === dir);
  assert.deepEqual(summary?.parent, { runId: parent.runId, at, overrides: ["cut agent:sink"] });
  await using run = await followRun(dir);
  await run.reach();
  const rows: TraceRow[] = [];
  for await (const row of run.trace({ fromTick: at + 1 })) rows.push(row);
  const sent = rows.find(({ kind, peer }) => kind === "sent" && peer === "sink");
  assert.ok(sent !== undefined);
  const { chain } = await run.why({ kind: "event", id: sent.id });
  assert.deepEqual(chain[0]?.undelivered, [{ agentId: "sink", reason: "CUT" }]);
  const [input] = rows;
  assert.deepEqual([input?.detail, input?.agentId], ["cut", "sink"]);
});

test("a message from outside that a cut agent did not get says so", async () => {
  const { dir } = await cutFork(["a1"]);
  await finished(dir);
  const later = loggedInputs(dir).find(
    ({ tick, body }) => tick > at && body.kind === "message" && body.to === "a1",
  );
  assert.ok(later !== undefined);
  await using run = await followRun(dir);
  await run.reach();
  const { chain, root } = await run.why({ kind: "event", id: `input:${later.seq}` });
  assert.deepEqual([chain[0]?.undelivered, root], [[{ agentId: "a1", reason: "CUT" }], "input"]);
});

test("a cut topic reaches no output; the agents that publish do as before", async () => {
  const { dir, cut } = await cutFork(["topic:score"]);
  assert.deepEqual(cut, ["topic:score"]);
  await finished(dir);
  const lines = readFileSync(join(dir, "outputs", "out.jsonl"), "utf8")
    .trim()
    .split("\n");
  const whole = readFileSync(join(folder, "parent", "out.jsonl"), "utf8")
    .trim()
    .split("\n");
  assert.ok(lines.length > 10 && lines.length < whole.length);
  assert.deepEqual(lines, whole.slice(0, lines.length));
  const letters = await deadLettersOfRun(dir, inline);
  assert.equal(letters.length, whole.length - lines.length);
});

test("[G2] threads show in no fork that is cut, and neither does a fork of it", async () => {
  const heads = new Set<string>();
  for (const workers of [1, 3]) {
    const { dir } = await cutFork(["a2", "score"], { workers });
    const result = await finished(dir, workers);
    heads.add(result.chainHead);
    const again = join(folder, `again-${workers}`);
    await forkRun(dir, { at: at + 5, dir: again, ...inline });
    heads.add((await finished(again)).chainHead);
    const before = join(folder, `before-${workers}`);
    await forkRun(dir, { at: at - 5, dir: before, ...inline });
    heads.add((await finished(before)).chainHead);
  }
  assert.equal(heads.size, 1);
});

test("what is cut off from the start never took part", async () => {
  const { dir } = await cutFork(["a3"], { at: "start" });
  await finished(dir);
  const lines = readFileSync(join(dir, "outputs", "out.jsonl"), "utf8");
  assert.match(lines, /"agentId":"a2"/);
  assert.doesNotMatch(lines, /"agentId":"a3"/);
});

test("[G10] names that nobody has are refused with those that were meant", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["sinc", /cannot be cut off after tick 30: there is no such agent or topic; did you mean "sink"\?/],
    ["scores", /did you mean "score"\?/],
    ["agent:score", /there is no such agent; known agents: a1/],
    ["topic:a1", /there is no such topic; .*known topics: score/],
  ];
  for (const [name, says] of cases) {
    await assert.rejects(cutFork([name]), (error) => {
      assert.ok(EngineError.is(error) && error.code === "WE_FORK_CUT");
      assert.match(`${error.message}; ${error.hint ?? ""}`, says);
      return true;
    });
  }
});
