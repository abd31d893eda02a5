/**
 * `npm run test:kills -- [--cycles N] [--seed S] [--lanes L] [--json]`: kills worlds at random moments and prints what
 * was acknowledged meanwhile, and what of it was lost. Runs are exchanged after some cycles, so that a cycle stays
 * short. A run that fails is kept and printed with the command that repeats it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { programOptions, wholeNumber } from "../../../../wasm/dist/testing/program-options.js";
import { killCycles } from "./kill-cycles.js";
import { findingOf, killFindings } from "./kill-finding.js";

const cyclesPerRun = 50;
/** A cycle is mostly the start of a process: side by side they use what a machine has. */
const lanesMax = 4;
const { values } = programOptions({
  usage: "npm run test:kills -- [--cycles N] [--seed S] [--lanes L] [--json]",
  options: {
    cycles: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    lanes: { type: "string", default: String(Math.min(lanesMax, availableParallelism())) },
    json: { type: "boolean", default: false },
  },
});
const cycles = wholeNumber("cycles", values.cycles, 1);
const firstSeed = wholeNumber("seed", values.seed);
const lanes = wholeNumber("lanes", values.lanes, 1);
const isJson = values.json === true;
const say = (line: string): void => void (isJson ? process.stderr : process.stdout).write(`${line}\n`);

const sums = {
  cycles: 0,
  openingKills: 0,
  snapshotKills: 0,
  compactKills: 0,
  followerKills: 0,
  snapshots: 0,
  acknowledged: 0,
  resent: 0,
  ticks: 0,
};
const names = Object.keys(sums) as (keyof typeof sums)[]; // the keys above
/** Runs by what happened to them; `other`: what no finding names. */
const failed = new Map<string, number>([...killFindings, "other"].map((name) => [name, 0]));
let run = 0;
const runs = Math.ceil(cycles / cyclesPerRun);
const startMs = performance.now();
const secondsNow = (): number => Math.round((performance.now() - startMs) / 1000);

async function lane(): Promise<void> {
  while (run < runs) {
    const seed = firstSeed + run;
    const left = Math.min(cyclesPerRun, cycles - run * cyclesPerRun);
    run += 1;
    const directory = mkdtempSync(join(tmpdir(), "kills-"));
    try {
      const report = await killCycles({ directory, seed, cycles: left });
      for (const name of names) sums[name] += report[name];
      rmSync(directory, { recursive: true, force: true });
      say(`${sums.cycles} cycles in ${secondsNow()} s, ${sums.acknowledged} inputs acknowledged`);
    } catch (error) {
      const finding = findingOf(error) ?? "other";
      failed.set(finding, (failed.get(finding) ?? 0) + 1);
      say(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      say(`  kept in ${directory}; repeat: npm run test:kills -- --cycles ${left} --seed ${seed}`);
    }
  }
}

await Promise.all(Array.from({ length: lanes }, lane));
const found = Object.fromEntries(failed);
const failures = [...failed.values()].reduce((sum, count) => sum + count, 0);
if (isJson) {
  const report = { ...sums, runs, failedRuns: failures, ...found, seconds: secondsNow(), lanes };
  process.stdout.write(`${JSON.stringify(report)}\n`);
} else {
  const { openingKills, snapshotKills, compactKills, followerKills } = sums;
  say(`cycles: ${sums.cycles} in ${secondsNow()} s`);
  say(`  while a world opened: ${openingKills}, within a snapshot: ${snapshotKills}`);
  say(`  within compact: ${compactKills}, of followers besides: ${followerKills}`);
  say(`runs: ${runs} of ${sums.ticks} ticks, ${sums.snapshots} snapshots left`);
  say(`acknowledged inputs: ${sums.acknowledged}, sent again: ${sums.resent}`);
  say(`runs with inputs lost: ${found["lost"]}, doubled: ${found["doubled"]}`);
  say(`runs that do not open: ${found["unopened"]}`);
  say(`runs whose chain is not that of their undisturbed twin: ${found["chain"]}`);
  say(`runs whose outputs are not there exactly once: ${found["outputs"]}`);
  say(`runs that failed otherwise: ${found["other"]}`);
}
process.exitCode = failures === 0 ? 0 : 1;
