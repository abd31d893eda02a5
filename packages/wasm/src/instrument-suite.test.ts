/** The official test suite through the instrumenter: every result bit for bit, every NaN positive canonical. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { instrument } from "./instrument.js";
import { CONFORMANCE_ABSENT, readConformance } from "./testing/conformance.js";
import { emptyCounts, runSuiteFile } from "./testing/suite-run.js";

const files = readConformance("webassembly-spec-2.0-half");

test(
  "[G2] official suite: instrumented modules give the expected results, bit for bit",
  { skip: files === undefined ? CONFORMANCE_ABSENT : false },
  (context) => {
    const counts = emptyCounts();
    for (const file of files ?? []) {
      runSuiteFile(file, (bytes) => instrument(bytes, { profile: "spec", standalone: true }).bytes, counts);
    }
    const { failures, refusals, ...numbers } = counts;
    context.diagnostic(JSON.stringify({ ...numbers, refusals: [...refusals] }));
    assert.deepEqual(failures.slice(0, 20), []);
    assert.ok(counts.modules > 100, "modules were instrumented");
    assert.ok(counts.returns > 1_000, "results were compared");
  },
);
