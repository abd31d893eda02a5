/**
 * `npm test [part-of-path …]`: runs every compiled test with node's runner, then checks traceability.
 * Closes with `N passed, N failed, N skipped` and the list of what was skipped and why.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { programOptions } from "../../packages/wasm/dist/testing/program-options.js";
import { testFiles } from "./test-plan.js";
import { repositoryRoot } from "./tidy/source-tree.js";
import { renderTraceability, taggedTests, traceabilityPath, unproved } from "./traceability.js";
import type { TestResult } from "./traceability.js";

interface Line extends TestResult {
  readonly file?: string;
  readonly reason?: string;
}

/** A file that takes so long hangs: it is ended and named. Ten times what the longest takes on two cores. */
const fileMsMax = 480_000;

const { positionals: filter } = programOptions({
  usage: "npm test [-- PART-OF-PATH …]",
  options: {},
  allowPositionals: true,
});
const files = testFiles(filter);
if (files.length === 0) {
  console.error(`No test file matches: ${filter.join(" ")}`);
  process.exit(2);
}
const resultsFolder = join(repositoryRoot, "node_modules/.cache/wasm-engine");
const resultsFile = join(resultsFolder, "test-results.jsonl");
mkdirSync(resultsFolder, { recursive: true });
rmSync(resultsFile, { force: true });
/** Where the projects of all tests keep builds and what preparing a module gave: most of them use the same few. */
const prepared = join(resultsFolder, "prepared");
if (filter.length === 0) rmSync(prepared, { recursive: true, force: true });
const environment = {
  ...process.env,
  WASM_ENGINE_PREPARED: prepared,
  // Tests reach nothing beyond this machine, and reading certificates is half the start of a process.
  NODE_EXTRA_CA_CERTS: "",
};
const run = spawnSync(
  process.execPath,
  [
    "--test",
    `--test-concurrency=${Math.max(1, Math.min(4, availableParallelism()))}`,
    `--test-timeout=${fileMsMax}`,
    "--test-reporter=./scripts/dist/terminal-report.mjs",
    "--test-reporter-destination=stdout",
    "--test-reporter=./scripts/dist/test-results.mjs",
    `--test-reporter-destination=${resultsFile}`,
    ...files,
  ],
  { cwd: repositoryRoot, stdio: "inherit", env: environment },
);
const results = readFileSync(resultsFile, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Line); // written by test-results.mts
const count = (outcome: Line["outcome"]): number => results.filter((line) => line.outcome === outcome).length;

const complaints = filter.length > 0 ? [] : unproved(results);
if (filter.length === 0 && readFileSync(traceabilityPath, "utf8") !== renderTraceability(taggedTests())) {
  complaints.push("docs/traceability.md is stale: run `node scripts/dist/traceability.js --write`");
}
for (const line of results)
  if (line.outcome === "skipped") console.log(`skipped: ${line.name}: ${line.reason ?? "no reason given"}`);
for (const complaint of complaints) console.error(`traceability: ${complaint}`);
const failed = count("failed") + complaints.length;
console.log(`\n${count("passed")} passed, ${failed} failed, ${count("skipped")} skipped`);
process.exitCode = run.status === 0 && failed === 0 ? 0 : 1;
