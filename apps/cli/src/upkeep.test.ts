/** export, import, compact, rm and gc as users meet them. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

let project: Project;
let first: Result;
before(async () => {
  project = await echoProject();
  const config = readFileSync(join(project.folder, "engine.yaml"), "utf8");
  project.write("engine.yaml", `${config}snapshotEvery: 3\n`);
  first = project.cli("run", "engine.yaml", "--json");
});
after(() => {
  project.remove();
});

test("a run is exported, imported, told to be there, compacted and removed [S14.export] [S14.import]", () => {
  const exported = project.cli("export", "@last", "--out", "out/all.run", "--snapshots", "--json");
  assert.equal(exported.code, 0, exported.stderr);
  assert.equal(exported.document["chainHead"], first.document["chainHead"]);
  const again = project.cli("import", "out/all.run", "--json");
  assert.deepEqual([again.code, again.document["already"]], [0, true], again.stderr);
  const imported = project.cli("import", "out/all.run", "--dir", "copy");
  assert.match(imported.stdout, /9 ticks, in .*copy/);

  const planned = project.cli("compact", "copy", "--dry-run", "--json");
  const compacted = project.cli("compact", "copy", "--json");
  assert.deepEqual(
    [planned.document["dryRun"], planned.document["records"]],
    [true, compacted.document["records"]],
  );
  const from = Number(compacted.document["firstTick"]);
  assert.ok(from > 0);
  assert.equal(project.cli("replay", "copy", "--from", String(from), "--json").document["verified"], true);
  const refused = project.cli("replay", "copy", "--json");
  assert.equal((refused.document["error"] as { code?: string }).code, "WE_RUN_COMPACTED"); // DESIGN §14
  assert.equal(refused.code, 2);
});

test("rm and gc say what they freed; what is asked wrongly has exit code 2 [S14.rm] [S14.gc]", () => {
  for (const args of [
    ["export", "@last"],
    ["rm", "@last", "--recursive", "--orphan"],
    ["compact", "@last", "--keep-from", "999"],
    ["gc", "--min-age", "-1"],
  ]) {
    assert.equal(project.cli(...args, "--json").code, 2, args.join(" "));
  }
  const dir = String(first.document["dir"]);
  const removed = project.cli("rm", dir, "--json");
  assert.equal(removed.code, 0, removed.stderr);
  assert.ok(Number(removed.document["bytes"]) > 0);
  assert.ok(!existsSync(dir));
  const freed = project.cli("gc", "--json");
  assert.deepEqual(
    [freed.code, freed.document["files"], freed.document["passedOver"]],
    [0, 0, []],
    freed.stderr,
  );
});
