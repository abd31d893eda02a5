/** Several threads for one model: who answers shows in nothing. Real models once, fakes for what goes wrong. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { isLocalModel } from "../adapters/adapter-report.js";
import { Engine } from "../client/engine.js";
import { comparedRun, mixedRecords, writeModels } from "../testing/chain-comparison.js";
import { fakeTesting, modelWorld } from "../testing/model-world.js";
import type { ModelWorldOptions } from "../testing/model-world.js";
import { freshFolder, loggedInputs, outputOf } from "../testing/run-folders.js";
import { slowTesting } from "../testing/slow-inference.js";
import { textRecords } from "../testing/text-kills.js";
import { textWorld, writeFake } from "../testing/text-world.js";
import type { RunResult } from "../world/control.js";

// Compiling the runtime of models well would take longer than they run here.
setFlagsFromString("--liftoff-only");

const folder = freshFolder("model-workers");
const inline = { isolation: "inline", testing: fakeTesting } as const;

async function finished(options: ModelWorldOptions, inferenceWorkers?: number): Promise<RunResult> {
  const open = inferenceWorkers === undefined ? inline : { ...inline, inferenceWorkers };
  await using world = await Engine.open(await modelWorld(options), open);
  return await world.run();
}

// The long form: npm run test:inference-chains
test("[G1] texts and vectors: one chain for 1 and 2 inference workers and for delays; the stall is told", async () => {
  const models = await writeModels(join(folder, "models"));
  const records = mixedRecords(3);
  const ran = (workers: number, delayMsMax: number): Promise<RunResult> =>
    comparedRun({ directory: join(folder, `chain-${workers}`), models, records, workers, delayMsMax });
  const one = await ran(1, 0);
  const two = await ran(2, 10);
  assert.deepEqual([two.chainHead, two.stateHash], [one.chainHead, one.stateHash]);
  assert.deepEqual([one.faults, one.inferences, two.inferences], [0, 15, 15]);
  assert.ok(one.inferenceStallMs > 0 && two.inferenceStallMs > 0);
  assert.deepEqual(
    two.models.filter(isLocalModel).map(({ name, workers }) => [name, workers]),
    [
      ["m", 2],
      ["n", 2],
    ],
  );
});

test("[G1] texts of fakes: one chain for 1, 2 and 5 workers, late and not", async () => {
  const model = writeFake(join(folder, "writer"), {});
  const heads = new Set<string>();
  for (const [workers, delayMsMax] of [
    [1, 0],
    [2, 6],
    [5, 6],
  ] as const) {
    const directory = join(folder, `texts-${workers}`);
    const world = await textWorld({ directory, model, records: textRecords, setup: { workers } });
    const testing = slowTesting(delayMsMax, fakeTesting.inferenceService);
    await using running = await Engine.open(world, { isolation: "inline", testing });
    const { chainHead, inferences } = await running.run();
    assert.equal(inferences, textRecords.length);
    heads.add(chainHead);
  }
  assert.equal(heads.size, 1);
});

test("requests of a tick are shared out, and a worker that dies is asked again: the same chain", async () => {
  const plain = { records: 40, span: 4, agents: 5 };
  const alone = await finished({ directory: join(folder, "alone"), ...plain });
  const directory = join(folder, "shared");
  const setup = { workers: 2 };
  const both = await finished({ directory, setup, ...plain, behaviour: { diesInBatch: 1 } });
  assert.deepEqual([both.inferenceThreadDeaths, both.chainHead], [1, alone.chainHead]);
  assert.equal(outputOf(directory), outputOf(join(folder, "alone")));
  const calls = readFileSync(join(directory, "model/calls.txt"), "utf8").trimEnd().split("\n");
  const sizes = calls.map((line) => Number(line.split(" ")[1]));
  assert.ok(sizes.length >= 8 && Math.max(...sizes) <= 5, `${sizes.join()}: half of ten requests at most`);
});

test("a worker on another provider answers alone from then on; run.json keeps what was configured", async () => {
  const directory = join(folder, "changes");
  const options = { directory, records: 40, span: 10, setup: { workers: 2 } };
  const result = await finished({ ...options, behaviour: { changesInBatch: 2 } }, 3);
  const [model] = result.models.filter(isLocalModel);
  assert.deepEqual([model?.provider, model?.workers], ["wasm", 3]);
  const changes = loggedInputs(result.dir).filter(({ body }) => body.kind === "provider-changed");
  assert.ok(changes.length >= 1 && changes.length <= 3, `${changes.length} changes`);
  const info = JSON.parse(readFileSync(join(result.dir, "run.json"), "utf8")) as {
    readonly setup: { readonly models: readonly { readonly workers?: number }[] };
  }; // run.json
  assert.equal(info.setup.models[0]?.workers, 2);
});

test("[G10] a number of workers that is none is refused", async () => {
  for (const inferenceWorkers of [0, -1, 1.5, 65])
    await assert.rejects(Engine.open("anything", { inferenceWorkers }), { code: "WE_INFERENCE_WORKERS" });
});
