import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listRunIds, newRunId, resolveRun, runsDirectory } from "./run-reference.js";

let base = "";
before(() => {
  base = mkdtempSync(join(tmpdir(), "runs-"));
  for (const id of ["20010101-000000-aa", "20010102-000000-bb", "20010102-000001-cc"]) {
    mkdirSync(join(runsDirectory(base), id), { recursive: true });
  }
});
after(() => rmSync(base, { recursive: true, force: true }));

test("[S14.run] a run is named by its path, a unique prefix, or @last", () => {
  const first = join(runsDirectory(base), "20010101-000000-aa");
  assert.equal(resolveRun(first, base), first);
  assert.equal(resolveRun("20010101", base), first);
  assert.equal(resolveRun("@last", base), join(runsDirectory(base), "20010102-000001-cc"));
});

test("[G10] a prefix that fits several runs, or none, is refused", () => {
  assert.throws(() => resolveRun("20010102", base), { code: "WE_RUN_AMBIGUOUS", exitCode: 2 });
  assert.throws(() => resolveRun("nothing", base), { code: "WE_RUN_UNKNOWN", exitCode: 2 });
  assert.throws(() => resolveRun("@last", join(base, "empty")), { code: "WE_RUN_UNKNOWN" });
  assert.deepEqual(listRunIds(join(base, "empty")), []);
});

test("ids sort by time and do not repeat", () => {
  const ids = new Set(Array.from({ length: 100 }, newRunId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^\d{8}-\d{9}-[0-9a-f]{6}$/);
});
