/**
 * `npm run test:kills -- [--cycles N] [--seed S] [--lanes L]`: kills worlds at random moments and prints what was
 * acknowledged meanwhile. Runs are exchanged after some cycles, so that a cycle stays short. A run that fails is kept
 * and printed with the command that repeats it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programOptions, wholeNumber } from "../../../../wasm/dist/testing/program-options.js";
import { killCycles } from "./kill-cycles.js";

const cyclesPerRun = 50;
const { values } = programOptions({
  usage: "npm run test:kills -- [--cycles N] [--seed S] [--lanes L]",
  options: {
    cycles: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    lanes: { type: "string", default: "2" },
  },
});
const cycles = wholeNumber("cycles", values.cycles, 1);
const firstSeed = wholeNumber("seed", values.seed);
const lanes = wholeNumber("lanes", values.lanes, 1);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const names = [
  "cycles",
  "openingKills",
  "snapshotKills",
  "snapshots",
  "acknowledged",
  "resent",
  "ticks",
] as const;
const sums: Record<(typeof names)[number], number> = {
  cycles: 0,
  openingKills: 0,
  snapshotKills: 0,
  snapshots: 0,
  acknowledged: 0,
  resent: 0,
  ticks: 0,
};
let failures = 0;
let run = 0;
const runs = Math.ceil(cycles / cyclesPerRun);
const startMs = performance.now();

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
      const seconds = Math.round((performance.now() - startMs) / 1000);
      say(`${sums.cycles} cycles in ${seconds} s, ${sums.acknowledged} inputs acknowledged`);
    } catch (error) {
      failures += 1;
      say(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      say(`  kept in ${directory}; repeat: npm run test:kills -- --cycles ${left} --seed ${seed}`);
    }
  }
}

await Promise.all(Array.from({ length: lanes }, lane));
const { openingKills, snapshotKills, snapshots, acknowledged, resent, ticks } = sums;
say(`${sums.cycles} kills: ${openingKills} while a world opened, ${snapshotKills} within a snapshot`);
say(`${runs} runs of ${ticks} ticks, ${snapshots} snapshots left`);
say(
  `${acknowledged} inputs acknowledged, ${resent} sent again; lost or doubled: none in ${runs - failures} runs`,
);
say(`${failures} runs failed`);
process.exitCode = failures === 0 ? 0 : 1;
