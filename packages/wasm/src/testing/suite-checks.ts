/** Mutation checks by a fixed sample of the official test suite; none where it is absent. */

import assert from "node:assert/strict";
import { readConformance } from "./conformance.js";
import type { MutationCheck } from "./mutation-check.js";
import { SuiteComparison } from "./suite-comparison.js";

/** Short files that are rich in control flow, calls, tables and segments. */
const sample = new Set([
  "block",
  "unwind",
  "stack",
  "unreached-valid",
  "func_ptrs",
  "load",
  "memory_size",
  "float_memory",
]);

const files = (readConformance("webassembly-spec-2.0-half") ?? []).filter(({ name }) => sample.has(name));

const suite: MutationCheck = {
  name: "sample of the official test suite",
  run(instrument) {
    const comparison = new SuiteComparison(
      (bytes) => instrument(bytes, { profile: "conformance" }).bytes,
      false,
    );
    for (const file of files) comparison.run(file);
    assert.deepEqual(comparison.counts.differences.slice(0, 3), []);
  },
};

export const SUITE_CHECKS: readonly MutationCheck[] = files.length === 0 ? [] : [suite];
