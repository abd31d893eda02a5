/**
 * Golden runs: what earlier releases have recorded is replayed to the same chain head by this one. Those with a
 * golden.json are also imported, jumped into, compared and audited: snapshots, forks and beginnings of their time.
 */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { EXECUTABLE_SEMANTICS, SEMANTICS } from "@wasm-engine/core";
import { diffRuns } from "../client/diff-runs.js";
import { inspectRun, replayRun } from "../client/replay-run.js";
import { verifyLogOfRun } from "../client/run-log.js";
import { importRun } from "../client/run-place.js";
import { RunFolder } from "../storage/index.js";
import { nodeHasher } from "../crypto/node-crypto.js";
import { freshFolder } from "../testing/run-folders.js";
import { readRunStore } from "../world/run-store.js";

interface GoldenRun {
  readonly file: string;
  readonly firstTick: number;
  readonly chainHead: string;
  /** State hashes by tick. */
  readonly states: Readonly<Record<string, string>>;
  /** The run that it was forked from. */
  readonly of?: string;
  readonly at?: number;
}

/** What make-golden-runs.ts has written. */
interface Golden {
  readonly runs: Readonly<Record<string, GoldenRun>>;
  readonly diff: Readonly<Record<"left" | "right", string>> & Readonly<Record<string, unknown>>;
}

const inline = { isolation: "inline" } as const;
const verifier = new URL("../../../../spec/verify/verify.mjs", import.meta.url);
const root = fileURLToPath(new URL("../../../../assets/golden/", import.meta.url));

/** Chain heads as they were printed when the runs were recorded. */
const heads: Readonly<Record<string, string>> = {
  "semantics-1/airports.bundle": "9c3111772e801485e63ae82f1e965e7064a06fe7ba14862397a7c33f40acf5b3",
};

test("there is a golden run of every other semantics that is executed", () => {
  const others = EXECUTABLE_SEMANTICS.filter((number) => number !== SEMANTICS);
  for (const number of others) assert.ok(readdirSync(root).includes(`semantics-${number}`), String(number));
});

for (const [path, head] of Object.entries(heads)) {
  test(`[G4] golden run ${path} is replayed to its chain head`, async () => {
    const { verified, chainHead, turnsExecuted } = await replayRun(join(root, path), { isolation: "inline" });
    assert.equal(verified, true);
    assert.equal(chainHead, head);
    assert.ok(turnsExecuted > 1_000);
  });
}

const golden = JSON.parse(readFileSync(join(root, "semantics-2/golden.json"), "utf8")) as Golden; // our own
const { verify } = (await import(pathToFileURL(fileURLToPath(verifier)).href)) as {
  readonly verify: (run: string, head?: string) => { readonly ok: boolean; readonly damage?: string }; // it exports it
};

async function imported(folder: string, { file }: GoldenRun): Promise<string> {
  return (await importRun(join(root, "semantics-2", file), { dir: join(folder, file) })).dir;
}

for (const [name, run] of Object.entries(golden.runs)) {
  test(`[G4] golden run ${name} of semantics 2 verifies, replays from its snapshots, is jumped into`, async () => {
    const dir = await imported(freshFolder("golden"), run);
    const { ok, firstTick } = await verifyLogOfRun(dir);
    assert.deepEqual([ok, firstTick], [true, run.firstTick]);
    const audit = verify(dir, run.chainHead);
    assert.ok(audit.ok, audit.damage);
    const snapshots = RunFolder.open(dir, nodeHasher).snapshots.ticks();
    assert.ok(snapshots.length > 2, `snapshots of ${snapshots.join(", ")}`);
    const starts = [...(firstTick === 0 ? [undefined] : []), ...snapshots.slice(0, -1)];
    for (const from of starts) {
      const options = from === undefined ? inline : { from: from + 1, ...inline };
      const { verified, chainHead } = await replayRun(dir, options);
      assert.deepEqual([verified, chainHead], [true, run.chainHead], `from ${from}`);
    }
    for (const [tick, stateHash] of Object.entries(run.states)) {
      const report = await inspectRun(dir, { at: Number(tick), ...inline });
      assert.equal(report.stateHash, stateHash, `tick ${tick}`);
    }
  });
}

test("[G4] golden runs of semantics 2 are a tree of forks, and differ where they did", async () => {
  const folder = freshFolder("golden-tree");
  const { diff, runs } = golden;
  const dirs: Record<string, string> = {};
  for (const [name, run] of Object.entries(runs)) dirs[name] = await imported(folder, run);
  for (const [name, { of, at }] of Object.entries(runs)) {
    const { fork } = readRunStore(dirs[name] ?? "");
    assert.deepEqual([fork?.parent, fork?.at], [of, at], name);
  }
  const found = await diffRuns(dirs[diff.left] ?? "", dirs[diff.right] ?? "", inline);
  const { equal, firstTick, agent, what } = found;
  assert.deepEqual({ ...diff, equal, firstTick, agent, what }, diff);
});
