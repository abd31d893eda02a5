/** bundle and open, and the verbs that take a bundle directly, as users meet them. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project, Result } from "./testing/project.js";

let project: Project;
let first: Result;
let elsewhere: Project;
before(async () => {
  project = await echoProject();
  first = project.cli("run", "engine.yaml", "--dir", "first", "--json");
  elsewhere = await echoProject();
});
after(() => {
  project.remove();
  elsewhere.remove();
});

const bundlePath = (): string => join(project.folder, "first.bundle");

test("bundle writes one file, open unpacks it elsewhere, both say what is in it [S14.bundle] [S14.open]", () => {
  const bundled = project.cli("bundle", "first", "--out", "first.bundle", "--json");
  assert.equal(bundled.code, 0, bundled.stderr);
  assert.equal(bundled.document["chainHead"], first.document["chainHead"]);
  assert.equal(bundled.document["bytes"], readFileSync(bundlePath()).length);
  const opened = elsewhere.cli("open", bundlePath(), "--json");
  assert.equal(opened.code, 0, opened.stderr);
  assert.equal(opened.document["dir"], join(elsewhere.folder, ".wasm-engine/runs/first"));
  for (const field of ["digest", "sha256", "chainHead", "ticks", "runId"])
    assert.equal(opened.document[field], bundled.document[field], field);
  const replay = elsewhere.cli("replay", "@last", "--json");
  assert.deepEqual(
    [replay.document["verified"], replay.document["chainHead"]],
    [true, first.document["chainHead"]],
  );
  assert.equal(elsewhere.cli("open", bundlePath(), "--dir", "mine").code, 0);
  assert.ok(existsSync(join(elsewhere.folder, "mine/run.json")));
});

test("replay, inspect, log, logs and verify-log take a bundle [S14.bundle]", () => {
  const verbs = ["inspect", "log", "logs", "verify-log"] as const;
  for (const verb of verbs) {
    const view = elsewhere.cli(verb, bundlePath(), "--json");
    assert.equal(view.code, 0, view.stderr);
    assert.deepEqual(view.document, project.cli(verb, "first", "--json").document, verb);
  }
  const replay = elsewhere.cli("replay", bundlePath(), "--json");
  assert.deepEqual(
    [replay.code, replay.document["verified"], replay.document["dir"]],
    [0, true, bundlePath()],
  );
  const flipped = elsewhere.cli("replay", bundlePath(), "--testing-flip-bit", "right@5:2000.3", "--json");
  assert.equal(flipped.code, 3);
});

test("[G10] a bundle where a folder is needed, a damaged one, an --out that exists: coded [S14.open]", () => {
  const whole = readFileSync(bundlePath());
  const damaged = Buffer.from(whole);
  damaged[100] = (damaged[100] ?? 0) ^ 1;
  project.write("damaged.bundle", damaged);
  const calls: readonly (readonly [readonly string[], number, string])[] = [
    [["run", "--resume", "first.bundle"], 2, "WE_BUNDLE_NOT_OPENED"],
    [["open", "damaged.bundle"], 3, "WE_BUNDLE_DAMAGED"],
    [["replay", "damaged.bundle"], 3, "WE_BUNDLE_DAMAGED"],
    [["open", "none.bundle"], 4, "WE_BUNDLE_READ"],
    [["bundle", "first"], 2, "WE_CLI_USAGE"],
    [["bundle", "first", "--out", "first.bundle"], 2, "WE_BUNDLE_EXISTS"],
    [["bundle", "nothing", "--out", "x.bundle"], 2, "WE_RUN_UNKNOWN"],
    [["open", "first.bundle", "--dir", "first"], 2, "WE_RUN_EXISTS"],
  ];
  for (const [args, exit, code] of calls) {
    const result = project.cli(...args, "--json");
    const error: { code?: string } = result.document["error"] ?? {}; // the contract of --json
    assert.deepEqual([error.code, result.code], [code, exit], args.join(" "));
  }
});
