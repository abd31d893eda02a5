/** `dev`: a session of the engine behind a terminal: events become lines, keys become commands. */

import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { startDev, parseWorkers } from "@wasm-engine/engine";
import type { DevEvent, DevOptions } from "@wasm-engine/engine";
import type { CommandFunction, Parsed } from "../command.js";
import { flagOption, integerOption, textOption } from "../command.js";
import { listenForKeys } from "../dev/dev-keys.js";
import type { DevKey } from "../dev/dev-keys.js";
import { outcomeOf } from "../dev/dev-outcome.js";
import { linesOf } from "../dev/dev-view.js";
import { paintFor } from "../dev/paint.js";
import { fail } from "../errors.js";

export const dev: CommandFunction = async (context) => {
  const { parsed, reporter, signal } = context;
  const config = parsed.arguments[0] ?? ".";
  const directory = projectDirectory(config);
  const isJson = flagOption(parsed, "json");
  const stream = isJson ? process.stderr : process.stdout;
  const paint = paintFor(stream, process.env);
  const isOnce = flagOption(parsed, "once");
  const hasKeys = !isOnce && process.stdin.isTTY;
  const say = (line: string): void => {
    if (isJson) reporter.note(line);
    else reporter.row(undefined, line);
  };
  const isClearing = flagOption(parsed, "clear") && stream.isTTY && !isOnce;
  const tell = (event: DevEvent): void => {
    if (event.kind === "cycle" && isJson && flagOption(parsed, "follow")) reporter.row(event.cycle, "");
    if (event.kind === "progress")
      reporter.progress(`tick ${event.progress.tick}  ${event.progress.messages} messages`);
    // The error of the one cycle is the error of the verb.
    if (event.kind === "refused" && isOnce) return;
    if (event.kind === "changed" && isClearing) stream.write("\u001b[2J\u001b[3J\u001b[H");
    for (const line of linesOf(event, { paint, directory, hasKeys })) say(line);
  };
  let passed = true;
  const tests = async (abort: AbortSignal): Promise<void> => {
    passed = await runTests(directory, { isJson, signal: abort });
  };
  const session = await startDev({
    ...optionsOf(parsed, config),
    tell,
    ...(flagOption(parsed, "test") ? { afterRun: tests } : {}),
  });
  const quit = (): void => session.command("quit");
  if (signal.aborted) quit();
  signal.addEventListener("abort", quit, { once: true });
  let isTesting = false;
  const press = (key: DevKey): void => {
    if (key === "interrupt") process.kill(process.pid, "SIGINT");
    else if (key !== "tests") session.command(key);
    else if (!isTesting) {
      isTesting = true;
      void tests(signal).finally(() => (isTesting = false));
    }
  };
  const release = hasKeys ? listenForKeys(process.stdin, press) : () => undefined;
  try {
    return outcomeOf(await session.run(), {
      error: isOnce ? (session.failure ?? (passed ? undefined : fail("WE_DEV_TESTS_FAILED"))) : undefined,
      isOnce,
      isFollowing: isJson && flagOption(parsed, "follow"),
    });
  } finally {
    release();
    signal.removeEventListener("abort", quit);
  }
};

function optionsOf(parsed: Parsed, config: string): Omit<DevOptions, "tell"> {
  const seed = integerOption(parsed, "seed");
  const ticks = integerOption(parsed, "ticks");
  const workers = textOption(parsed, "workers");
  return {
    config,
    ...(seed === undefined ? {} : { seed }),
    ...(ticks === undefined ? {} : { ticks }),
    ...(workers === undefined ? {} : { workers: parseWorkers(workers) }),
    ...(flagOption(parsed, "realtime") ? { realtime: true } : {}),
    ...(flagOption(parsed, "allowUnsigned") ? { allowUnsigned: true } : {}),
    ...(flagOption(parsed, "once") ? { once: true } : {}),
  };
}

function projectDirectory(config: string): string {
  const path = resolve(config);
  return existsSync(path) && statSync(path).isDirectory() ? path : dirname(path);
}

/** True where they pass. The verb `test` as a process of its own: tests of a project may do anything to theirs. */
function runTests(
  directory: string,
  { isJson, signal }: { readonly isJson: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [process.argv[1] ?? "", "test"], {
      cwd: directory,
      // The document on standard output is that of dev.
      stdio: ["ignore", isJson ? 2 : "inherit", "inherit"],
    });
    const end = (): void => void child.kill("SIGTERM");
    signal.addEventListener("abort", end, { once: true });
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      done(code === 0);
    });
  });
}
