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

test("[S14.sweep] [G10] a table that has no place is said before anything runs, and leaves no part of itself", () => {
  for (const out of [".", "engine.yaml/table.csv"]) {
    const refused = project.cli("sweep", "engine.yaml", "--out", out, "--dir", "unswept", "--json");
    const { code } = refused.document["error"] as { readonly code: string }; // DESIGN §14
    assert.deepEqual([refused.code, code], [4, "WE_CLI_FILE"], out);
    assert.ok(!existsSync(join(project.folder, "unswept")), out);
  }
});

test("[S14.sweep] sweep --from forks a run at a tick, once per combination, and keeps the futures below it", () => {
  const parent = project.cli("run", "engine.yaml", "--json");
  assert.equal(parent.code, 0, parent.stderr);
  const runId = String(parent.document["runId"]);
  const payloads = `input.7=${JSON.stringify([{ tick: 6, to: "left", word: "w6" }, { word: "other" }])}`;
  const metric = ["--metric", "seen=sum(agents, state.count)"];
  const args = ["sweep", "--from", runId, "--at", "4", "--set", payloads, "--set", "inputs=keep", ...metric];
  const futures = project.cli(...args, "--out", "futures.csv", "--json");
  assert.equal(futures.code, 0, futures.stderr);
  const { rows, reused } = futures.document as { rows: Row[]; reused: number };
  assert.deepEqual([rows.length, reused, rows[0]?.metrics["seen"]], [2, 0, 9]);
  assert.equal(rows[0]?.chainHead, parent.document["chainHead"], "the payload that it had");
  assert.notEqual(rows[1]?.chainHead, rows[0]?.chainHead);
  assert.match(readFileSync(join(project.folder, "futures.csv"), "utf8"), /^index,seed,input\.7,inputs,ok,/);
  const again = project.cli(...args, "--json").document as { rows: Row[]; reused: number };
  assert.deepEqual([again.reused, again.rows], [2, rows]);
  const tree = project.cli("runs", "--tree").stdout;
  assert.equal(tree.match(/^ {2}\S+ .*at 4/gm)?.length, 2, tree);
  const none = project.cli(
    "sweep",
    "--from",
    runId,
    "--at",
    "4",
    "--set",
    "inputs=none",
    ...metric,
    "--json",
  );
  assert.equal((none.document as { rows: Row[] }).rows[0]?.metrics["seen"], 5);
  const seeds = ["sweep", "--from", runId, "--seeds", "1,7"];
  const fixed = project.cli(...seeds, "--at", "4", "--json");
  assert.deepEqual([fixed.code, codeOf(fixed.document)], [2, "WE_FORK_GENESIS"]);
  const argument = project.cli("sweep", "--from", runId, "--at", "4", "--set", "args.left.x=1", "--json");
  assert.deepEqual([argument.code, codeOf(argument.document)], [2, "WE_FORK_GENESIS"]);
  const start = project.cli(...seeds, "--at", "start", "--json").document as { rows: Row[] };
  assert.equal(start.rows[1]?.chainHead, parent.document["chainHead"]);
  for (const wrong of [
    ["engine.yaml", "--from", runId, "--at", "4"],
    ["--at", "4"],
    ["engine.yaml", "--at", "4"],
    ["--from", runId],
    ["--from", runId, "--at", "4", "--set", "input.x=1"],
    ["--from", runId, "--at", "4", "--set", "nothing=1"],
  ])
    assert.equal(project.cli("sweep", ...wrong).code, 2, wrong.join(" "));
});

function codeOf(document: Readonly<Record<string, unknown>>): string {
  return (document["error"] as { readonly code: string }).code; // DESIGN §14
}
