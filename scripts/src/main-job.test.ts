/** README's transcript is what the main job prints on every machine, and the example's tables what its worlds say. */

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { changeTable, changedMost, readScores, scoreTable } from "./airports/scores.js";
import { heavyRun } from "../../packages/engine/dist/testing/heavy-run.js";
import { airportsFolder } from "./airports/world-variant.js";
import {
  goldenLine,
  goldenProof,
  identicalLine,
  introduction,
  nextSteps,
  runWorld,
  summaryOf,
  verdictOf,
} from "./main-job.js";
import { repositoryRoot } from "./tidy/source-tree.js";

// Without the optimising compiler, which takes longer than it saves here: the tier shows in no chain.
const cut = runWorld("engine.cut.yaml", ["--liftoff-only"]);
const run = runWorld("engine.yaml");
after(() => {
  for (const { dir } of [cut, run]) rmSync(dir, { recursive: true, force: true });
});
const scores = { full: readScores(run.dir), cut: readScores(cut.dir) };

test("[G1] [G2] README's transcript is what the main job prints, chain head and golden bundle included", () => {
  assert.equal(goldenProof(run).line, goldenLine(run));
  const printed = [
    introduction,
    summaryOf("mail cut", cut),
    summaryOf("as it is", run),
    "",
    verdictOf(scores.full, scores.cut),
    "",
    `chain head ${run.chainHead}`,
    identicalLine(run), // that a replay prints it is for `npm start`: here the golden bundle is replayed
    goldenLine(run),
    "",
    nextSteps,
  ].join("\n");
  const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");
  const transcript = /^\$ npm ci && npm start\n([^`]*)```/m.exec(readme)?.[1]?.trimEnd() ?? "";
  const withoutSeconds = (text: string): string => text.replaceAll(/ in [\d.]+ s$/gm, " in N s");
  assert.equal(withoutSeconds(transcript), withoutSeconds(printed));
  assert.ok(printed.split("\n").length <= 25, "the newcomer reads one screen");
});

test("README's tables are what the worlds with and without mail say; every flight gets its forecasts", () => {
  const { full, cut } = scores;
  for (const { arbiter, airports } of [full, cut]) {
    assert.deepEqual([arbiter.flights, arbiter.stated, arbiter.trainingFlights], [20_000, 20_000, 12_888]);
    for (const [id, { failures, inTheAir }] of airports) assert.deepEqual([failures, inTheAir], [0, 0], id);
  }
  assert.ok([...cut.airports.values()].every(({ notes }) => notes === 0));
  assert.ok([...full.airports.values()].some(({ notes }) => notes > 0));
  assert.deepEqual(cut.arbiter.calendar, full.arbiter.calendar, "the calendar does not read mail");
  const readme = readFileSync(join(airportsFolder, "README.md"), "utf8");
  assert.ok(readme.includes(scoreTable(full, cut)), scoreTable(full, cut));
  const changes = changeTable(changedMost(full, cut, 10));
  assert.ok(readme.includes(changes), changes);
});

test("[G4] the airports go on from a snapshot after every tick of a short slice", () => {
  assert.deepEqual(heavyRun(run.dir, { from: 20, ticks: 4 }).restored, 4);
});
