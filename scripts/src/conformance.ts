/**
 * `npm run conformance`: the official WebAssembly suite through the instrumenter, in every tier of several Node
 * versions. Says per file what passed, what was refused for which feature, and what failed. `--write` puts the tables
 * into docs/conformance.md. Exits with 0 where nothing failed, 1 where anything did, 2 for usage, 4 without a suite.
 *
 *   --suite PATH    archive or folder of converted files (wast2json); may be repeated
 *   --nodes 20,24   majors, installed where missing
 *   --tiers LIST    of default, liftoff, turbofan
 *   --json          one document on stdout
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { CONFORMANCE_ABSENT, CONFORMANCE_FOLDER } from "../../packages/wasm/dist/testing/conformance.js";
import { chosenNames, programOptions } from "../../packages/wasm/dist/testing/program-options.js";
import type { SuiteFileReport } from "../../packages/wasm/dist/testing/suite-report.js";
import { suiteTable, suiteTotals } from "../../packages/wasm/dist/testing/suite-table.js";
import type { SuiteTotals } from "../../packages/wasm/dist/testing/suite-table.js";
import { nodeBinary, nodeMajors, tierFlags } from "./node-binary.js";
import { repositoryRoot } from "./tidy/source-tree.js";

interface SuiteOutcome {
  readonly path: string;
  readonly files: readonly SuiteFileReport[];
}

/** One Node version in one tier. */
interface MatrixEntry {
  readonly node: string;
  readonly tier: string;
  readonly suites: readonly SuiteOutcome[];
}

const child = join(repositoryRoot, "packages/wasm/dist/testing/conformance-main.js");
const page = join(repositoryRoot, "docs/conformance.md");

function usage(message: string, exitCode: number): never {
  console.error(message);
  process.exit(exitCode);
}

function runEntry(major: string, tier: string, paths: readonly string[]): MatrixEntry {
  const words = [...(tierFlags[tier] ?? []), child, ...paths];
  const result = spawnSync(nodeBinary(major), words, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) usage(`Node ${major}, ${tier}: the run ended with ${String(result.status)}`, 1);
  const { node, suites } = JSON.parse(result.stdout) as Omit<MatrixEntry, "tier">; // the child's document
  return { node, tier, suites };
}

function failuresOf({ suites }: MatrixEntry): string[] {
  return suites.flatMap(({ files }) => files.flatMap(({ failures }) => failures));
}

function nameOf(path: string): string {
  return basename(path).replace(/\.tgz$/, "");
}

/** One row per entry and suite: equal numbers everywhere are the point. */
function matrixTable(entries: readonly MatrixEntry[]): string {
  const rows = entries.flatMap(({ node, tier, suites }) =>
    suites.map(({ path, files }) => {
      const { modules, returns, traps, links, invalid, fuelTotals, refused, failed } = suiteTotals(files);
      const refusedCount = Object.values(refused).reduce((sum, count) => sum + count, 0);
      const checks = returns + traps + links + invalid;
      const words = [node, tier, nameOf(path), modules, checks, fuelTotals, refusedCount, failed];
      return `| ${words.join(" | ")} |`;
    }),
  );
  const head = "| Node | tier | suite | modules run | checks | fuel totals | modules refused | failed |";
  return [head, "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |", ...rows].join("\n");
}

/** Replaces what stands between the markers of a block. */
function withBlock(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: generated -->`, `<!-- ${name}: end -->`];
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) usage(`docs/conformance.md lacks the block ${name}`, 1);
  return `${before}${begin}\n\n${content}\n\n${end}${after}`;
}

function writePage(entries: readonly MatrixEntry[]): void {
  let text = withBlock(readFileSync(page, "utf8"), "matrix", matrixTable(entries));
  for (const { path, files } of entries[0]?.suites ?? [])
    text = withBlock(text, nameOf(path), suiteTable(files));
  writeFileSync(page, text);
}

const { values } = programOptions({
  usage: `npm run conformance -- [--suite PATH …] [--nodes ${nodeMajors.join(",")}]
  [--tiers ${Object.keys(tierFlags).join(",")}] [--write] [--json]`,
  options: {
    suite: { type: "string", multiple: true },
    nodes: { type: "string" },
    tiers: { type: "string" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const majors = chosenNames("nodes", values.nodes, nodeMajors);
const tiers = chosenNames("tiers", values.tiers, Object.keys(tierFlags));
const defaults = ["webassembly-spec-2.0-half.tgz", "webassembly-3.0-refused.tgz"];
const paths =
  values.suite?.map((path) => resolve(path)) ?? defaults.map((name) => join(CONFORMANCE_FOLDER, name));
const missing = paths.find((path) => !existsSync(path));
if (missing !== undefined)
  usage(values.suite === undefined ? CONFORMANCE_ABSENT : `no suite at ${missing}`, 4);

const say = (text: string): void => void (values.json ? process.stderr : process.stdout).write(`${text}\n`);
const entries: MatrixEntry[] = [];
for (const major of majors) {
  for (const tier of tiers) {
    const entry = runEntry(major, tier, paths);
    entries.push(entry);
    for (const failure of failuresOf(entry).slice(0, 20)) say(`${entry.node} ${tier} FAILED ${failure}`);
    say(`${entry.node} ${tier}: ${failuresOf(entry).length} failed`);
  }
}
/** What every entry must say alike: anything else depends on the version or the tier. */
const facts = new Set(entries.map(({ suites }) => JSON.stringify(suites)));
const failed = entries.reduce((sum, entry) => sum + failuresOf(entry).length, 0);
const ok = failed === 0 && facts.size === 1;
for (const { path, files } of entries[0]?.suites ?? []) say(`\n${nameOf(path)}\n\n${suiteTable(files)}`);
say(`\n${matrixTable(entries)}\n`);
say(ok ? "nothing failed; equal everywhere" : `${failed} failed; ${facts.size} different reports`);
if (values.write) writePage(entries);
if (values.json) {
  const document = {
    ok,
    failed,
    reports: facts.size,
    entries: entries.map(({ node, tier, suites }) => ({
      ...{ node, tier },
      suites: suites.map(
        ({ path, files }): SuiteTotals & { suite: string; perFile: readonly SuiteFileReport[] } => ({
          suite: nameOf(path),
          ...suiteTotals(files),
          perFile: files,
        }),
      ),
    })),
  };
  process.stdout.write(`${JSON.stringify(document)}\n`);
}
process.exitCode = ok ? 0 : 1;
