import assert from "node:assert/strict";
import { test } from "node:test";
import { freshFolder } from "../run-folders.js";
import { killCycles } from "./kill-cycles.js";

const cycles = 15;
const seed = 20_011_009;

test(`[G3] ${cycles} kills of a world, while it opens too: ledger, twin and output agree`, async () => {
  const report = await killCycles({ directory: freshFolder("kills"), seed, cycles });
  assert.equal(report.cycles, cycles);
  assert.ok(report.acknowledged > cycles / 2, `${report.acknowledged} acknowledged, seed ${seed}`);
});
