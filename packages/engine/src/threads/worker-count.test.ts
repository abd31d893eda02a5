import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../client/engine.js";
import { GrowthWatch } from "./growth-watch.js";
import {
  autoAgentsMin,
  autoWorkersMax,
  growthExecuteMs,
  growthPatienceWindows,
  growthTurnsMin,
  growthWindowTicks,
  workersMax,
} from "./limits.js";
import { parseWorkers, workerPlan } from "./worker-count.js";

test("[G10] workers are auto or a whole number from 1", async () => {
  assert.equal(parseWorkers("auto"), "auto");
  assert.equal(parseWorkers("3"), 3);
  assert.equal(parseWorkers(workersMax), workersMax);
  for (const wrong of ["", "0", "-1", "1.5", "many", 0, 2.5, NaN, workersMax + 1, null]) {
    assert.throws(() => parseWorkers(wrong), { code: "WE_EXECUTOR_WORKERS", exitCode: 2 }, String(wrong));
  }
  await assert.rejects(Engine.open("anything", { workers: 0 }), { code: "WE_EXECUTOR_WORKERS" });
});

test("auto: small worlds begin with one thread, large ones with the cores of the machine up to a ceiling", () => {
  const small = { workers: 4, startsAlone: true };
  assert.deepEqual(workerPlan("auto", autoAgentsMin - 1, 4), small);
  assert.deepEqual(workerPlan("auto", autoAgentsMin, 2), { workers: 2, startsAlone: false });
  assert.deepEqual(workerPlan("auto", 1_000_000, 64), { workers: autoWorkersMax, startsAlone: false });
  assert.deepEqual(workerPlan(7, 1, 2), { workers: 7, startsAlone: false });
});

/** What a watch says after each of the windows. */
function wishes(watch: GrowthWatch, windows: readonly (readonly [turns: number, ms: number])[]): boolean[] {
  let isThreaded = false;
  return windows.map(([turns, executeMs]) => {
    for (let tick = 0; tick < growthWindowTicks; tick += 1)
      isThreaded = watch.note(turns, executeMs, isThreaded);
    return isThreaded;
  });
}

test("auto: threads come where several turns keep a tick busy for long", () => {
  const busy = [growthTurnsMin, growthExecuteMs * 2] as const;
  const light = [growthTurnsMin, growthExecuteMs / 2] as const;
  const single = [growthTurnsMin - 1, growthExecuteMs * 2] as const;
  assert.deepEqual(wishes(new GrowthWatch(), [busy, busy]), [false, true]);
  assert.deepEqual(
    wishes(new GrowthWatch(), [light, light, light]),
    [false, false, false],
    "waking costs more",
  );
  assert.deepEqual(
    wishes(new GrowthWatch(), [single, single, single]),
    [false, false, false],
    "nothing to share",
  );
  assert.deepEqual(wishes(new GrowthWatch(), [busy, light, busy, light]), [false, false, false, false]);
});

test("auto: threads that save nothing are given up and tried again later, ever more rarely", () => {
  const alone = [10, 2] as const;
  const faster = [10, 1] as const;
  const watch = new GrowthWatch();
  assert.deepEqual(wishes(watch, [alone, alone, faster, faster, faster]), [false, true, true, true, true]);
  const crowded = new GrowthWatch();
  const said = wishes(crowded, Array<typeof alone>(8 * growthPatienceWindows).fill(alone));
  const trials = said.flatMap((isThreaded, index) => (isThreaded && said[index - 1] !== true ? [index] : []));
  const gaps = trials.map((index, trial) => index - (trials[trial - 1] ?? 0)).slice(1);
  assert.ok(gaps.length >= 2, `${trials.join(" ")}`);
  assert.ok(
    gaps.every((gap, index) => index === 0 || gap > (gaps[index - 1] ?? 0)),
    gaps.join(" "),
  );
});
