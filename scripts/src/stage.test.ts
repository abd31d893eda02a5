/** The stage of the examples, cut to one speech per act: run, replayed, forked, killed; its words are in its README. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import type { Json } from "@wasm-engine/core";
import { Engine, forkRun, inspectRun, replayRun } from "@wasm-engine/engine";
import type { ForkOptions, RunResult } from "@wasm-engine/engine";
import { stageProject } from "./stage-project.js";
import { repositoryRoot } from "./tidy/source-tree.js";

// The runtime of the model is loaded five times for a few words each: compiling it well would take longer than they do.
setFlagsFromString("--liftoff-only");

const folder = mkdtempSync(join(tmpdir(), "stage-"));
const { project, configuration, script: spoken } = stageProject(folder);
const inline = { isolation: "inline" } as const;

let acts: readonly Readonly<Record<string, Json>>[] = [];
let parent: RunResult;
let script = "";

before(async () => {
  const directions = readFileSync(join(project, "directions.jsonl"), "utf8").trimEnd().split("\n");
  // The second act is called while the first one is being played.
  acts = directions.map((line, index) => ({
    ...(JSON.parse(line) as Record<string, Json>),
    cues: ["romeo"],
    tick: index + 1,
  }));
  writeFileSync(join(project, "directions.jsonl"), acts.map((act) => `${JSON.stringify(act)}\n`).join(""));
  await using world = await Engine.open(configuration, { ...inline, dir: join(folder, "parent") });
  parent = await world.run();
  script = spoken();
});
after(() => rmSync(folder, { recursive: true, force: true }));

const heads = ({ chainHead, stateHash, fuel }: RunResult): unknown => ({ chainHead, stateHash, fuel });

test("agents have the types that the packages declare", async () => {
  const compiler = join(repositoryRoot, "node_modules/@typescript/native/bin/tsc");
  await promisify(execFile)(process.execPath, [compiler, "-p", project], { cwd: project });
});

test("twelve agents rehearse: four takes at a time, and the words are those of the README", async () => {
  assert.deepEqual([parent.reason, parent.faults, parent.inferences], ["exit", 0, 8]);
  const early = await inspectRun(parent.dir, { at: 2, ...inline });
  assert.equal(early.agents.length, 12);
  const spoken = script
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { readonly payload: string }).payload);
  const card = readFileSync(join(project, "README.md"), "utf8");
  for (const speech of spoken.slice(0, 4)) assert.ok(card.includes(speech), speech);
  assert.deepEqual(
    spoken.map((speech) => speech.split(/[:.]/)[0]),
    ["ACT I", "MERCUTIO", "BENVOLIO", "ROMEO", "ACT II", "Nurse", "JULIET", "ROMEO"],
  );
});

test("[G4] replayed without its model, the run has the same chain", async () => {
  const report = await replayRun(parent.dir, inline);
  assert.deepEqual([report.verified, report.chainHead], [true, parent.chainHead]);
});

async function forked(name: string, options: ForkOptions): Promise<RunResult> {
  const { dir } = await forkRun(parent.dir, { dir: join(folder, name), ...inline, ...options });
  await using world = await Engine.open(dir, { resume: true, ...inline });
  return await world.run();
}

test("a fork without a change has the same head; at another temperature the second act has other words", async () => {
  const same = await forked("same", { at: 3 });
  assert.deepEqual(heads(same), heads(parent));
  // The second direction is the second input, as `wasm-engine log` shows.
  const other = await forked("other", {
    at: 1,
    overrides: { inputs: { 2: { ...acts[1], temperature: 1.1 } } },
  });
  assert.deepEqual([other.reason, other.faults], ["exit", 0]);
  assert.notEqual(other.chainHead, parent.chainHead);
  const [first, second] = [script, readFileSync(join(folder, "other/outputs/script.jsonl"), "utf8")].map(
    (text) => text.split("\n").map((line) => line.replace(/"timestamp".*/, "")),
  );
  assert.deepEqual(second?.slice(0, 7), first?.slice(0, 7));
  assert.notEqual(second?.[7], first?.[7]);
});

test("[G3] kill -9 with four generations in flight: resumed, the run has the undisturbed head", async () => {
  const dir = join(folder, "killed");
  const world = await Engine.open(configuration, { dir, askAnew: true, v8Flags: ["--liftoff-only"] });
  const { tick } = await world.step(4);
  // A step is answered before its tick is on the disk.
  while ((await inspectRun(dir, inline)).tick < tick) await pause(20);
  process.kill(world.pid, "SIGKILL");
  await world.kill();
  const { agents } = await inspectRun(dir, { agent: "romeo", ...inline });
  const held = agents[0]?.describe as { readonly waiting: readonly string[] }; // what its SDK describes
  assert.equal(held.waiting.length, 4);
  await using resumed = await Engine.open(dir, { resume: true, ...inline });
  assert.deepEqual(heads(await resumed.run()), heads(parent));
  assert.equal(readFileSync(join(project, "out/script.jsonl"), "utf8"), script);
});
