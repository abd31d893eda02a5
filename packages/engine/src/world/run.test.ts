import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import { freshFolder, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import type { RunResult } from "./control.js";
import type { StopRule } from "./contract.js";

const folder = freshFolder("run");

interface Finished {
  readonly result: RunResult;
  readonly output: string;
}

async function finish(
  name: string,
  options: Parameters<typeof Engine.open>[1],
  sample: Partial<Parameters<typeof sampleWorld>[0]> = {},
): Promise<Finished> {
  const directory = join(folder, name);
  await using world = await Engine.open(await sampleWorld({ directory, ...sample }), options);
  const result = await world.run();
  return { result, output: outputOf(directory) };
}

test("[G1] [S14.run] twins, inline and in processes, have one chain head and equal output", async () => {
  const inline = await finish("inline", { isolation: "inline" });
  const child = await finish("child", { isolation: "process" });
  const again = await finish("again", { isolation: "process" });
  for (const twin of [child, again]) {
    assert.equal(twin.result.chainHead, inline.result.chainHead);
    assert.equal(twin.result.stateHash, inline.result.stateHash);
    assert.equal(twin.result.turnsExecuted, inline.result.turnsExecuted);
    assert.equal(twin.result.fuel, inline.result.fuel);
    assert.equal(twin.output, inline.output);
  }
  assert.ok(inline.output.length > 1000, "the world says something");
});

test("[G1] another seed gives another chain", async () => {
  const one = await finish("seed-1", { isolation: "inline" }, { seed: 1 });
  const two = await finish("seed-2", { isolation: "inline" }, { seed: 2 });
  assert.notEqual(one.result.chainHead, two.result.chainHead);
});

test("[G2] one chain in every compiler tier; the executing flags are reported", async () => {
  const heads = new Set<string>();
  for (const v8Flags of [[], ["--liftoff-only"], ["--no-liftoff"]]) {
    const { result } = await finish(`tier${v8Flags.join("")}`, { v8Flags });
    for (const flag of [...v8Flags, "--disable-wasm-trap-handler"])
      assert.ok(result.v8Flags.includes(flag), flag);
    heads.add(result.chainHead);
  }
  assert.equal(heads.size, 1);
});

test("[S14.run] a run reports what DESIGN asks for", async () => {
  const { result } = await finish("report", { isolation: "inline" });
  const numbers = [
    "ticks",
    "agents",
    "messages",
    "inferences",
    "fuel",
    "faults",
    "turnsExecuted",
    "wallMs",
  ] as const;
  for (const name of numbers) assert.ok(Number.isSafeInteger(result[name]), name);
  for (const name of ["chainHead", "stateHash"] as const) assert.match(result[name], /^[0-9a-f]{64}$/);
  assert.equal(result.ticks, 70);
  assert.equal(result.agents, 6);
  assert.equal(result.inputs, 120);
  assert.equal(result.node, process.versions.node);
  assert.deepEqual(result.v8Flags, []);
  assert.ok(result.dir.includes(join(".wasm-engine", "runs", result.runId)));
});

test("[S14.run] every stop rule ends the run where it says", async () => {
  const rules: [StopRule, string, number][] = [
    [{ when: "tick", tick: 33 }, "tick", 33],
    [{ when: "inputs-done" }, "inputs-done", 60],
    [{ when: "idle", maxTicks: 80 }, "max-ticks", 80],
    [{ when: "exit", agent: "nobody" as AgentId, maxTicks: 10 }, "max-ticks", 10],
  ];
  for (const [stop, reason, ticks] of rules) {
    const { result } = await finish(`stop-${reason}-${ticks}`, { isolation: "inline" }, { stop });
    assert.equal(result.reason, reason);
    assert.equal(result.ticks, ticks);
  }
});

test("[S14.run] a run that is stopped at a tick and goes on ends like one that was not", async () => {
  const whole = await finish("whole", { isolation: "inline" });
  const directory = join(folder, "parts");
  await using world = await Engine.open(await sampleWorld({ directory }), { isolation: "inline" });
  const part = await world.run({ ticks: 25 });
  assert.equal(part.ticks, 25);
  assert.equal(part.reason, "ticks");
  const result = await world.run();
  assert.equal(result.chainHead, whole.result.chainHead);
  assert.equal(result.turnsExecuted, whole.result.turnsExecuted);
});

test("[G10] the folder of a new run must not exist", async () => {
  const dir = join(folder, "taken");
  const sample = await sampleWorld({ directory: join(folder, "taken-config") });
  await using first = await Engine.open(sample, { isolation: "inline", dir });
  await first.run({ ticks: 1 });
  await assert.rejects(Engine.open(sample, { isolation: "inline", dir }), { code: "WE_RUN_EXISTS" });
  await assert.rejects(Engine.open(dir, { resume: true, isolation: "inline" }), { code: "WE_RUN_LOCKED" });
});
