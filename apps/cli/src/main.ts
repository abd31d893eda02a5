/** Process entry: parse, run one verb, print its outcome, choose the exit code. */

import { EngineError } from "@wasm-engine/abi";
import { commands } from "./command-table.js";
import { fail } from "./errors.js";
import { parseCommandLine } from "./parse.js";
import { Reporter } from "./reporter.js";
import { cliVersion } from "./version.js";

async function main(argv: readonly string[]): Promise<number> {
  const reporter = new Reporter({
    json: argv.includes("--json"),
    quiet: argv.includes("--quiet") || argv.includes("-q"),
    verbose: argv.includes("--verbose"),
    stdout: process.stdout,
    stderr: process.stderr,
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

/** First Ctrl-C: graceful; second: at once. */
function interruption(reporter: Reporter): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    reporter.note("\nstopping after this tick; press again to stop at once");
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}

/**
 * Whoever reads may have seen enough (`log | head`): that ends the verb and is no failure. A full disk behind a
 * redirection is one.
 */
function minds(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): void {
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    const coded = fail("WE_CLI_OUTPUT", { cause: error.message });
    stderr.write(`error[${coded.code}]: ${coded.message}\n`);
    process.exit(coded.exitCode);
  });
  // Notes that nobody reads must not end a run.
  stderr.on("error", () => undefined);
}

minds(process.stdout, process.stderr);
process.exitCode = await main(process.argv.slice(2));
