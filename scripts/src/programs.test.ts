/** Every program that package.json names answers `--help`, and refuses what it does not know in one line. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "./tidy/source-tree.js";

const manifest = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>; // our own
};
/** Compiled programs by the name of their script; `build` and the like run tools of others. */
const programs = Object.entries(manifest.scripts).flatMap(([name, line]) => {
  const path = / && node (\S+)$/.exec(line)?.[1];
  return path === undefined || name === "build" ? [] : [{ name, path }];
});

function run(path: string, ...words: string[]): { readonly status: number | null; readonly lines: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...words], {
    cwd: repositoryRoot,
    encoding: "utf8",
  });
  return { status, lines: `${stdout}${stderr}`.trimEnd().split("\n") };
}

test("[G10] every program of package.json reads its options in the one way that answers --help", () => {
  assert.ok(programs.length > 15);
  for (const { name, path } of programs) {
    const text = readFileSync(join(repositoryRoot, path), "utf8");
    assert.match(text, /\b(?:programOptions|benchOptions)\(/, name);
  }
});

test("[G10] wrong options are refused in one line with exit code 2", () => {
  const fuzz = "packages/wasm/dist/testing/fuzz/fuzz-main.js";
  const { status, lines } = run(fuzz, "--help");
  assert.equal(status, 0);
  assert.match(lines[0] ?? "", /^Usage: npm run fuzz:wasm -- /);
  const refused: readonly (readonly string[])[] = [
    [fuzz, "--seeds", "3"],
    [fuzz, "stray"],
    ["bench/dist/metering.js", "--repeat", "-1"],
    ["bench/dist/travel.js", "--only", "jump,fly"],
    ["scripts/dist/soak.js", "--minutes", "long"],
  ];
  for (const [path = "", ...words] of refused) {
    const answer = run(path, ...words);
    assert.equal(answer.status, 2, words.join(" "));
    assert.equal(answer.lines.length, 1, answer.lines.join("\n"));
  }
});
