/** `sweep` as people and programs use it. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;
before(async () => {
  project = await echoProject();
});
after(() => project.remove());

interface Row {
  readonly ok: boolean;
  readonly chainHead: string;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly dir: string;
}

test("[S14.sweep] sweep writes a table, goes on with what it has, and keeps failures as rows", () => {
  const metric = ["--metric", "seen=sum(agents, state.count)", "--metric", "each=run.messages / run.ticks"];
  const args = ["sweep", "engine.yaml", "--seeds", "7..8", "--set", "stop.maxTicks=3,100", ...metric];
  const first = project.cli(...args, "--jobs", "2", "--out", "tables/out.csv", "--json");
  assert.equal(first.code, 0, first.stderr);
  const { rows, reused } = first.document as { rows: Row[]; reused: number };
  assert.deepEqual([rows.length, reused], [4, 0]);
  assert.deepEqual(
    rows.map(({ metrics }) => metrics["seen"]),
    [3, 3, 9, 9],
  );
  const alone = project.cli("run", "engine.yaml", "--dir", "alone", "--json");
  const third = rows[2];
  assert.equal(third?.chainHead, alone.document["chainHead"], "seed 7 is the configured one");
  assert.ok(existsSync(join(third?.dir ?? "", "outputs", "0-words.jsonl")));
  const table = readFileSync(join(project.folder, "tables", "out.csv"), "utf8")
    .trimEnd()
    .split("\n");
  assert.equal(table.length, 5);
  assert.match(table[0] ?? "", /^index,seed,stop\.maxTicks,ok,.*,seen,each,error,run$/);
  const again = project.cli(...args);
  assert.match(again.stdout, /4 runs, 4 of them known already, 0 failed/);
  const failing = project.cli("sweep", "engine.yaml", "--set", "clock.tickMs=1000,-1", "--json");
  assert.equal(failing.code, 1);
  const failed = failing.document as { rows: Row[]; failed: number };
  assert.deepEqual([failed.failed, ...failed.rows.map(({ ok }) => ok)], [1, true, false]);
  for (const wrong of [
    ["--seeds", "2..1"],
    ["--set", "x"],
    ["--metric", "x"],
    ["--seeds", "a"],
  ])
    assert.equal(project.cli("sweep", "engine.yaml", ...wrong).code, 2, wrong.join(" "));
});
