/** examples/relay through the command line: three guest languages in one world, a promise pending over ticks. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { heavyRun } from "../../../packages/engine/dist/testing/heavy-run.js";
import { repositoryRoot } from "./testing/repository.js";

interface Report {
  readonly dir: string;
  readonly ticks: number;
  readonly chainHead: string;
  readonly turnsExecuted: number;
  readonly fuel: number;
  readonly faults: number;
  readonly verified: boolean;
  readonly agents: readonly { readonly describe: unknown }[];
}

/** A copy of the example inside the repository, where the SDKs are found. */
function inCopy(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(repositoryRoot, "sdk/tests/dist/relay-"));
  try {
    for (const part of ["engine.yaml", "agents"]) {
      cpSync(join(repositoryRoot, "examples/relay", part), join(folder, part), { recursive: true });
    }
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function cli(folder: string, ...words: string[]): Report {
  const main = join(repositoryRoot, "apps/cli/dist/main.js");
  const result = spawnSync(process.execPath, [main, ...words, "--json"], { cwd: folder, encoding: "utf8" });
  assert.equal(result.status, 0, `${words.join(" ")}: ${result.stdout}${result.stderr}`);
  return JSON.parse(result.stdout) as Report; // the documented form
}

function verdicts(folder: string): unknown[] {
  const lines = readFileSync(join(folder, "out/verdict.jsonl"), "utf8").trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as { payload: unknown }).payload);
}

const passed = { verdict: "PASS", rounds: 80, agreeing: 80, value: 1_833_017_917, expected: 1_833_017_917 };

test("[S14.run] [S14.replay] [G4] the relay asserts its own result and replays to the same chain", () => {
  inCopy((folder) => {
    const run = cli(folder, "run", "engine.yaml");
    assert.equal(run.faults, 0);
    assert.deepEqual(verdicts(folder), [passed]);
    const replay = cli(folder, "replay", "@last");
    assert.ok(replay.verified);
    assert.deepEqual(
      [replay.chainHead, replay.turnsExecuted, replay.fuel],
      [run.chainHead, run.turnsExecuted, run.fuel],
    );
    // Restored after every tick of a slice, the promise pending.
    assert.equal(heavyRun(run.dir, { from: 30, ticks: 8 }).restored, 8);
  });
});

test("a run stopped while the promise is pending goes on to the same head", () => {
  inCopy((folder) => {
    const whole = cli(folder, "run", "engine.yaml", "--dir", "whole");
    rmSync(join(folder, "out"), { recursive: true });
    cli(folder, "run", "engine.yaml", "--dir", "parts", "--ticks", "199");
    const [courier] = cli(folder, "inspect", "parts", "--agent", "courier").agents;
    assert.match(JSON.stringify(courier?.describe), /"waiting":\["(ask mixer since|sleep until) tick \d/);
    const resumed = cli(folder, "run", "--resume", "parts");
    assert.equal(resumed.chainHead, whole.chainHead);
    assert.deepEqual(verdicts(folder), [passed]);
  });
});
