/** Golden runs: what releases of other semantics have recorded is replayed to the same chain head by this one. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EXECUTABLE_SEMANTICS, SEMANTICS } from "@wasm-engine/core";
import { replayRun } from "../client/replay-run.js";

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
