/** kill -9 of the relay's world while its courier holds a promise, at points spread over the run. */

import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { Engine, inspectRun } from "@wasm-engine/engine";
import type { RunResult } from "@wasm-engine/engine";

const relay = fileURLToPath(new URL("../../../examples/relay", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "wasm-engine-relay-"));
/** Passages of crash points in the undisturbed run are about 1,200. */
const points = Array.from({ length: 6 }, (_, index) => 60 + index * 190);

let undisturbed: RunResult;
let verdict = "";

before(async () => {
  for (const name of ["agents", "engine.yaml"]) {
    cpSync(join(relay, name), join(folder, name), { recursive: true });
  }
  // The loop stays close to the disk, so that a kill finds a run that was under way and not only its beginning.
  appendFileSync(join(folder, "engine.yaml"), "ticksAheadMax: 2\n");
  await using world = await Engine.open(join(folder, "engine.yaml"), { dir: join(folder, "undisturbed") });
  undisturbed = await world.run();
  verdict = readFileSync(join(folder, "out/verdict.jsonl"), "utf8");
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function crashed(dir: string, passage: number): Promise<void> {
  const testing = { crash: { point: "any", passage } } as const;
  const world = await Engine.open(join(folder, "engine.yaml"), { dir, testing });
  await world.run();
  await world.close();
}

const figures = ({ chainHead, stateHash, fuel }: RunResult): unknown => ({ chainHead, stateHash, fuel });

test("[G3] kill -9 while a promise is pending: resumed, the run has the undisturbed head and output", async () => {
  assert.match(verdict, /PASS/);
  let pending = 0;
  for (const passage of points) {
    const dir = join(folder, `killed-${passage}`);
    await assert.rejects(
      crashed(dir, passage),
      { code: "WE_WORLD_DIED" },
      `passage ${passage} is part of the run`,
    );
    const report = await inspectRun(dir, { agent: "courier", isolation: "inline" });
    const held = report.agents[0]?.describe as { waiting?: unknown[] } | undefined; // what its SDK describes
    if ((held?.waiting?.length ?? 0) > 0) pending++;
    await using resumed = await Engine.open(dir, { resume: true, isolation: "inline" });
    const result = await resumed.run();
    assert.deepEqual(figures(result), figures(undisturbed), `passage ${passage}`);
    assert.equal(readFileSync(join(folder, "out/verdict.jsonl"), "utf8"), verdict, `passage ${passage}`);
  }
  assert.ok(pending >= points.length / 2, `a promise was pending in ${pending} of ${points.length} kills`);
});
