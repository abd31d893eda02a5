/**
 * `node scripts/dist/soak.js [--seeds N] [--minutes M] [--seed FIRST]`: random worlds, each executed in every way that
 * must make no difference. Ends after N seeds or M minutes, whichever comes first, with exit code 1 where a seed
 * failed; every failure prints the command that repeats it. Not part of `npm test`, which runs a few fixed seeds.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRandomWorld } from "../../packages/engine/dist/testing/random-run.js";
import { programOptions, refuse } from "../../packages/wasm/dist/testing/program-options.js";

const { values } = programOptions({
  usage: "node scripts/dist/soak.js [--seeds N] [--minutes M] [--seed FIRST] [--keep]",
  options: {
    seeds: { type: "string" },
    minutes: { type: "string", default: "5" },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  return refuse(`--${name} takes a number of at least 0, not "${text}"`);
}

const first = count("seed", values.seed ?? "1");
const seedCount = count("seeds", values.seeds ?? (values.seed === undefined ? "1000000000" : "1"));
const deadlineMs = performance.now() + count("minutes", values.minutes) * 60_000;
const sums = { seeds: 0, failed: 0, ticks: 0, turns: 0, faults: 0, snapshots: 0, killed: 0 };
const folder = mkdtempSync(join(tmpdir(), "wasm-engine-soak-"));

for (let seed = first; seed < first + seedCount && performance.now() < deadlineMs; seed += 1) {
  const directory = join(folder, String(seed));
  sums.seeds += 1;
  let passed = false;
  try {
    const { ticks, turns, faults, snapshots, killed } = await checkRandomWorld(seed, directory);
    sums.ticks += ticks;
    sums.turns += turns;
    sums.faults += faults;
    sums.snapshots += snapshots;
    sums.killed += killed ? 1 : 0;
    passed = true;
    if (seedCount < 100) console.log(`seed ${seed}: ${ticks} ticks, ${turns} turns, ${faults} faults`);
  } catch (error) {
    sums.failed += 1;
    console.error(
      `seed ${seed} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    console.error(`repeat: node scripts/dist/soak.js --seed ${seed} --keep`);
  }
  if (passed || !values.keep) rmSync(directory, { recursive: true, force: true });
  else console.error(`kept: ${directory}`);
}
if (!values.keep || sums.failed === 0) rmSync(folder, { recursive: true, force: true });
const { seeds, failed, ticks, turns, faults, snapshots, killed } = sums;
console.log(
  `${seeds} seeds, ${failed} failed: ${ticks} ticks, ${turns} turns, ${faults} faults, ` +
    `${snapshots} snapshots restored, ${killed} runs killed and resumed`,
);
process.exitCode = failed === 0 && seeds > 0 ? 0 : 1;
