/**
 * `node scripts/dist/airports-scores.js`: runs examples/airports with its mail and with the mail cut, and prints the
 * tables of its README. With two run folders as arguments, runs nothing and compares these.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { changeTable, changedMost, readScores, scoreTable } from "./airports/scores.js";
import { runVariant } from "./airports/world-variant.js";

async function main(withMail: string | undefined, withoutMail: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "airports-scores-"));
  try {
    const full = readScores(withMail ?? (await runVariant({ config: "engine.yaml", folder })));
    const cut = readScores(withoutMail ?? (await runVariant({ config: "engine.cut.yaml", folder })));
    const { scored, late, baseRate, trainingFlights } = full.arbiter;
    console.log(
      `${scored} flights of March, ${late} late; base rate ${baseRate.toFixed(4)} of ${trainingFlights} flights\n`,
    );
    console.log(`${scoreTable(full, cut)}\n\n${changeTable(changedMost(full, cut, 10))}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [withMail, withoutMail] = process.argv.slice(2).map((folder) => resolve(folder));
await main(withMail, withoutMail);
