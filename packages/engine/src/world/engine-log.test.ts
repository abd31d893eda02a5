import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { freshFolder } from "../testing/run-folders.js";
import { EngineLog } from "./engine-log.js";
import { fail } from "./errors.js";
import { engineLogBytesMax } from "./limits.js";

test("the log of a detached world is moved into its run and stays bounded, newest lines last", () => {
  const dir = freshFolder("engine-log");
  const begun = join(dir, "begun.log");
  writeFileSync(begun, "first words\n");
  const log = new EngineLog(begun, dir);
  const path = join(dir, "engine.log");
  assert.ok(!existsSync(begun));
  const error = fail("WE_WORLD_DIED", { cause: "x".repeat(5000), dir }).toRecord();
  for (let tick = 0; tick < 400; tick += 1) {
    log.note({ kind: "recovered", tick, error });
    assert.ok(statSync(path).size <= engineLogBytesMax + 6000);
  }
  // What the runtime writes by itself stands behind it.
  appendFileSync(path, "last words\n");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  assert.equal(lines.at(-1), "last words");
  assert.match(lines.at(-2) ?? "", /^\d{4}-.*Z recovered after tick 399: WE_WORLD_DIED/);
  assert.match(lines[0] ?? "", /^\d{4}-.*Z recovered after tick \d+/, "it begins with a whole line");
  assert.ok(lines.length < 300);
});
