/** Models of a world, with a fake model: when answers enter, what replay and resumption make of them. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeUtf8 } from "@wasm-engine/abi";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { batchesOf, fakeTesting, modelWorld } from "../testing/model-world.js";
import { freshFolder, loggedInputs, outputOf } from "../testing/run-folders.js";
import type { RunResult } from "../world/control.js";
import type { OpenOptions } from "../client/engine.js";
import type { ModelWorldOptions } from "../testing/model-world.js";

const folder = freshFolder("inference");

async function finished(options: ModelWorldOptions, open: OpenOptions = {}): Promise<RunResult> {
  const given = { isolation: "inline", testing: fakeTesting, ...open } as const;
  await using world = await Engine.open(await modelWorld(options), given);
  return await world.run();
}

/** Ticks of request and answer per logged result. */
function resultTicks(dir: string): number[] {
  return loggedInputs(dir)
    .filter(({ body }) => body.kind === "result")
    .map(({ tick }) => tick);
}

test("[G2] two lockstep runs have one chain, however slow the model is; a batch per tick", async () => {
  const quick = join(folder, "quick");
  const slow = join(folder, "slow");
  const first = await finished({ directory: quick });
  const second = await finished({ directory: slow, behaviour: { delayMs: 15 } });
  assert.equal(first.reason, "idle");
  assert.equal(first.inferences, 20);
  assert.equal(first.faults, 0);
  assert.equal(second.chainHead, first.chainHead);
  assert.equal(second.stateHash, first.stateHash);
  assert.equal(outputOf(slow), outputOf(quick));
  assert.ok(second.inferenceStallMs > 0, "ticks waited for answers");
  // Two records per tick, asked by two agents: one batch.
  assert.deepEqual(batchesOf(quick), Array<number>(10).fill(2));
  assert.deepEqual(batchesOf(slow), batchesOf(quick));
  const [line = ""] = outputOf(quick).split("\n");
  assert.match(line, /\}\\?"|kcit|}/);
  assert.deepEqual(
    first.models.map(({ name, provider, delivery, latencyTicks }) => [
      name,
      provider,
      delivery,
      latencyTicks,
    ]),
    [["m", "cpu", "lockstep", 1]],
  );
});

test("[G4] replay needs no model, and its folder may be gone", async () => {
  const directory = join(folder, "replayed");
  const { dir, chainHead } = await finished({ directory });
  rmSync(join(directory, "model"), { recursive: true });
  const report = await replayRun(dir, { isolation: "inline" });
  assert.equal(report.verified, true);
  assert.equal(report.chainHead, chainHead);
});

test("answers are due after the latency of the manifest, or of the configuration", async () => {
  const manifest = await finished({
    directory: join(folder, "latency-3"),
    behaviour: { latencyTicks: 3 },
    records: 1,
    span: 1,
  });
  assert.deepEqual(resultTicks(manifest.dir), [3]);
  const configured = await finished({
    directory: join(folder, "latency-5"),
    behaviour: { latencyTicks: 3 },
    setup: { latencyTicks: 5 },
    records: 1,
    span: 1,
  });
  assert.deepEqual(resultTicks(configured.dir), [5]);
});

test("recorded: nothing waits, every answer enters, replay agrees", async () => {
  const directory = join(folder, "recorded");
  const result = await finished({ directory, behaviour: { delayMs: 20 } }, { delivery: "recorded" });
  assert.equal(result.reason, "idle");
  assert.equal(result.inferenceStallMs, 0);
  assert.equal(resultTicks(result.dir).length, 20);
  assert.equal(outputOf(directory).trimEnd().split("\n").length, 20);
  assert.equal((await replayRun(result.dir, { isolation: "inline" })).verified, true);
});

test("recorded is the default of a run that follows the clock", async () => {
  const directory = join(folder, "paced");
  const sample = await modelWorld({ directory, behaviour: { delayMs: 5 }, records: 6, span: 3 });
  const fast = { ...sample, genesis: { ...sample.genesis, tickNanos: 2_000_000n } };
  await using world = await Engine.open(fast, { testing: fakeTesting, realtime: true });
  const result = await world.run();
  assert.equal(result.models[0]?.delivery, "recorded");
  assert.equal(resultTicks(result.dir).length, 6);
  assert.equal((await replayRun(result.dir, { isolation: "inline" })).verified, true);
});

test("a request times out after its ticks, and the late answer is dropped", async () => {
  const directory = join(folder, "timeout");
  const result = await finished({
    directory,
    behaviour: { latencyTicks: 10 },
    timeoutTicks: 4,
    records: 1,
    span: 1,
  });
  assert.match(outputOf(directory), /"code":"TIMEOUT"/);
  assert.deepEqual(resultTicks(result.dir), [], "no late answer is logged");
  assert.equal(result.ticks, 5);
  assert.equal((await replayRun(result.dir, { isolation: "inline" })).verified, true);
});

test("recorded: an idle world without a clock waits for the answer instead of passing to the timeout", async () => {
  const directory = join(folder, "held");
  const options = { directory, behaviour: { delayMs: 60 }, records: 1, span: 1, timeoutTicks: 3 };
  const result = await finished(options, { delivery: "recorded" });
  assert.doesNotMatch(outputOf(directory), /TIMEOUT/);
  assert.deepEqual(resultTicks(result.dir), [1]);
});

test("[G10] a bad request is answered FAILED, the others of its batch are not disturbed", async () => {
  const directory = join(folder, "bad");
  await using world = await Engine.open(await modelWorld({ directory, records: 0 }), {
    testing: fakeTesting,
  });
  await world.send("a1", { bad: "bad" });
  await world.send("a2", { good: 1 });
  await world.send("a3", { long: "long" });
  const { dir, faults } = await world.run();
  assert.equal(faults, 0);
  const results = loggedInputs(dir).flatMap(({ body }) => (body.kind === "result" ? [body] : []));
  const texts = results.map(({ ok, payload }) => `${ok} ${decodeUtf8(payload) ?? ""}`);
  assert.equal(texts.filter((text) => text.startsWith("true")).length, 1);
  assert.ok(
    texts.some((text) => text.includes('"message":"the fake model takes no bad input","retryable":false')),
  );
  assert.ok(texts.some((text) => text.includes("1100000 bytes, which no message holds")));
});

test("[G10] a model that cannot be loaded stops the open, and no run folder is left", async () => {
  const directory = join(folder, "refused");
  const dir = join(directory, "run");
  const opening = modelWorld({ directory, behaviour: { refuses: true } });
  await assert.rejects(Engine.open(await opening, { testing: fakeTesting, dir }), {
    code: "WE_MODEL_FOLDER",
  });
  await using world = await Engine.open(await modelWorld({ directory }), { testing: fakeTesting, dir });
  assert.equal((await world.run()).inferences, 20);
});

test("[G10] a thread that dies while it loads stops the open", async () => {
  const directory = join(folder, "dies-at-load");
  const opening = modelWorld({ directory, behaviour: { diesAtLoad: true } });
  await assert.rejects(Engine.open(await opening, { testing: fakeTesting }), {
    code: "WE_INFERENCE_THREAD",
    exitCode: 4,
  });
});

test("payloads near the limit of a message pass, more of them than the ring holds", async () => {
  const directory = join(folder, "large");
  const [inline, own] = await Promise.all(
    (["shared", "own"] as const).map(async (thread) => {
      const options = { directory: `${directory}-${thread}`, records: 0, agents: 6, setup: { thread } };
      const world = await Engine.open(await modelWorld(options), { testing: fakeTesting, start: "paused" });
      const sent = Promise.all(
        ["a1", "a2", "a3", "a4", "a5", "a6"].map((id) => world.send(id, { text: "x".repeat(900_000) })),
      );
      await sent;
      const result = await world.run();
      await world.close();
      return result;
    }),
  );
  assert.equal(inline?.inferences, 6);
  assert.equal(inline.faults, 0);
  assert.equal(outputOf(`${directory}-shared`).trimEnd().split("\n").length, 6);
  assert.equal(own?.stateHash, inline.stateHash);
});
