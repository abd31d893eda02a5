/** The traceability check itself can fail. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { requirements } from "./requirements.js";
import { tagsOf, unproved } from "./traceability.js";

test("traceability: tags are read from titles", () => {
  assert.deepEqual(tagsOf("a world [G1 G4] twice [S14.verify-log]"), ["G1", "G4", "S14.verify-log"]);
});

test("traceability: a claimed row without a passing test is reported", () => {
  const claimed = requirements.filter((row) => row.claimed).length;
  assert.equal(unproved([]).length, claimed);
  assert.equal(unproved([{ name: "x [G1]", outcome: "passed" }]).length, claimed - 1);
  assert.equal(unproved([{ name: "x [G1]", outcome: "skipped" }]).length, claimed);
});
