/**
 * Executes a random plan in every way that must make no difference: twice in this thread, in a process that is
 * killed and resumed, in several threads of which one may die, again from the log, and again from every snapshot.
 * Throws at the first difference.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import { SeededRandom } from "../../../core/dist/testing/seeded-random.js";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import type { RunningWorld } from "../client/running-world.js";
import type { RunResult } from "../world/control.js";
import { randomPlan } from "./random-plan.js";
import type { RandomPlan } from "./random-plan.js";
import { loggedInputs } from "./run-folders.js";

const inline = { isolation: "inline" } as const;
const tiers: readonly (readonly string[])[] = [[], ["--liftoff-only"], ["--no-liftoff"]];

/** What a seed exercised, so that a test can say that its seeds exercise something. */
export interface RandomFigures {
  readonly ticks: number;
  readonly turns: number;
  readonly faults: number;
  readonly snapshots: number;
  readonly killed: boolean;
}

interface Finished {
  readonly result: RunResult;
  readonly outputs: readonly string[];
}

/** @throws AssertionError naming what differs */
export async function checkRandomWorld(seed: number, folder: string): Promise<RandomFigures> {
  const plan = randomPlan(seed);
  const first = await finish(plan, join(folder, "first"), plan.snapshotEvery, inline);
  const twin = await finish(plan, join(folder, "twin"), undefined, inline);
  assertSame("a twin without snapshots", twin, first);
  const { finished, killed } = await finishKilled(plan, join(folder, "killed"), first.result);
  assertSame("a run that was killed", finished, first);
  const threads = await finishThreaded(plan, join(folder, "threads"));
  assertSame("a run of several threads", threads, first);
  const snapshots = snapshotTicks(first.result.dir);
  await assertReplays(first.result, undefined);
  for (const from of snapshots) await assertReplays(first.result, from);
  await assertReplays(finished.result, undefined);
  const { ticks, turnsExecuted: turns, faults } = first.result;
  return { ticks, turns, faults, snapshots: snapshots.length, killed };
}

async function finish(
  plan: RandomPlan,
  directory: string,
  snapshotEvery: number | undefined,
  options: OpenOptions,
): Promise<Finished> {
  const resolved = await plan.world(directory, snapshotEvery);
  const dir = join(directory, "run");
  await using world = await Engine.open(resolved, { start: "paused", dir, ...options });
  const result = await drive(world, plan, new Set());
  return { result, outputs: outputsOf(directory) };
}

/** Dies at a random place, perhaps again while it is resumed, and goes on. */
async function finishKilled(
  plan: RandomPlan,
  directory: string,
  undisturbed: RunResult,
): Promise<{ readonly finished: Finished; readonly killed: boolean }> {
  const random = new SeededRandom(plan.seed ^ 0x5eed);
  const v8Flags = random.pick(tiers);
  const passage = 1 + random.below(3 * undisturbed.ticksExecuted);
  const crash = { point: "any", passage } as const;
  let killed = await dies(finish(plan, directory, plan.snapshotEvery, { v8Flags, testing: { crash } }));
  const dir = join(directory, "run");
  const resume = async (options: OpenOptions): Promise<Finished> => {
    await using world = await Engine.open(dir, { resume: true, start: "paused", ...options });
    const result = await drive(world, plan, new Set(loggedInputs(dir).map(({ key }) => key)));
    return { result, outputs: outputsOf(directory) };
  };
  if (random.oneIn(3)) {
    const again = { point: "any", passage: 1 + random.below(40) } as const;
    if (await dies(resume({ v8Flags: random.pick(tiers), testing: { crash: again } }))) killed = true;
  }
  return { finished: await resume(inline), killed };
}

/** Several threads that are late, or one of which dies. */
async function finishThreaded(plan: RandomPlan, directory: string): Promise<Finished> {
  const random = new SeededRandom(plan.seed ^ 0x7ead);
  const workers = 2 + random.below(4);
  const kill = `kill:${1 + random.below(workers - 1)}@${random.below(plan.ticks)}`;
  const threads = random.oneIn(2) ? kill : `delay:${1 + random.below(1000)}`;
  const every = random.oneIn(2) ? plan.snapshotEvery : undefined;
  return finish(plan, directory, every, { workers, testing: { threads } });
}

/** True where the world process died as planned, false where its run ended before. */
async function dies(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (!EngineError.is(error) || error.code !== "WE_WORLD_DIED") throw error;
    return true;
  }
}

/** Makes the calls of the plan at their ticks; `logged` are those that an earlier life has made. */
async function drive(
  world: RunningWorld,
  plan: RandomPlan,
  logged: ReadonlySet<string | undefined>,
): Promise<RunResult> {
  for (const [tick, calls] of plan.calls) {
    await until(world, { until: "never", ticks: tick });
    const due = calls.filter(({ key }) => !logged.has(key));
    await Promise.all(due.map(({ key, call }) => call(world, key)));
  }
  return until(world, {});
}

/** A fault that was escalated to nobody stops a run; here it goes on. */
async function until(world: RunningWorld, options: Parameters<RunningWorld["run"]>[0]): Promise<RunResult> {
  for (;;) {
    const result = await world.run(options);
    if (result.reason !== "unsupervised") return result;
  }
}

function assertSame(name: string, actual: Finished, expected: Finished): void {
  const members = [
    "chainHead",
    "stateHash",
    "ticks",
    "turnsExecuted",
    "fuel",
    "faults",
    "messages",
    "inputs",
  ];
  for (const member of members as (keyof RunResult)[])
    assert.deepEqual(actual.result[member], expected.result[member], `${name}: ${member}`);
  assert.deepEqual(actual.outputs, expected.outputs, `${name}: outputs`);
}

async function assertReplays(run: RunResult, from: number | undefined): Promise<void> {
  const report = await replayRun(run.dir, { ...inline, ...(from === undefined ? {} : { from }) });
  const where = `replay of ${run.dir} from ${from ?? "the start"}`;
  assert.deepEqual(report.firstDivergence, undefined, where);
  assert.equal(report.verified, true, where);
  assert.equal(report.chainHead, run.chainHead, where);
  if (from === undefined) assert.equal(report.turnsExecuted, run.turnsExecuted, where);
  else assert.equal(report.from, from + 1, where);
}

function snapshotTicks(dir: string): readonly number[] {
  return readdirSync(join(dir, "snapshots")).map((name) => Number(name.slice(0, 16)) - 1);
}

function outputsOf(directory: string): readonly string[] {
  const files = readdirSync(directory).filter((name) => /^w\d\.jsonl$/.test(name));
  return files.sort().map((name) => `${name}: ${readFileSync(join(directory, name), "utf8")}`);
}
