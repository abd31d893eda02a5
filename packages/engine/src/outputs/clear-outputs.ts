/**
 * Makes room for a new run: what an earlier run wrote to the same output files is removed (its own log can write
 * it again), and anything else is refused before it could be lost.
 */

import { closeSync, openSync, readSync, rmSync } from "node:fs";
import type { OutputSpec } from "../world/contract.js";
import { outputError } from "./errors.js";

/** What every line of an output begins with; see departure-line.ts. */
const beginning = Buffer.from('{"agentId":"');

/** Checks all files first, then removes. @throws {WE_OUTPUT_FOREIGN} {WE_OUTPUT_OPEN} */
export function clearOutputs(outputs: readonly OutputSpec[]): void {
  for (const { path } of outputs) checkOwn(path);
  for (const { path } of outputs) rmSync(path, { force: true });
}

function checkOwn(path: string): void {
  const head = headOf(path);
  if (head === undefined || beginning.subarray(0, head.length).equals(head)) return;
  const parameters = {
    file: path,
    offset: 0,
    expected: "output of an earlier run",
    actual: head.toString("latin1"),
  };
  throw outputError("WE_OUTPUT_FOREIGN", parameters);
}

/** The first bytes of a file; `undefined` where there is none. */
function headOf(path: string): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const head = Buffer.alloc(beginning.length);
    return head.subarray(0, readSync(descriptor, head));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException; // node:fs throws nothing else
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw outputError("WE_OUTPUT_OPEN", { file: path, cause: message });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
