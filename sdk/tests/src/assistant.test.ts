/**
 * The agent of DESIGN §6.2: killed inside each of its three awaits and its sleep, stopped with a snapshot there,
 * upgraded there. Each time it goes on to the head of the undisturbed run, without a word about it in its source.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Engine, forkRun, inspectRun, replayRun } from "@wasm-engine/engine";
import type { RunResult, RunningWorld } from "@wasm-engine/engine";
import { projectOf } from "./testing/typescript-world.js";

const config = `version: 1
name: assistant
seed: 11
clock: { tickMs: 1000, epoch: 2001-01-01T00:00:00Z }
stop: { when: idle, maxTicks: 500 }
modules: { asker: ./asker.ts, answerer: ./answerer.ts, next: ./next.ts, critic: ./critic.ts }
models: { writer: { scripted: ./writer.yaml, latencyTicks: 4 } }
tools: { search: { path: ./search.mjs, latencyTicks: 3 } }
agents:
  - { id: asker, module: asker, args: { questions: [why, how] }, capabilities: { send: [answerer], topics: [answers] } }
  - { id: answerer, module: answerer, capabilities: { send: ["*"], models: [writer], tools: [search] } }
  - { id: critic, module: critic, capabilities: { send: ["*"] } }
outputs: [{ topic: answers, file: out/answers.jsonl }]
`;
const search = `export default {
  idempotent: true,
  run: ({ query }) => "found for " + query,
};
`;
const writer = '- answer: "plan for {last}"\n';
const project = projectOf(
  { "engine.yaml": config, "search.mjs": search, "writer.yaml": writer },
  "assistant",
);
/** The version that comes: it counts the answers that it has not given itself. */
writeFileSync(
  join(project.folder, "next.ts"),
  readFileSync(join(project.folder, "answerer.ts"), "utf8").replace(
    "state: { answered: 0 },",
    `version: 2,
  state: { answered: 0, carried: 0 },
  migrate: (state: { answered: number }) => ({ ...state, carried: state.answered }),`,
  ),
);

/** What the answerer waits for, and a tick at whose end it does. */
const places = new Map<string, number>();
let undisturbed: RunResult;
let answers: string;

/** An upgrade takes a tick of its own: later answers come later, and say the same. */
const payloads = (lines: string): unknown[] =>
  lines
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { payload: unknown }).payload);
const figures = ({ chainHead, stateHash, fuel }: RunResult): unknown => ({ chainHead, stateHash, fuel });
const dirOf = (name: string): string => join(project.folder, name.replaceAll(/\W/g, "-"));
const answersFile = join(project.folder, "out/answers.jsonl");

/** In a process of its own only where that is killed: one costs more than all that the world does. */
async function opened(dir: string, isolation: "process" | "inline" = "inline"): Promise<RunningWorld> {
  return Engine.open(project.config, { dir, start: "paused", isolation });
}

/** A step is answered before its tick is on the disk. */
async function killedAfter(world: RunningWorld, tick: number): Promise<void> {
  while ((await inspectRun(world.dir, { isolation: "inline" })).tick < tick) await pause(10);
  process.kill(world.pid, "SIGKILL");
  await world.kill();
}

/** Executes until the answerer waits in that place. */
async function stepTo(world: RunningWorld, place: string): Promise<void> {
  const last = places.get(place) ?? -1;
  for (let tick = -1; tick < last;) ({ tick } = await world.step());
}

async function resumedTo(dir: string): Promise<RunResult> {
  await using world = await Engine.open(dir, { resume: true, isolation: "inline" });
  return await world.run();
}

async function waitingIn(dir: string, at?: number): Promise<readonly string[]> {
  const when = at === undefined ? {} : { at };
  const report = await inspectRun(dir, { agent: "answerer", isolation: "inline", ...when });
  const described = report.agents[0]?.describe as { waiting?: string[] } | undefined; // as the SDK describes
  return described?.waiting ?? [];
}

before(async () => {
  const dir = dirOf("undisturbed");
  await using world = await Engine.open(project.config, { dir });
  undisturbed = await world.run();
  answers = readFileSync(answersFile, "utf8");
  for (let tick = 0; tick < undisturbed.ticks && places.size < 4; tick++) {
    const report = await inspectRun(dir, { agent: "answerer", at: tick, isolation: "inline" });
    const described = report.agents[0]?.describe as { waiting?: string[] } | undefined; // as the SDK describes
    const [what] = described?.waiting ?? [];
    const name = what?.replace(/ (since|until) tick \d+$/, "");
    if (name !== undefined && !places.has(name)) places.set(name, tick);
  }
});
after(() => project.remove());

test("the agent answers, and waits in four places", () => {
  assert.equal(undisturbed.faults, 0, JSON.stringify(undisturbed.faultDetails));
  assert.deepEqual([...places.keys()], ["chat writer", "tool search", "ask critic", "sleep"]);
  const bodies = answers.trimEnd().split("\n");
  assert.equal(bodies.length, 2);
  assert.match(bodies[0] ?? "", /(weak|sound): plan for why \(facts: found for plan for why\)/);
});

for (const place of ["chat writer", "tool search", "ask critic", "sleep"]) {
  test(`[G3] kill -9 inside of "${place}": resumed, the run has the undisturbed head`, async () => {
    const dir = dirOf(`killed ${place}`);
    const world = await opened(dir, "process");
    await stepTo(world, place);
    await killedAfter(world, places.get(place) ?? -1);
    assert.ok((await waitingIn(dir)).some((what) => what.startsWith(place)));
    assert.deepEqual(figures(await resumedTo(dir)), figures(undisturbed));
    assert.equal(readFileSync(answersFile, "utf8"), answers);
  });

  test(`[G4] a snapshot inside of "${place}": restored, the run has the undisturbed head and replays`, async () => {
    const dir = dirOf(`snapshot ${place}`);
    const world = await opened(dir);
    await stepTo(world, place);
    await world.stop();
    assert.deepEqual(figures(await resumedTo(dir)), figures(undisturbed));
    const replay = await replayRun(dir, { isolation: "inline" });
    assert.ok(replay.verified, JSON.stringify(replay.firstDivergence));
  });

  test(`[G4] a fork inside of "${place}" that changes nothing has the undisturbed head`, async () => {
    const at = places.get(place) ?? -1;
    const dir = dirOf(`fork ${place}`);
    const fork = await forkRun(dirOf("undisturbed"), { at, dir, isolation: "inline" });
    assert.equal(fork.at, at);
    assert.ok((await waitingIn(dir, at)).some((what) => what.startsWith(place)));
    assert.deepEqual(figures(await resumedTo(dir)), figures(undisturbed));
  });

  test(`an upgrade inside of "${place}" waits, survives kill -9, carries the state over`, async () => {
    const dir = dirOf(`upgrade ${place}`);
    const twin = dirOf(`killed upgrade ${place}`);
    const upgraded: RunResult[] = [];
    for (const folder of [dir, twin]) {
      const world = await opened(folder, folder === twin ? "process" : "inline");
      await stepTo(world, place);
      await world.upgradeAgent("answerer", "next");
      const { tick } = await world.step();
      const { agents } = await world.inspect({ agent: "answerer" });
      assert.equal(agents[0]?.status, "draining");
      assert.equal(agents[0].upgrade?.sinceTick, tick);
      if (folder === twin) {
        await killedAfter(world, tick);
        upgraded.push(await resumedTo(folder));
      } else {
        upgraded.push(await world.run());
        await world.close();
      }
      const report = await inspectRun(folder, { agent: "answerer", isolation: "inline" });
      assert.equal(report.agents[0]?.moduleName, "next");
      assert.deepEqual(report.agents[0].describe, {
        state: { answered: 2, carried: 1 },
        waiting: [],
        queued: 0,
      });
    }
    const [straight, resumed] = upgraded;
    assert.ok(straight !== undefined && resumed !== undefined);
    assert.equal(straight.faults, 0, JSON.stringify(straight.faultDetails));
    assert.deepEqual(figures(resumed), figures(straight));
    assert.deepEqual(payloads(readFileSync(answersFile, "utf8")), payloads(answers));
    assert.ok((await replayRun(twin, { isolation: "inline" })).verified);
  });

  test(`an upgrade inside of "${place}" that may not wait so long is refused and names what is pending`, async () => {
    const dir = dirOf(`refused upgrade ${place}`);
    await using world = await opened(dir);
    await stepTo(world, place);
    await world.upgradeAgent("answerer", "next", { drainTicks: 1 });
    const result = await world.run();
    const [fault] = result.faultDetails;
    assert.equal(fault?.agentId, "answerer");
    assert.equal(fault.code, "HOST_DENIED");
    const [refusal, pending] = fault.detail.split("\npending at the end of its drainTicks: ");
    assert.equal(refusal, "the upgrade was refused");
    assert.match(pending ?? "", /^(inference writer|tool search|send critic|timer) since tick \d+$/);
    assert.equal(result.faults, 1);
    assert.deepEqual(payloads(readFileSync(answersFile, "utf8")), payloads(answers));
  });

  test(`an upgrade inside of "${place}" that may not wait at all is refused by the agent, which says why`, async () => {
    const dir = dirOf(`hasty upgrade ${place}`);
    await using world = await opened(dir);
    await stepTo(world, place);
    await world.upgradeAgent("answerer", "next", { drainTicks: 0 });
    const result = await world.run();
    const awaited = new RegExp(`not while something is suspended: ${place} (since|until) tick \\d+`);
    assert.match(result.faultDetails[0]?.detail ?? "", awaited);
    assert.equal(result.faults, 1);
    assert.deepEqual(payloads(readFileSync(answersFile, "utf8")), payloads(answers));
  });
}
