import assert from "node:assert/strict";
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { sha256Hex } from "../crypto/node-crypto.js";
import { folderText } from "../testing/guest-text.js";
import { changeInfo, freshFolder, inLanes, loggedInputs, outputOf } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";
import { readRunStore } from "./run-store.js";
import type { Acknowledgement, RunResult } from "./control.js";

const folder = freshFolder("resume");
const lanes = 3;
/** Passages of crash points that every tick has; how often something is released depends on the disk. */
const passagesPerTick = 3;

let undisturbed: RunResult;
let undisturbedOutput = "";

before(async () => {
  const directory = join(folder, "undisturbed");
  await using world = await Engine.open(await sampleWorld({ directory, snapshotEvery: 20 }), {
    isolation: "inline",
  });
  undisturbed = await world.run();
  undisturbedOutput = outputOf(directory);
});

/** In this thread where many are resumed: a process each would only cost time. */
async function finishResumed(name: string, isolation: "process" | "inline" = "inline"): Promise<RunResult> {
  await using world = await Engine.open(join(folder, name, "run"), { resume: true, isolation });
  return await world.run();
}

function assertUndisturbed(name: string, result: RunResult): void {
  assert.equal(result.chainHead, undisturbed.chainHead, name);
  assert.equal(result.stateHash, undisturbed.stateHash, name);
  assert.equal(result.turnsExecuted, undisturbed.turnsExecuted, name);
  assert.equal(result.fuel, undisturbed.fuel, name);
  assert.equal(result.inputs, undisturbed.inputs, name);
  assert.equal(outputOf(join(folder, name)), undisturbedOutput, name);
}

/** Runs until the process kills itself at the n-th passage of any crash point. */
async function crashAt(
  name: string,
  passage: number,
  snapshots: { snapshotEvery?: number } = { snapshotEvery: 20 },
): Promise<void> {
  const directory = join(folder, name);
  const sample = await sampleWorld({ directory, ...snapshots });
  const died = Engine.open(sample, {
    dir: join(directory, "run"),
    testing: { crash: { point: "any", passage } },
  }).then(async (world) => {
    await world.run();
    await world.close();
  });
  await assert.rejects(
    died,
    {
      code: "WE_WORLD_DIED",
      retryable: true,
      details: { cause: "signal SIGKILL", dir: join(directory, "run") },
    },
    `passage ${passage} is part of the run`,
  );
}

test("[G3] [S14.run] kill -9 at 52 points: resumed, a run has the undisturbed head and output", async () => {
  const passages = passagesPerTick * undisturbed.ticksExecuted;
  const points = Array.from({ length: 52 }, (_, index) => 1 + Math.floor((index * passages) / 52));
  assert.equal(new Set(points).size, 52);
  let quarterOnDisk = 0;
  await inLanes(points, lanes, async (passage) => {
    const name = `point-${passage}`;
    await crashAt(name, passage);
    const ticksOnDisk = readRunStore(join(folder, name, "run")).recovered.tick + 1;
    if (ticksOnDisk >= undisturbed.ticks / 4) quarterOnDisk += 1;
    assertUndisturbed(name, await finishResumed(name));
  });
  assert.ok(
    quarterOnDisk >= points.length / 2,
    `a quarter of the ticks was on disk at ${quarterOnDisk} points`,
  );
});

test("[G3] a run that is killed again and again while it is resumed ends undisturbed", async () => {
  const name = "again";
  await crashAt(name, 90);
  for (const passage of [3, 40, 90]) {
    const dir = join(folder, name, "run");
    const died = Engine.open(dir, { resume: true, testing: { crash: { point: "any", passage } } }).then(
      (world) => world.run(),
    );
    await assert.rejects(died, { code: "WE_WORLD_DIED" });
  }
  assertUndisturbed(name, await finishResumed(name, "process"));
});

test("[G3] SIGKILL from outside at any time leaves a run that ends undisturbed", async () => {
  const delays = [5, 40, 90, 150];
  await inLanes(delays, lanes, async (delay) => {
    const name = `outside-${delay}`;
    const directory = join(folder, name);
    const sample = await sampleWorld({ directory, snapshotEvery: 20 });
    const world = await Engine.open(sample, { dir: join(directory, "run") });
    const running = world.run().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, delay));
    process.kill(world.pid, "SIGKILL");
    await running;
    await world.kill();
    assertUndisturbed(name, await finishResumed(name));
  });
});

test("[G3] every acknowledged input is in the log exactly once after a kill", async () => {
  const directory = join(folder, "acknowledged");
  const dir = join(directory, "run");
  const sample = await sampleWorld({ directory, records: 1, span: 1 });
  const world = await Engine.open(sample, { dir, start: "live" });
  const acknowledged = new Map<string, Acknowledgement>();
  const calls: Promise<void>[] = [];
  for (let index = 0; index < 300; index += 1) {
    const key = `key-${index}`;
    const call = world.send(`a${(index % 5) + 1}`, { index }, { key });
    const settled = call.then((acknowledgement) => void acknowledged.set(key, acknowledgement));
    settled.catch(() => undefined); // looked at below, after the kill has rejected it
    calls.push(settled);
    if (index === 150) await calls[100];
    if (index === 150) process.kill(world.pid, "SIGKILL");
    if (index % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
  }
  const outcomes = await Promise.allSettled(calls);
  assert.ok(
    outcomes.some(({ status }) => status === "rejected"),
    "the kill cut some calls off",
  );
  assert.ok(acknowledged.size >= 100);
  await using resumed = await Engine.open(dir, { resume: true });
  await resumed.run({ until: "never", ticks: 400 });
  await resumed.close();
  const inputs = loggedInputs(dir);
  for (const [key, { seq, tick, durability }] of acknowledged) {
    const found = inputs.filter((input) => input.key === key);
    assert.equal(found.length, 1, key);
    assert.equal(found[0]?.seq, seq);
    assert.equal(found[0]?.tick, tick);
    assert.equal(durability, "sync");
  }
});

test("[G3] a run that was stopped cleanly goes on, and a finished one finishes again at once", async () => {
  const name = "clean";
  const directory = join(folder, name);
  const dir = join(directory, "run");
  const sample = await sampleWorld({ directory, snapshotEvery: 20 });
  const world = await Engine.open(sample, { dir });
  await world.run({ ticks: 31 });
  const stopped = await world.stop();
  assert.equal(stopped.ticks, 31);
  assertUndisturbed(name, await finishResumed(name));
  assertUndisturbed(name, await finishResumed(name));
});

test("[G4] an exchanged module is refused with both digests", async () => {
  const name = "exchanged";
  await crashAt(name, 120);
  const modules = join(folder, name, "run", "modules");
  const sample = await sampleWorld({ directory: join(folder, "exchanged-config") });
  const [digest, module] = [...sample.modules][0] ?? [];
  const path = join(modules, `${String(digest)}.wasm`);
  const changed = Buffer.from(readFileSync(path));
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  writeFileSync(path, changed);
  assert.equal(module?.name, "folder");
  const refused = finishResumed(name);
  await assert.rejects(
    refused,
    (error: { code: string; exitCode: number; details: Record<string, string> }) => {
      assert.equal(error.code, "WE_MODULE_DIGEST_MISMATCH");
      assert.equal(error.exitCode, 3);
      assert.equal(error.details["expected"], digest);
      assert.match(error.details["actual"] ?? "", /^[0-9a-f]{64}$/);
      assert.notEqual(error.details["actual"], digest);
      return true;
    },
  );
});

test("[G3] bytes of an output that a crash left are completed, foreign ones are refused", async () => {
  const name = "outputs";
  await crashAt(name, 150, {});
  const path = join(folder, name, "out.jsonl");
  const whole = readFileSync(path, "utf8");
  writeFileSync(path, whole.slice(0, -7));
  assertUndisturbed(name, await finishResumed(name));
  const foreign = "foreign";
  await crashAt(foreign, 150, {});
  appendFileSync(join(folder, foreign, "out.jsonl"), '{"not":"ours"}\n');
  await assert.rejects(finishResumed(foreign), { code: "WE_OUTPUT_FOREIGN" });
});

test("[G4] a damaged snapshot is passed over and an older state used", async () => {
  const name = "snapshot";
  const directory = join(folder, name);
  const sample = await sampleWorld({ directory, snapshotEvery: 20 });
  const world = await Engine.open(sample, { dir: join(directory, "run"), isolation: "inline" });
  await world.run({ ticks: 45 });
  await world.close();
  const snapshots = join(directory, "run", "snapshots");
  const names = readdirSync(snapshots).sort();
  assert.ok(names.length >= 2, "there is an older one");
  const newest = names.at(-1) ?? "";
  const bytes = Buffer.from(readFileSync(join(snapshots, newest)));
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(join(snapshots, newest), bytes);
  assertUndisturbed(name, await finishResumed(name));
});

test("[G4] [S14.replay] a folder whose code computes something else: resume is refused", async () => {
  const name = "diverged";
  const directory = join(folder, name);
  await crashAt(name, 150, {});
  const dir = join(directory, "run");
  const other = folderText.replace("16777619", "16777259");
  const { modules } = await sampleWorld({ directory: join(folder, "other"), text: other });
  const instrumented = [...modules.values()][0]?.instrumented ?? new Uint8Array(0);
  const replaced = sha256Hex(instrumented);
  writeFileSync(join(dir, "modules", `${replaced}.wasm`), instrumented);
  changeInfo(dir, /("instrumented": ")[0-9a-f]{64}/, `$1${replaced}`);
  await assert.rejects(finishResumed(name), { code: "WE_RUN_DIVERGED", exitCode: 3 });
  const report = await replayRun(dir, { isolation: "inline" });
  assert.equal(report.verified, false);
  assert.equal(report.firstDivergence?.cause, "log");
  assert.equal(report.firstDivergence.tick, 0);
});
