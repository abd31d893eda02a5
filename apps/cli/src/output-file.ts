/** Files that a verb writes where it is told to: whole or not at all. */

import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { makeFolders } from "@wasm-engine/engine";
import { fail } from "./errors.js";

/** Writes `content` to `path` and returns the absolute path. @throws {WE_CLI_FILE} */
export function writeOutputFile(path: string, content: string): string {
  const whole = resolve(path);
  const temporary = `${whole}.${process.pid}.tmp`;
  let isBegun = false;
  try {
    makeFolders(dirname(whole));
    const found = statSync(whole, { throwIfNoEntry: false });
    // Pipes and devices are written to, not replaced.
    if (found !== undefined && !found.isFile()) writeFileSync(whole, content);
    else {
      isBegun = true;
      writeFileSync(temporary, content);
      renameSync(temporary, whole);
    }
    return whole;
  } catch (error) {
    if (isBegun) rmSync(temporary, { force: true });
    throw refusal(whole, error);
  }
}

/** What takes long finds out first that its file has no place. @throws {WE_CLI_FILE} */
export function checkOutputFile(path: string): void {
  const whole = resolve(path);
  try {
    makeFolders(dirname(whole));
    const found = statSync(whole, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) throw fail("WE_CLI_FILE", { path: whole, cause: "EISDIR" });
  } catch (error) {
    throw refusal(whole, error);
  }
}

function refusal(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException; // errors of node:fs have a code
  return code === undefined || code.startsWith("WE_") ? error : fail("WE_CLI_FILE", { path, cause: code });
}
