/**
 * `npm run fuzz:wasm`: generated and mutated modules against the interpreter, the metering oracle and the engine.
 *
 *   --seed S           seed of the run (default: from the clock; printed)
 *   --count N          cases (default 2 000), or --minutes M
 *   --kinds a,b        of generated, mutated, bytes, signatures, suite (default: all but suite)
 *   --only-seed X      the one case with this seed, of the kind that is named
 *   --jobs J           processes (default 1)
 *   --out DIR          folder of failures (default: a temporary one)
 *
 * Cases run in child processes that end after some thousand of them: V8 keeps what it has learnt about the types of
 * every module for as long as a process lives, and compiling gets ten times slower by it.
 */

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programOptions } from "../program-options.js";
import { reportOf, shrunkFailure } from "./failure-report.js";
import { FUZZ_KINDS, runCase } from "./fuzz-case.js";
import type { FuzzFailure, FuzzKind } from "./fuzz-case.js";
import { FuzzCounts } from "./fuzz-counts.js";
import type { CountRecord } from "./fuzz-counts.js";
import { runCases } from "./fuzz-run.js";

/** After so many modules every instruction must have been executed. */
const coverageAfterModules = 10_000;
/** Cases of one child process. */
const casesPerChild = 2_000;
const fuzzUsage = `npm run fuzz:wasm -- [--seed S] [--count N | --minutes M] [--jobs J] [--out DIR]
  [--kinds ${FUZZ_KINDS.join(",")}] [--only-seed X]`;

interface Settings {
  readonly seed: number;
  readonly count: number;
  readonly minutes: number | undefined;
  readonly kinds: readonly FuzzKind[];
  readonly onlySeed: number | undefined;
  readonly jobs: number;
  /** Given to child processes: the first of their cases. `count` is where they end. */
  readonly from: number | undefined;
  readonly out: string | undefined;
}

function tell(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`${text}\n`);
}

function usage(text: string): never {
  tell(process.stderr, `${text}; see docs/fuzzing.md`);
  process.exit(2);
}

function settingsOf(args: readonly string[]): Settings {
  const names = ["seed", "count", "minutes", "kinds", "only-seed", "jobs", "from", "out"] as const;
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  const { values } = programOptions({ usage: fuzzUsage, args, options });
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const number = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const parsed = Number(value);
    return Number.isFinite(parsed) && parsed >= 0
      ? parsed
      : usage(`--${name} takes a number, not "${value}"`);
  };
  const minutes = number("minutes");
  return {
    seed: number("seed") ?? Date.now() % 0x1_0000_0000,
    count: number("count") ?? (minutes === undefined ? 2_000 : Number.MAX_SAFE_INTEGER),
    ...{ minutes, kinds: kindsOf(text("kinds")), onlySeed: number("only-seed"), from: number("from") },
    ...{ jobs: Math.max(1, number("jobs") ?? 1), out: text("out") },
  };
}

function kindsOf(text: string | undefined): FuzzKind[] {
  if (text === undefined) return FUZZ_KINDS.filter((kind) => kind !== "suite");
  return text.split(",").map((name) => {
    const kind = FUZZ_KINDS.find((candidate) => candidate === name);
    return kind ?? usage(`--kinds takes ${FUZZ_KINDS.join(", ")}, not "${name}"`);
  });
}

/** Prints and files a failure. */
function fail(failure: FuzzFailure, out: string | undefined): void {
  tell(process.stderr, `${failure.kind} ${failure.seed} failed (${failure.difference.kind}); shrinking it`);
  const folder = out ?? mkdtempSync(join(tmpdir(), "wasm-engine-fuzz-"));
  tell(process.stdout, reportOf(failure, shrunkFailure(failure, {}), folder));
  process.exitCode = 1;
}

/** The cases of one child process. */
function runHere(settings: Settings, counts: FuzzCounts): void {
  const { minutes, out } = settings;
  const begin = Date.now();
  const goesOn = (): boolean => minutes === undefined || Date.now() - begin < minutes * 60_000;
  const failure = runCases({ ...settings, from: settings.from ?? 0, counts, goesOn });
  if (failure !== undefined) fail(failure, out);
}

function runOne({ kinds, onlySeed, out }: Settings, seed: number, counts: FuzzCounts): void {
  const [kind] = kinds;
  if (kind === undefined || kinds.length !== 1) usage(`--only-seed ${onlySeed} needs --kinds with one kind`);
  const failure = runCase(kind, seed, { counts });
  if (failure !== undefined) fail(failure, out);
}

/** Adds up what a child process counted, and says whether it ended well. */
function ended(child: ChildProcess, counts: FuzzCounts): Promise<boolean> {
  return new Promise((resolve) => {
    child.on("message", (record: CountRecord) => counts.add(record));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** As many children at a time as there are jobs, each with the next cases; the first failure ends all. */
async function runChildren(settings: Settings, counts: FuzzCounts): Promise<void> {
  const { seed, kinds, count, minutes, jobs, out } = settings;
  const [, main = ""] = process.argv;
  const begin = Date.now();
  const children = new Set<ChildProcess>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      const passed = (Date.now() - begin) / 60_000;
      if (next >= count || process.exitCode === 1 || (minutes !== undefined && passed >= minutes)) return;
      const from = next;
      next = Math.min(count, from + casesPerChild);
      const args = ["--seed", seed, "--kinds", kinds.join(","), "--from", from, "--count", next];
      if (minutes !== undefined) args.push("--minutes", minutes - passed);
      if (out !== undefined) args.push("--out", out);
      const child = fork(main, args.map(String), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      children.add(child);
      const well = await ended(child, counts);
      children.delete(child);
      tell(process.stderr, `${Math.round((Date.now() - begin) / 1000)} s: ${counts.text()}`);
      if (well) continue;
      process.exitCode = 1;
      for (const other of children) other.kill();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}

async function main(args: readonly string[]): Promise<void> {
  Error.stackTraceLimit = 12;
  const settings = settingsOf(args);
  const { seed, kinds, onlySeed, from } = settings;
  const counts = new FuzzCounts();
  if (from === undefined) tell(process.stdout, `seed ${seed}, kinds ${kinds.join(",")}`);
  if (onlySeed !== undefined) runOne(settings, onlySeed, counts);
  else if (from !== undefined) runHere(settings, counts);
  else await runChildren(settings, counts);
  if (from !== undefined) {
    process.send?.(counts.record());
    return;
  }
  tell(process.stdout, counts.text());
  const uncovered = counts.uncovered();
  const complete = kinds.includes("generated") && counts.modules >= coverageAfterModules;
  if (!complete || uncovered.length === 0) return;
  tell(process.stdout, `never executed: ${uncovered.join(" ")}`);
  process.exitCode = 1;
}

await main(process.argv.slice(2));
