/** Runs `npm install` in a new project: one line while it works, everything that npm said where it fails. */

import { spawn } from "node:child_process";
import { fail } from "./errors.js";
import type { Reporter } from "../reporter.js";

export interface InstallOptions {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** How a person goes on where this fails. */
  readonly resume: string;
  /** Program and first arguments. @default npm */
  readonly command?: readonly string[];
}

const progressEveryMs = 500;
const outputBytesMax = 64 * 1024;

/** Returns npm's summary. @throws {WE_INIT_INSTALL} {WE_INIT_INSTALL_INTERRUPTED} */
export async function installPackages(folder: string, options: InstallOptions): Promise<string> {
  const { reporter, signal, resume, command = ["npm"] } = options;
  const [program = "", ...first] = command;
  reporter.note("installing packages with npm");
  let output = "";
  const child = spawn(program, [...first, "install", "--loglevel=error", "--no-fund", "--no-audit"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    // npm is a script on Windows.
    shell: process.platform === "win32",
  });
  const collect = (bytes: Buffer): void => {
    output = (output + bytes.toString()).slice(-outputBytesMax);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const began = performance.now();
  const timer = setInterval(() => {
    reporter.progress(`  ${Math.round((performance.now() - began) / 1000)} s`);
  }, progressEveryMs);
  try {
    const status = await new Promise<number | string>((resolve) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        resolve(`${program} cannot be started: ${error.code}`),
      );
      child.once("close", (code) => resolve(code ?? -1));
    });
    if (signal.aborted) throw fail("WE_INIT_INSTALL_INTERRUPTED", { folder, resume });
    if (status === 0) return output.trim().split("\n").at(-1) ?? "";
    reporter.note(output.trimEnd());
    const cause = typeof status === "string" ? status : causeIn(output, status);
    throw fail("WE_INIT_INSTALL", { cause, folder, resume });
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** npm's first sentence about the error; its first line often is a bare code. */
function causeIn(output: string, status: number): string {
  const lines = [...output.matchAll(/^npm (?:error|ERR!) (.*)$/gm)].map(([, text = ""]) => text.trim());
  return lines.find((line) => line !== "" && !/^code \S+$/.test(line)) ?? lines[0] ?? `exit code ${status}`;
}
