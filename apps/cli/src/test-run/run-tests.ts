/** Runs test files with Node's own test runner, in a process of its own, and reads what it reports. */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail } from "../errors.js";
import { sourceHooksUrl } from "./source-loader.js";

export interface TestResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** First words of the failure. */
  readonly message?: string;
}

export interface FileResult {
  /** As found: absolute. */
  readonly file: string;
  readonly tests: readonly TestResult[];
}

export interface RunTestsOptions {
  readonly files: readonly string[];
  readonly folder: string;
  /** Where the report for people goes: with `--json` to standard error. */
  readonly report: "stdout" | "stderr";
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

interface EventLine extends TestResult {
  readonly file?: string;
  readonly isSuite: boolean;
}

/** @throws {WE_TEST_INTERRUPTED} {WE_TEST_RUNNER} where the runner itself gives up */
export async function runTests(options: RunTestsOptions): Promise<readonly FileResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "wasm-engine-test-events-"));
  try {
    const events = join(folder, "events.jsonl");
    const code = await execute(options, events);
    if (options.signal.aborted) throw fail("WE_TEST_INTERRUPTED");
    const results = byFile(options.files, readLines(events));
    const hasFailed = results.some(({ tests }) => tests.some(({ outcome }) => outcome === "failed"));
    if (code !== 0 && !hasFailed) {
      throw fail("WE_TEST_RUNNER", {
        cause: code === null ? "it was ended by a signal" : `exit code ${code}`,
      });
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function execute(options: RunTestsOptions, events: string): Promise<number | null> {
  const { files, folder, report, environment, signal } = options;
  const reporter = new URL("./test-events.mjs", import.meta.url).href;
  const args = [
    "--enable-source-maps",
    "--import",
    sourceHooksUrl,
    "--test",
    "--test-reporter=spec",
    `--test-reporter-destination=${report}`,
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${events}`,
    ...files,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: folder,
      // A test may run this verb: what its own runner says to it is not for the inner one.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...environment },
      stdio: ["ignore", "inherit", "inherit"],
    });
    // The runner finishes what it can say before it ends.
    signal.addEventListener("abort", () => child.kill("SIGINT"), { once: true });
    child.on("error", reject);
    child.on("close", resolve);
  });
}

function readLines(path: string): readonly EventLine[] {
  const text = readText(path);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as EventLine); // written by test-events.mts
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The runner ended before it had anything to say: its exit code tells.
    return "";
  }
}

function byFile(files: readonly string[], lines: readonly EventLine[]): readonly FileResult[] {
  const results = new Map<string, TestResult[]>(files.map((file) => [file, []]));
  for (const { file = "", name, outcome, message, isSuite } of lines) {
    // A suite that fails is counted by its tests; one that fails by itself has none.
    if (isSuite) continue;
    const tests = results.get(file) ?? [];
    tests.push({ name, outcome, ...(message === undefined ? {} : { message }) });
    results.set(file, tests);
  }
  return [...results].map(([file, tests]) => ({ file, tests }));
}
