/** The official suite through the instrumenter: results, NaN bits, traps, refusals, fuel, and the page about it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { instrument } from "./instrument.js";
import { CONFORMANCE_ABSENT, readConformance } from "./testing/conformance.js";
import type { ConformanceArchive } from "./testing/conformance.js";
import { standIn, suiteFileReport } from "./testing/suite-report.js";
import { emptyCounts, runSuiteFile } from "./testing/suite-run.js";
import { suiteTable, suiteTotals } from "./testing/suite-table.js";

const files = readConformance("webassembly-spec-2.0-half");
const skip = files === undefined ? CONFORMANCE_ABSENT : false;
const page = join(import.meta.dirname, "../../../docs/conformance.md");

/** What the page says of a suite, without the spaces that its formatter adds. */
function tableOnPage(archive: ConformanceArchive): string {
  const text = readFileSync(page, "utf8");
  const block = text.split(`<!-- ${archive}: generated -->`)[1]?.split(`<!-- ${archive}: end -->`)[0] ?? "";
  return squeezed(block);
}

function squeezed(table: string): string {
  return table
    .trim()
    .replace(/\|[ :-]+(?=\||$)/gm, "|")
    .replace(/ +/g, " ");
}

test(
  "[G2] [G7] official suite: results bit for bit, NaN positive canonical, fuel as executed",
  { skip },
  (context) => {
    const reports = (files ?? []).map((file) => suiteFileReport(file, true));
    const totals = suiteTotals(reports);
    context.diagnostic(JSON.stringify(totals));
    assert.deepEqual(
      reports.flatMap(({ failures }) => failures),
      [],
    );
    assert.ok(totals.modules > 400, "modules were instrumented");
    assert.ok(totals.returns > 20_000, "results were compared");
    assert.ok(totals.traps > 1_000, "traps were compared");
    assert.ok(totals.fuelTotals > 20_000, "totals were compared");
    assert.ok(reports.reduce((sum, { budgets }) => sum + budgets, 0) > 2_000, "budgets were tried");
    assert.equal(
      tableOnPage("webassembly-spec-2.0-half"),
      squeezed(suiteTable(reports)),
      "npm run conformance -- --write",
    );
  },
);

test(
  "official suite of 3.0: what needs a refused feature is refused for it, the rest runs",
  { skip },
  (context) => {
    const reports = (readConformance("webassembly-3.0-refused") ?? []).map((file) =>
      suiteFileReport(file, false),
    );
    const totals = suiteTotals(reports);
    context.diagnostic(JSON.stringify(totals));
    assert.deepEqual(
      reports.flatMap(({ failures }) => failures),
      [],
    );
    for (const feature of ["memory64", "multi-memory", "relaxed-simd", "tail-calls"]) {
      assert.ok((totals.refused[`WE_MODULE_FEATURE_REFUSED ${feature}`] ?? 0) > 0, feature);
    }
    assert.equal(
      tableOnPage("webassembly-3.0-refused"),
      squeezed(suiteTable(reports)),
      "npm run conformance -- --write",
    );
  },
);

/** As an agent where that is allowed. */
function asAgent(bytes: Uint8Array): Uint8Array {
  try {
    return instrument(bytes).bytes;
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    return standIn(bytes);
  }
}

test("official suite as agents, with a host: the same", { skip }, () => {
  const counts = emptyCounts();
  for (const file of files ?? []) runSuiteFile(file, asAgent, counts);
  const places = counts.failures.map((failure) => failure.split(" ")[0]);
  // An importer that asks for a memory with a maximum: agents do not declare one to the outside.
  assert.deepEqual(places, ["linking:367"]);
  assert.ok(counts.modules > 400 && counts.returns > 20_000 && counts.traps > 1_000);
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
      output += standIn(bytes).length - fixed;
    }
  }
  context.diagnostic(
    `${input} B to ${output} B: ${(output / input).toFixed(2)}; fixed ${fixed} B per module`,
  );
  assert.ok(fixed < 600);
  assert.ok(output < input * 2);
});
