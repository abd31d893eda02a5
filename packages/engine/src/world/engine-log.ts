/**
 * What a detached world says to nobody in particular: RUN/engine.log. Lines for people with the wall time, bounded: the
 * older half goes when it is full. The runtime's own last words (out of memory) land in the same file, which is the
 * standard error of the process.
 */

import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { WorldEvent } from "./control.js";
import { engineLogBytesMax } from "./limits.js";

/** Log of the run in `dir`. */
export function engineLogPath(dir: string): string {
  return join(dir, "engine.log");
}

export class EngineLog {
  readonly #path: string;

  /** `begun`: the file that was opened before the run had a folder. */
  constructor(begun: string, dir: string) {
    const path = engineLogPath(dir);
    try {
      if (begun !== path) renameSync(begun, path);
    } catch {
      // It stays where it was begun, beside the run.
    }
    this.#path = path;
  }

  /** Keeps what is worth keeping. A log that cannot be written stops no world. */
  note(event: WorldEvent): void {
    const line = lineOf(event);
    if (line === undefined) return;
    try {
      appendFileSync(this.#path, `${new Date().toISOString()} ${line}\n`);
      if (statSync(this.#path).size > engineLogBytesMax) shorten(this.#path);
    } catch {
      // A full disk: the event log says so to whoever sends.
    }
  }
}

/** Keeps the newer half, from the beginning of a line. Whoever appends goes on behind it. */
function shorten(path: string): void {
  const text = readFileSync(path);
  const half = text.subarray(text.length - Math.floor(engineLogBytesMax / 2));
  const kept = half.subarray(half.indexOf(10) + 1);
  truncateSync(path);
  const file = openSync(path, "a");
  try {
    writeSync(file, kept);
  } finally {
    closeSync(file);
  }
}

function lineOf(event: WorldEvent): string | undefined {
  switch (event.kind) {
    case "opened":
      return `opened run ${event.runId} at tick ${event.tick} in process ${process.pid}`;
    case "recovered":
      return `recovered after tick ${event.tick}: ${event.error.code}: ${event.error.message}`;
    case "tool-line": {
      const { tool, level, text, dropped } = event.line;
      const more = dropped === 0 ? "" : ` (${dropped} lines before it are left out)`;
      return `tool ${tool}: ${level === "error" ? "error: " : ""}${text}${more}`;
    }
    case "ended": {
      const { reason, ticks, faults, chainHead, faultDetails } = event.result;
      const told = faultDetails.map(
        ({ tick, agentId, code, detail }) =>
          `\n  agent ${agentId} faulted at tick ${tick}: ${code}: ${detail}`,
      );
      return `ended (${reason}) after ${ticks} ticks, ${faults} faults, chain head ${chainHead}${told.join("")}`;
    }
    case "failed":
      return `failed: ${event.error.code}: ${event.error.message}`;
    default:
      return undefined;
  }
}
