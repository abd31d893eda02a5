/** How many files a command loads: most of what a short one costs. Counted, because time depends on the machine. */

import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;
before(async () => {
  project = await echoProject();
});
after(() => project.remove());

const preload = pathToFileURL(join(import.meta.dirname, "testing/module-list.js")).href;

/** Distinct files that a command loads, over all of its processes. */
function loadedBy(...words: readonly string[]): readonly string[] {
  const list = join(project.folder, "modules.txt");
  rmSync(list, { force: true });
  const before = { ...process.env };
  Object.assign(process.env, { NODE_OPTIONS: `--import=${preload}`, WASM_ENGINE_MODULE_LIST: list });
  const { code, stderr } = project.process(...words);
  process.env = before;
  assert.equal(code, 0, stderr);
  return [...new Set(readFileSync(list, "utf8").trimEnd().split("\n"))];
}

const packageOf = (path: string): string => /node_modules\/([a-z-]+)/.exec(path)?.[1] ?? "ours";

for (const { words, filesMax, packages } of [
  { words: ["--version"], filesMax: 35, packages: ["commander", "ours"] },
  { words: ["runs"], filesMax: 170, packages: ["commander", "ours"] },
  { words: ["run", "engine.yaml", "--dir", "run"], filesMax: 310, packages: ["commander", "ours", "yaml"] },
])
  test(`${words[0] ?? ""} loads at most ${filesMax} files, of ${packages.join(", ")} alone`, () => {
    const files = loadedBy(...words);
    assert.deepEqual(
      [...new Set(files.map(packageOf))].sort(),
      packages,
      "what a command does not need is loaded later",
    );
    assert.ok(
      files.length <= filesMax,
      `${files.length} files; which of them does every ${words[0] ?? ""} need?`,
    );
  });
