import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

test("[S14.run] runs of projects one and two levels down are found, the newest of all is @last", () => {
  const below = mkdtempSync(join(tmpdir(), "projects-"));
  try {
    const ids = ["20010101-000000-aa", "20010103-000000-cc", "20010102-000000-bb"];
    const places = ["one", "group/two", "group/three"];
    for (const [index, place] of places.entries()) {
      mkdirSync(join(runsDirectory(join(below, place)), ids[index] ?? ""), { recursive: true });
      writeFileSync(join(below, place, "engine.yaml"), "");
    }
    const hidden = ["bare", "node_modules/package", ".cache/one", "a/b/deep"];
    for (const place of hidden) {
      mkdirSync(join(runsDirectory(join(below, place)), "20990101-000000-zz"), { recursive: true });
      if (place !== "bare") writeFileSync(join(below, place, "engine.yaml"), "");
    }
    const newest = join(runsDirectory(join(below, "group/two")), "20010103-000000-cc");
    assert.equal(resolveRun("@last", below), newest);
    assert.equal(
      resolveRun("20010101", below),
      join(runsDirectory(join(below, "one")), "20010101-000000-aa"),
    );
    assert.throws(() => resolveRun("2001", below), { code: "WE_RUN_AMBIGUOUS" });
    assert.throws(() => resolveRun("2099", below), {
      code: "WE_RUN_UNKNOWN",
      message: /no such id in \.wasm-engine\/runs, group\/three\/\.wasm-engine\/runs, group\/two/,
    });
    mkdirSync(join(runsDirectory(join(below, "one")), "20010103-000000-cc"));
    assert.throws(() => resolveRun("@last", below), {
      code: "WE_RUN_AMBIGUOUS",
      message: /fits 2 runs: group/,
    });
  } finally {
    rmSync(below, { recursive: true, force: true });
  }
});

test("ids sort by time and do not repeat", () => {
  const ids = new Set(Array.from({ length: 100 }, newRunId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^\d{8}-\d{9}-[0-9a-f]{6}$/);
});
