/** Process entry: streams, signals and the exit code of one command. */

import { executeCommandLine } from "./command-line.js";
import { fail } from "./errors.js";
import type { Reporter } from "./reporter.js";

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
process.exitCode = await executeCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  interruption,
});
