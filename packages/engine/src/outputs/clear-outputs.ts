/**
 * Makes room for a new run: what an earlier run wrote to the same output files is removed (its own log can write
 * it again), and anything else is refused before it could be lost.
 */

import { nodeFileSystem } from "../storage/file-system.js";
import type { FileSystem } from "../storage/file-system.js";
import type { OutputSpec } from "../world/contract.js";
import { outputError } from "./errors.js";

/** What every line of an output begins with; see departure-line.ts. */
const beginning = Buffer.from('{"agentId":"');

/** Checks all files first, then removes. @throws {WE_OUTPUT_FOREIGN} {WE_OUTPUT_OPEN} */
export function clearOutputs(outputs: readonly OutputSpec[], system: FileSystem = nodeFileSystem): void {
  for (const { path } of outputs) checkOwn(system, path);
  for (const { path } of outputs) system.remove(path);
}

function checkOwn(system: FileSystem, path: string): void {
  const head = headOf(system, path);
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
function headOf(system: FileSystem, path: string): Buffer | undefined {
  try {
    const head = system.readPart(path, 0, beginning.length);
    return head === undefined ? undefined : Buffer.from(head);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException; // node:fs throws nothing else
    if (code === "ENOTDIR") return undefined;
    throw outputError("WE_OUTPUT_OPEN", { file: path, cause: message });
  }
}
