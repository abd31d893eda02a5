/**
 * The official suite in the interpreter: what it expects, and what instrumented modules do. WHOLE_SUITE=1 does in the
 * engine too what keeps no state.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFORMANCE_ABSENT, readConformance } from "./testing/conformance.js";
import { compareWithInterpreter } from "./testing/interpreter/suite-interpretation.js";

const files = readConformance("webassembly-spec-2.0-half");
const every = process.env["WHOLE_SUITE"] === "1" ? 1 : 16;
const skip = files === undefined ? CONFORMANCE_ABSENT : false;

test("[G7] official suite: interpreted and instrumented agree", { skip }, (context) => {
  const totals = new Map<string, number>();
  const differences: string[] = [];
  for (const file of files ?? []) {
    const comparison = compareWithInterpreter(file, { every });
    for (const [name, count] of Object.entries<number>({ ...comparison.counts })) {
      totals.set(name, (totals.get(name) ?? 0) + count);
    }
    differences.push(...comparison.differences);
  }
  context.diagnostic(JSON.stringify(Object.fromEntries(totals)));
  assert.deepEqual(differences.slice(0, 40), []);
  assert.ok((totals.get("returns") ?? 0) > 20_000, "results were compared");
  assert.ok((totals.get("traps") ?? 0) > 1_000, "traps were compared");
  assert.ok((totals.get("fuelTotals") ?? 0) > 4_000, "totals were compared");
  assert.ok((totals.get("memories") ?? 0) > 4_000, "memories were compared");
});
