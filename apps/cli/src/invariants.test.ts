/** Invariants as people and programs use them: `run`, `check`, `bisect`. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;

before(async () => {
  project = await echoProject();
  const run = project.cli("run", "engine.yaml", "--dir", "first", "--json");
  assert.equal(run.code, 0, run.stderr);
  const config = readFileSync(join(project.folder, "engine.yaml"), "utf8");
  project.write(
    "strict.yaml",
    `${config}invariants: [{ name: few, agent: right, expression: state.count < 4 }]\n`,
  );
});
after(() => project.remove());

test("[S14.check] check is 0 where all holds and 1 with a bundle where something does not", () => {
  const good = project.cli("check", "first", "--test", "state.count < 9", "--json");
  assert.deepEqual(
    [good.code, good.document["holds"], good.document["violation"]],
    [0, true, null],
    good.stderr,
  );
  const bad = project.cli("check", "first", "--config", "strict.yaml", "--json");
  assert.equal(bad.code, 1, bad.stderr);
  const { violation, bundle } = bad.document as { violation: Record<string, unknown>; bundle: string };
  const { tick, agent, values } = violation;
  assert.deepEqual([agent, values], ["right", [{ path: "state.count", value: 4 }]]);
  assert.ok(existsSync(bundle));
  const again = project.cli("check", bundle, "--config", "strict.yaml", "--json");
  assert.deepEqual(again.document["violation"], violation);
  assert.equal(again.document["bundle"], null);
  const text = project.cli("check", "first", "--config", "strict.yaml");
  assert.match(
    text.stdout,
    new RegExp(`violated at tick ${String(tick)}, agent right: few\\n.*\\n  state.count = 4\n`),
  );
  for (const expression of ["state.cuont < 4", '"a"']) {
    const odd = project.cli("check", "first", "--test", expression, "--json");
    const { code } = odd.document["error"] as { readonly code: string }; // DESIGN §14
    assert.deepEqual([odd.code, code], [2, "WE_INVARIANT_UNDECIDED"]);
  }
});

test("[S14.run] a broken invariant ends a run with 1, and leaves a bundle", () => {
  const run = project.cli("run", "strict.yaml", "--dir", "second", "--json");
  assert.equal(run.code, 1);
  const { error, reason, violation } = run.document as Record<string, { code: string; message: string }>;
  assert.equal(error?.code, "WE_INVARIANT_VIOLATED");
  assert.match(error.message, /"few" does not hold at tick 5 for agent right: state.count = 4/);
  assert.deepEqual([reason, typeof violation], ["invariant", "object"]);
  assert.ok(existsSync(join(project.folder, "second-few-5.bundle")));
});

test("[S14.bisect] bisect names the first bad tick and how it was found", () => {
  const found = project.cli("bisect", "first", "--test", 'agent("right").state.count < 4', "--json");
  assert.equal(found.code, 0, found.stderr);
  const { firstBad, lastGood, steps } = found.document as {
    firstBad: number;
    lastGood: number;
    steps: unknown[];
  };
  assert.deepEqual([firstBad, lastGood], [5, 4]);
  assert.ok(steps.length >= 3);
  const text = project.cli("bisect", "second", "--invariant", "few");
  assert.match(text.stdout, /^first bad tick 5, last good 4/);
  const none = project.cli("bisect", "first", "--json");
  assert.equal(none.code, 2);
  assert.equal(project.cli("bisect", "first", "--test", "tick < 900").code, 2);
});
