/** `fork` and `diff` as people and programs use them. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { echoProject } from "./testing/project.js";
import type { Project } from "./testing/project.js";

let project: Project;
let head: unknown;

before(async () => {
  project = await echoProject();
  const run = project.cli("run", "engine.yaml", "--dir", "first", "--json");
  assert.equal(run.code, 0, run.stderr);
  head = run.document["chainHead"];
});
after(() => project.remove());

function codeOf(document: Readonly<Record<string, unknown>>): string {
  return (document["error"] as { readonly code: string }).code; // DESIGN §14
}

test("[S14.fork] a fork reports what it is, goes on with --run, and writes into its own folder", () => {
  const made = project.cli("fork", "first", "--at", "4", "--dir", "second", "--json");
  assert.equal(made.code, 0, made.stderr);
  const { runId, at, reused, asked, keptInputs, dir } = made.document;
  assert.deepEqual([runId, at, reused, asked, keptInputs], ["second", 4, 0, 0, 4]);
  assert.ok(String(dir).endsWith("second"));
  const resumed = project.cli("run", "--resume", "second", "--json");
  assert.equal(resumed.document["chainHead"], head);
  const run = project.cli("fork", "first", "--at", "start", "--dir", "third", "--run", "--json");
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual([run.document["chainHead"], run.document["at"], run.document["reused"]], [head, -1, 0]);
  const words = (folder: string): string => readFileSync(join(project.folder, folder, "words.jsonl"), "utf8");
  assert.equal(words("third/outputs"), words("out"));
  const text = project.cli("fork", "first", "--at", "4", "--dir", "fourth");
  assert.match(text.stdout, /forked at tick 4 of first: 4 inputs.*\n.*\n.*\nnext +wasm-engine run --resume/s);
});

test("[S14.diff] diff is 0 for equal runs and 3 for others, which it tells apart", () => {
  project.cli("fork", "first", "--at", "4", "--dir", "same", "--run");
  const equal = project.cli("diff", "first", "same", "--json");
  assert.deepEqual([equal.code, equal.document["equal"], equal.document["firstTick"]], [0, true, null]);
  const changed = '--input=7={"word":"other"}';
  const fork = project.cli("fork", "first", "--at", "4", changed, "--dir", "other", "--run");
  assert.equal(fork.code, 0, fork.stderr);
  const other = project.cli("diff", "first", "other", "--json");
  const { firstTick, agent, what } = other.document;
  assert.deepEqual([other.code, firstTick, agent, what], [3, 6, "left", "input"]);
  const text = project.cli("diff", "first", "other");
  assert.match(text.stdout, /^different: A first: \d+ ticks, B other/);
  assert.match(text.stdout, /tick 6, agent left.*: other inputs/);
  assert.match(text.stdout, /A input 7 message to left on word: .*w6/);
  assert.match(text.stdout, /B input 7 message to left on word: .*other/);
  assert.match(text.stdout, /A publish to outside on word: .*w6.*\n.*B publish to outside on word: .*other/);
  const seed = project.cli("fork", "first", "--at", "start", "--set", "seed=8", "--dir", "seed", "--run");
  assert.equal(seed.code, 0, seed.stderr);
  assert.match(project.cli("diff", "first", "seed").stdout, /at the start:\n +seed: A 7 {2}B 8/);
});

test("[S14.fork] --cut cuts an agent off, and runs --tree, diff, deadletters and why show it", () => {
  const fork = project.cli("fork", "first", "--at", "4", "--cut", "left", "--run", "--json");
  assert.equal(fork.code, 0, fork.stderr);
  const { dir, cut, keptInputs, chainHead } = fork.document;
  assert.deepEqual([cut, keptInputs], [["agent:left"], 4]);
  assert.notEqual(chainHead, head);
  const run = String(dir);
  assert.match(project.cli("runs", "--tree").stdout, /at 4, cut agent:left/);
  assert.match(
    project.cli("diff", "first", run).stdout,
    /tick 5, agent \w+: other inputs\n[^]*B input \d+ cut to left/,
  );
  assert.match(project.cli("deadletters", run).stdout, /left {2}CUT {2}word/);
  const [, id = ""] =
    / (input:\d+) +left input word \(message\)/.exec(project.cli("trace", run, "--since", "6").stdout) ?? [];
  assert.match(project.cli("why", run, id).stdout, /not delivered: left CUT\n +this came from outside/);
  assert.equal(project.cli("replay", run, "--json").document["verified"], true);
  const typo = project.cli("fork", "first", "--at", "4", "--cut", "lefd", "--json");
  assert.deepEqual([typo.code, codeOf(typo.document)], [2, "WE_FORK_CUT"]);
});

test("[S14.fork] what came over standard input is in the run, and a fork does not read it again", () => {
  const input = [1, 2, 3].map((n) => `${JSON.stringify({ to: "left", topic: "typed", n })}\n`).join("");
  const run = project.feed(input, "run", "engine.yaml", "--input", "-", "--dir", "typed", "--json");
  assert.deepEqual([run.code, run.document["inputs"]], [0, 12], run.stderr);
  for (const at of ["start", "0", "2"]) {
    const fork = project.cli("fork", "typed", "--at", at, "--dir", `typed-${at}`, "--run", "--json");
    assert.deepEqual([fork.code, fork.document["chainHead"]], [0, run.document["chainHead"]], at);
  }
});

test("[S14.fork] [G10] wrong command lines say what was expected", () => {
  const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
    [["--at", "x"], "WE_CLI_USAGE", /a whole number from 0, or start/],
    [[], "WE_CLI_USAGE", /--at is a tick.*it is missing/],
    [["--at", "1", "--input", "3"], "WE_CLI_USAGE", /SEQ=JSON/],
    [["--at", "1", "--drop-input", "x"], "WE_CLI_USAGE", /by its sequence/],
    [["--at", "1", "--ticks", "3"], "WE_CLI_USAGE", /--run/],
    [["--at", "4", "--ticks", "5", "--run"], "WE_CLI_USAGE", /above 5; got 5/],
    [["--at", "1", "--set", "seed=4"], "WE_FORK_GENESIS", /--at start/],
    [["--at", "1", "--set", "modul.echo=x"], "WE_FORK_OVERRIDE", /did you mean/],
    [["--at", "start", "--set", "seed=4", "--set", "seed=5"], "WE_FORK_OVERRIDE", /seed.*twice/],
    [["--at", "1", "--input", "3=1", "--input", "3=2"], "WE_CLI_USAGE", /twice/],
    [["--at", "1", "--inputs", "kep"], "WE_CLI_USAGE", /keep, none, or a file/],
    [["--at", "99"], "WE_RUN_TICK", /99/],
    [["--at", "1", "--dir", "first"], "WE_RUN_EXISTS", /first/],
  ];
  for (const [args, code, says] of cases) {
    const { document, stdout } = project.cli("fork", "first", ...args, "--json");
    assert.equal(codeOf(document), code, args.join(" "));
    assert.match(stdout, says, args.join(" "));
  }
  assert.equal(existsSync(join(project.folder, ".first.fork")), false);
  assert.equal(project.cli("fork", "first", "--at", "start", "--dir", "unborn", "--json").code, 0);
  const early = project.cli("fork", "unborn", "--at", "1", "--json");
  assert.match(early.stdout, /is not in the run, which holds no tick yet/);
});

test("[S14.runs] runs --tree shows forks below their parents, and --json names parent and tick", () => {
  assert.equal(project.cli("run", "engine.yaml").code, 0);
  const ids = (): string[] => {
    const { runs } = project.cli("runs", "--json").document as { runs: { runId: string }[] };
    return runs.map(({ runId }) => runId);
  };
  const [root = ""] = ids();
  const child = project.cli("fork", root, "--at", "4", "--json").document["runId"] as string;
  const grandchild = project.cli("fork", child, "--at", "start", "--run", "--json").document[
    "runId"
  ] as string;
  const { runs } = project.cli("runs", "--json").document as { runs: { runId: string; parent?: unknown }[] };
  const parents = new Map(runs.map(({ runId, parent }) => [runId, parent]));
  assert.deepEqual(
    [root, child, grandchild].map((id) => parents.get(id)),
    [undefined, { runId: root, at: 4, overrides: [] }, { runId: child, at: -1, overrides: [] }],
  );
  const lines = project.cli("runs", "--tree").stdout.split("\n");
  const at = lines.findIndex((line) => line.startsWith(root));
  assert.match(lines[at + 1] ?? "", new RegExp(`^  ${child} .* at 4 `));
  assert.match(lines[at + 2] ?? "", new RegExp(`^    ${grandchild} .* at start `));
});
