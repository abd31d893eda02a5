/** Completion scripts, by the shells themselves: bash completes words; zsh and fish where they are installed. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { commands } from "../command-table.js";
import { workbench } from "../testing/template-project.js";

const bench = workbench();
const runs = ["20260101-000000000-aaaaaa", "20260102-000000000-bbbbbb"];
const shells = ["bash", "zsh", "fish"];
before(() => {
  for (const run of runs) mkdirSync(join(bench.folder, ".wasm-engine/runs", run), { recursive: true });
  mkdirSync(join(bench.folder, "inner/worlds"), { recursive: true });
  writeFileSync(join(bench.folder, "inner/engine.yaml"), "");
  for (const shell of shells) {
    const script = bench.cli(["completions", shell]);
    assert.equal(script.code, 0, script.stderr);
    writeFileSync(join(bench.folder, `script.${shell}`), script.stdout);
  }
});
after(() => bench.remove());

const missing = (shell: string): string | false =>
  spawnSync(shell, ["-c", "true"]).status === 0 ? false : `${shell} is not installed`;

/** What bash offers for the last of the words, below the folder of the runs. */
function offered(...words: readonly string[]): string[] {
  // As readline does: "@" ends a word.
  const split = words.flatMap((word) =>
    word.startsWith("@") ? ["@", ...(word === "@" ? [] : [word.slice(1)])] : [word],
  );
  const script = `source ../script.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="${words.join(" ")}"; COMP_POINT=\${#COMP_LINE}
_wasm_engine; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", ...split], {
    cwd: join(bench.folder, "inner"),
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout.split("\n").filter((line) => line !== "");
}

test(
  "[S14.completions] bash completes verbs, options, their values, runs, folders and files",
  { skip: missing("bash") },
  () => {
    assert.deepEqual(offered("wasm-engine", "ini"), ["init"]);
    const verbs = offered("wasm-engine", "");
    for (const { name } of commands) assert.ok(verbs.includes(name), name);
    assert.deepEqual(offered("wasm-engine", "init", "--temp"), ["--template"]);
    assert.deepEqual(offered("wasm-engine", "init", "--template", ""), ["typescript", "assemblyscript", "c"]);
    assert.deepEqual(offered("wasm-engine", "init", "--template", "c", ""), ["worlds"]);
    assert.deepEqual(offered("wasm-engine", "replay", "2026"), runs);
    assert.deepEqual(offered("wasm-engine", "run", "--resume", "20260102"), [runs[1]]);
    assert.deepEqual(offered("wasm-engine", "replay", "@la"), ["last"]);
    assert.deepEqual(offered("wasm-engine", "replay", "@last", "--fro"), ["--from"]);
    assert.deepEqual(offered("wasm-engine", "run", "eng"), ["engine.yaml"]);
    assert.deepEqual(offered("wasm-engine", "run", "--ticks", ""), []);
    assert.deepEqual(offered("wasm-engine", "help", "ini"), ["init"]);
    assert.deepEqual(offered("wasm-engine", "no-such-verb", "x"), []);
  },
);

for (const shell of shells) {
  test(`${shell} takes the script, which names every verb and option`, { skip: missing(shell) }, () => {
    const path = join(bench.folder, `script.${shell}`);
    const checked = spawnSync(shell, ["-n", path], { encoding: "utf8" });
    assert.equal(checked.stderr, "");
    assert.equal(checked.status, 0);
  });
}

test("fish completes words", { skip: missing("fish") }, () => {
  const complete = (line: string): string[] => {
    const options = { cwd: join(bench.folder, "inner"), encoding: "utf8" } as const;
    const script = `source ../script.fish; complete -C '${line}'`;
    const { stdout } = spawnSync("fish", ["--no-config", "-c", script], options);
    return stdout.split("\n").map((text) => text.split("\t")[0] ?? "");
  };
  assert.ok(complete("wasm-engine ini").includes("init"));
  assert.ok(complete("wasm-engine init --template ").includes("assemblyscript"));
  assert.ok(complete("wasm-engine run --resume 2026").includes(runs[0] ?? ""));
});

test("another shell is a usage error", () => {
  const refused = bench.cli(["completions", "tcsh", "--json"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /bash, zsh and fish, not "tcsh"/);
});
