/** The official test suite through the instrumenter: results, NaN bits, traps and fuel. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { CONFORMANCE_ABSENT, readConformance } from "./testing/conformance.js";
import { SuiteComparison } from "./testing/suite-comparison.js";
import { emptyCounts, runSuiteFile } from "./testing/suite-run.js";
import type { SuiteCounts } from "./testing/suite-run.js";

const files = readConformance("webassembly-spec-2.0-half");
const skip = files === undefined ? CONFORMANCE_ABSENT : false;

function standalone(bytes: Uint8Array): Uint8Array {
  return instrument(bytes, { profile: "conformance" }).bytes;
}

function runAll(prepare: (bytes: Uint8Array) => Uint8Array): SuiteCounts {
  const counts = emptyCounts();
  for (const file of files ?? []) runSuiteFile(file, prepare, counts);
  return counts;
}

function enough(counts: SuiteCounts): void {
  assert.ok(counts.modules > 400, "modules were instrumented");
  assert.ok(counts.returns > 20_000, "results were compared");
  assert.ok(counts.traps > 1_000, "traps were compared");
}

test("[G2] official suite: results bit for bit, every NaN positive canonical", { skip }, (context) => {
  const counts = runAll(standalone);
  const { failures, refusals, ...numbers } = counts;
  context.diagnostic(JSON.stringify({ ...numbers, refusals: [...refusals] }));
  assert.deepEqual(failures, []);
  enough(counts);
});

/** As an agent where that is allowed. */
function asAgent(bytes: Uint8Array): Uint8Array {
  try {
    return instrument(bytes).bytes;
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    return standalone(bytes);
  }
}

test("official suite as agents, with a host: the same", { skip }, () => {
  const counts = runAll(asAgent);
  const places = counts.failures.map((failure) => failure.split(" ")[0]);
  // An importer that asks for a memory with a maximum: agents do not declare one to the outside.
  assert.deepEqual(places, ["linking:367"]);
  enough(counts);
});

test("[G7] official suite: fuel equals the sum over executed instructions", { skip }, (context) => {
  const comparison = new SuiteComparison(standalone, true);
  for (const file of files ?? []) comparison.run(file);
  const { differences, ...numbers } = comparison.counts;
  context.diagnostic(JSON.stringify(numbers));
  assert.deepEqual(differences.slice(0, 20), []);
  assert.ok(numbers.fuelTotals > 20_000, "totals were compared");
  assert.ok(numbers.budgets > 2_000, "budgets were tried");
});

test("official suite: instrumented size without the fixed additions", { skip }, (context) => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const fixed = instrument(empty).bytes.length;
  let input = 0;
  let output = 0;
  for (const file of files ?? []) {
    for (const { type, filename } of file.commands) {
      if (type !== "module" || filename === undefined) continue;
      const bytes = file.module(filename);
      input += bytes.length;
      output += instrument(bytes, { profile: "conformance" }).bytes.length - fixed;
    }
  }
  context.diagnostic(
    `${input} B to ${output} B: ${(output / input).toFixed(2)}; fixed ${fixed} B per module`,
  );
  assert.ok(fixed < 600);
  assert.ok(output < input * 2);
});
