/**
 * A fixed stretch of what `npm run fuzz:wasm` does for hours: generated and changed modules against the interpreter,
 * the metering oracle and the engine. And the fuzzer itself: it must find what is wrong, and cut it down.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { instrument } from "./instrument.js";
import { reportOf, shrunkFailure } from "./testing/fuzz/failure-report.js";
import { runCase } from "./testing/fuzz/fuzz-case.js";
import type { CaseOptions, FuzzFailure, FuzzKind } from "./testing/fuzz/fuzz-case.js";
import { FuzzCounts } from "./testing/fuzz/fuzz-counts.js";
import { encodeProgram } from "./testing/generator/program-encoder.js";
import { generateProgram } from "./testing/generator/program-generator.js";
import { derivedSeed } from "./testing/random.js";
import { validate } from "./validator.js";

const runSeed = 20_261_122;

/** Leaves the bits of NaN to the engine. */
const worse: Pick<CaseOptions, "instrument"> = {
  instrument: (source, options) => instrument(source, { ...options, canonicalizeNan: false }),
};

function firstFailure(kind: FuzzKind, count: number, options: CaseOptions): FuzzFailure | undefined {
  for (let index = 0; index < count; index++) {
    const failure = runCase(kind, derivedSeed(runSeed, index), options);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function passes(kind: FuzzKind, count: number): FuzzCounts {
  const counts = new FuzzCounts();
  const failure = firstFailure(kind, count, { counts });
  const repeat = `npm run fuzz:wasm -- --kinds ${kind} --only-seed ${failure?.seed}`;
  assert.equal(failure?.difference.text, undefined, `repeat with: ${repeat}`);
  return counts;
}

test("[G7] generated modules: results, traps, memory, globals, fuel equal the interpreter's", (context) => {
  const counts = passes("generated", 150);
  context.diagnostic(counts.text());
  assert.ok(counts.interpreted > 1_000 && counts.fuelTotals > 1_000 && counts.budgets > 5_000);
  assert.ok(counts.trapped > 50 && counts.stopped > 5 && counts.moved > 50 && counts.nanModules > 20);
});

test("[G10] a module with one element changed is refused with a code, or equal in every world", (context) => {
  const counts = passes("mutated", 200);
  context.diagnostic(counts.text());
  assert.ok(counts.accepted > 50 && counts.refusals.size > 5);
});

test("[G10] changed bytes are refused with a code, or the engine takes them as well", (context) => {
  const counts = passes("bytes", 300);
  context.diagnostic(counts.text());
  assert.ok(counts.accepted > 10 && counts.refusals.size > 5);
});

test("[G6] no change of a signed module passes as the same or another module", (context) => {
  const counts = passes("signatures", 160);
  context.diagnostic(counts.text());
  assert.ok(counts.accepted > 0, "changes of what is not signed do not matter");
  assert.ok(counts.refused > 120, "most changes do");
});

test("equal seeds give equal modules, and generated modules are valid in their profile", () => {
  for (const profile of ["agent", "conformance"] as const) {
    for (let seed = 1; seed <= 50; seed++) {
      const bytes = encodeProgram(generateProgram(seed, { profile }));
      assert.deepEqual(encodeProgram(generateProgram(seed, { profile })), bytes);
      assert.equal(validate(bytes, { profile }).profile, profile);
    }
  }
});

test("a wrong instrumenter is found, and the module cut down to what shows it", () => {
  const failure = firstFailure("generated", 2_000, { counts: new FuzzCounts(), ...worse });
  assert.ok(failure !== undefined, "NaN bits differ somewhere");
  const shrunk = shrunkFailure(failure, worse);
  assert.equal(shrunk.difference.kind, failure.difference.kind);
  assert.ok(
    shrunk.bytes.length < 250 && shrunk.bytes.length < failure.bytes.length / 2,
    `${shrunk.bytes.length}`,
  );
  const folder = mkdtempSync(join(tmpdir(), "fuzz-report-"));
  try {
    const report = reportOf(failure, shrunk, folder);
    assert.match(
      report,
      new RegExp(`repeat with: npm run fuzz:wasm -- --kinds generated --only-seed ${failure.seed}`),
    );
    assert.match(readFileSync(join(folder, `generated-${failure.seed}.wat`), "utf8"), /^\(module/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a changed module that shows a mistake is cut down as bytes", () => {
  const failure = firstFailure("mutated", 4_000, { counts: new FuzzCounts(), ...worse });
  assert.ok(failure !== undefined, "NaN bits differ somewhere");
  const shrunk = shrunkFailure(failure, worse);
  assert.equal(shrunk.difference.kind, failure.difference.kind);
  assert.ok(
    shrunk.bytes.length < failure.bytes.length * 0.7,
    `${shrunk.bytes.length} of ${failure.bytes.length}`,
  );
});
