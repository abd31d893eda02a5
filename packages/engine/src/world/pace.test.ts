import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { freshFolder, loggedInputs } from "../testing/run-folders.js";
import { sampleWorld } from "../testing/sample-world.js";

const folder = freshFolder("pace");

test("[S14.run] a paced run gives the chain of an unpaced one where nothing enters from outside", async () => {
  const chains: string[] = [];
  for (const realtime of [false, true]) {
    const sample = await sampleWorld({ directory: join(folder, String(realtime)) });
    const paced = { ...sample, genesis: { ...sample.genesis, tickNanos: 2_000_000n } };
    await using world = await Engine.open(paced, { isolation: "inline", realtime });
    const { chainHead } = await world.run();
    chains.push(chainHead);
  }
  assert.equal(chains[0], chains[1]);
});

test("[G4] inputs of a paced run enter at the tick of the wall clock, in log order, and replay", async () => {
  const sample = await sampleWorld({ directory: join(folder, "live") });
  const paced = { ...sample, genesis: { ...sample.genesis, tickNanos: 5_000_000n } };
  const world = await Engine.open(paced, { isolation: "process", realtime: true, start: "live" });
  const ticks: number[] = [];
  for (let index = 0; index < 12; index += 1) {
    ticks.push((await world.send("a1", { index })).tick);
    await new Promise((resolve) => setTimeout(resolve, 12));
  }
  await world.stop();
  assert.deepEqual(
    ticks,
    [...ticks].sort((left, right) => left - right),
  );
  assert.ok(new Set(ticks).size > 4, "the clock moved on between inputs");
  const logged = loggedInputs(world.dir).map(({ tick }) => tick);
  assert.deepEqual(
    logged,
    [...logged].sort((left, right) => left - right),
  );
  const report = await replayRun(world.dir, { isolation: "inline" });
  assert.equal(report.verified, true);
});

test("[S14.run] records from standard input enter the world, and their end is the end of the inputs", async () => {
  const program = fileURLToPath(new URL("../testing/stdin-program.js", import.meta.url));
  const directory = join(folder, "stdin");
  const child = spawn(process.execPath, [program, directory], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString("utf8")));
  for (let index = 0; index < 50; index += 1) {
    child.stdin.write(`${JSON.stringify({ to: `a${(index % 5) + 1}`, n: index })}\n`);
    if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.stdin.end();
  await new Promise((resolve) => child.once("close", resolve));
  const result = JSON.parse(said) as { dir: string; inputs: number; reason: string };
  assert.equal(result.inputs, 50);
  assert.equal(result.reason, "inputs-done");
  const report = await replayRun(result.dir, { isolation: "inline" });
  assert.equal(report.verified, true);
});
