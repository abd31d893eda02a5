/** Reference pages are generated: a change of a table without the pages fails here. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { referencePages, stalePages } from "./generate-reference.js";

test("reference: error and command line pages are up to date", () => {
  assert.ok(referencePages().size > 30);
  assert.deepEqual(stalePages(), [], "run `node scripts/dist/generate-reference.js`");
});
