/** Agents ask an encoder in a folder for vectors of texts: due ticks, equal bits whoever asks, replay without it. */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { replayRun } from "../client/replay-run.js";
import { freshFolder } from "../testing/run-folders.js";
import { agentHandle, enteredIn, textWorld, writeEncoder } from "../testing/text-world.js";
import type { TextRecord } from "../testing/text-world.js";
import type { RunResult } from "../world/control.js";

const folder = freshFolder("encoder");

const texts = [
  "the tea is warm",
  "night and day",
  "a good coffee and cold water",
  "tea",
  "warmer",
  "goodly day",
];
const records: readonly TextRecord[] = [
  ...texts.map((input, index) => ({ tick: 2, to: `a${index + 1}`, input })),
  { tick: 5, to: "a1", input: texts[1] ?? "", pooling: "cls" },
  { tick: 5, to: "a2", input: "tea ".repeat(60) },
  { tick: 5, to: "a3", input: 7 },
];

async function ran(name: string, asked: readonly TextRecord[], model: string): Promise<RunResult> {
  const directory = join(folder, name);
  const world = await textWorld({ directory, model, records: asked });
  await using running = await Engine.open(world, { isolation: "inline" });
  return await running.run();
}

const vectorsIn = (dir: string): ReadonlyMap<number, unknown> =>
  new Map(
    enteredIn(dir)
      .filter(({ tick }) => tick === 3)
      .map(({ agent, body }) => [agent, body["embeddings"]]),
  );

test("[G8] vectors enter at the next tick, and no agent's hang on who else asks", async () => {
  const model = await writeEncoder(join(folder, "model"));
  const { dir, faults, inferences, chainHead } = await ran("all", records, model);
  assert.deepEqual([faults, inferences], [0, 9]);
  const vectors = vectorsIn(dir);
  assert.equal(vectors.size, texts.length);
  const fewer = await ran("fewer", [...records.slice(4, 6), ...records.slice(1, 2)], model);
  const alone = vectorsIn(fewer.dir);
  assert.equal(alone.size, 3);
  for (const [agent, vector] of alone) assert.deepEqual(vector, vectors.get(agent));
  assert.equal((vectors.get(agentHandle("a1")) as number[][])[0]?.length, 16); // contract of the answer
  const later = enteredIn(dir).filter(({ tick }) => tick === 6);
  const codes = new Map(later.map(({ agent, ok, body }) => [agent, ok ? "vector" : body["code"]]));
  assert.deepEqual(
    ["a1", "a2", "a3"].map((id) => codes.get(agentHandle(id))),
    ["vector", "CONTEXT_LIMIT", "BAD_INPUT"],
  );
  rmSync(model, { recursive: true });
  const replayed = await replayRun(dir, { isolation: "inline" });
  assert.deepEqual([replayed.verified, replayed.chainHead], [true, chainHead]);
});
