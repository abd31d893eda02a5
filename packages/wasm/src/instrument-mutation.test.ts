/** Deliberate mistakes in the instrumenter must be noticed by a check that passes without them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { staleMutants } from "./testing/mutant-build.js";
import { MUTANTS } from "./testing/mutants.js";
import { tryMutants } from "./testing/mutation-run.js";

test("every mutant still applies to the code", () => {
  assert.deepEqual(staleMutants(MUTANTS), []);
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length, "names are unique");
});

test("the unchanged build passes every check, and every mutant fails one", async (context) => {
  const [unchanged, ...mutants] = await tryMutants([undefined, ...MUTANTS.map(({ name }) => name)], 2);
  assert.deepEqual(unchanged?.caught, []);
  for (const { mutant, caught } of mutants) {
    context.diagnostic(`${mutant}: ${caught.map(({ check }) => check).join("; ")}`);
  }
  const survivors = mutants.filter(({ caught }) => caught.length === 0).map(({ mutant }) => mutant);
  assert.deepEqual(survivors, [], "nobody noticed");
  assert.equal(mutants.length, MUTANTS.length);
});
