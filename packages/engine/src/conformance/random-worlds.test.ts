/** A few fixed seeds of the soak: `node scripts/dist/soak.js` runs as many as one likes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { checkRandomWorld } from "../testing/random-run.js";
import { freshFolder } from "../testing/run-folders.js";

const folder = freshFolder("random");
const seeds = [1, 2, 3];

for (const seed of seeds) {
  test(`[G1] [G3] [G4] a random world ends alike in every way (node scripts/dist/soak.js --seed ${seed})`, async () => {
    const figures = await checkRandomWorld(seed, join(folder, String(seed)));
    assert.ok(figures.turns > 5, `${figures.turns} turns`);
    assert.ok(figures.snapshots > 1);
  });
}
