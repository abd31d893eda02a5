/**
 * One command: parse, run its verb, tell the outcome, choose the exit code. What a process is (its streams, signals and
 * end) belongs to main.ts.
 */

import { EngineError } from "@wasm-engine/abi";
import { commands } from "./command-table.js";
import { fail } from "./errors.js";
import { parseCommandLine } from "./parse.js";
import { Reporter } from "./reporter.js";
import type { ReporterOptions } from "./reporter.js";
import { cliVersion } from "./version.js";

/** What a command has around it. */
export interface Surroundings extends Pick<ReporterOptions, "stdout" | "stderr"> {
  /** Called once the verb is known: aborted where it is to stop. */
  readonly interruption: (reporter: Reporter) => AbortSignal;
}

/** Runs what `argv` says, tells its outcome, and returns the exit code. */
export async function executeCommandLine(
  argv: readonly string[],
  { stdout, stderr, interruption }: Surroundings,
): Promise<number> {
  const reporter = new Reporter({
    json: argv.includes("--json"),
    quiet: argv.includes("--quiet") || argv.includes("-q"),
    verbose: argv.includes("--verbose"),
    stdout,
    stderr,
  });
  try {
    requireNode();
    const invoked = await parseCommandLine(commands, argv, cliVersion());
    if (invoked === undefined) return 0;
    const run = await invoked.command.load();
    const outcome = await run({ parsed: invoked.parsed, reporter, signal: interruption(reporter) });
    if (outcome.streamed !== true) reporter.result(outcome.document, outcome.text);
    return outcome.exitCode ?? 0;
  } catch (error) {
    const coded = EngineError.is(error) ? error : unexpected(error);
    reporter.failure(coded, partialDocument(coded));
    return coded.exitCode;
  }
}

/** What a failed verb still knows (a run's id, the ticks done) stands beside the error. */
function partialDocument(error: EngineError): Record<string, unknown> {
  const result = error.details["result"];
  return typeof result === "object" && result !== null ? { ...result } : {};
}

function unexpected(error: unknown): EngineError {
  if (isFolderGone(error)) return fail("WE_CLI_FOLDER_GONE");
  const coded = fail("WE_CLI_UNHANDLED", { cause: error instanceof Error ? error.message : String(error) });
  if (error instanceof Error && error.stack !== undefined) coded.stack = error.stack;
  return coded;
}

/** Any verb may ask for the working directory, and Node asks it of the operating system. */
function isFolderGone(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "uv_cwd";
}

function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw fail("WE_CLI_NODE_VERSION", { found: process.version });
}
