import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { autoAgentsMin, autoWorkersMax, workersMax } from "./limits.js";
import { parseWorkers, workerCount } from "./worker-count.js";

test("[G10] workers are auto or a whole number from 1", async () => {
  assert.equal(parseWorkers("auto"), "auto");
  assert.equal(parseWorkers("3"), 3);
  assert.equal(parseWorkers(workersMax), workersMax);
  for (const wrong of ["", "0", "-1", "1.5", "many", 0, 2.5, NaN, workersMax + 1, null]) {
    assert.throws(() => parseWorkers(wrong), { code: "WE_EXECUTOR_WORKERS", exitCode: 2 }, String(wrong));
  }
  await assert.rejects(Engine.open("anything", { workers: 0 }), { code: "WE_EXECUTOR_WORKERS" });
});

test("auto: one thread for small worlds, else the cores of the machine up to a ceiling", () => {
  assert.equal(workerCount("auto", autoAgentsMin - 1, 8), 1);
  assert.equal(workerCount("auto", autoAgentsMin, 1), 1);
  assert.equal(workerCount("auto", autoAgentsMin, 2), 2);
  assert.equal(workerCount("auto", 1_000_000, 64), autoWorkersMax);
  assert.equal(workerCount(7, 1, 2), 7);
});
