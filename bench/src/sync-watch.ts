/**
 * Counts the syncs of a run's log from outside. The log writer stores the synced position in `RUN/synced` after each
 * fdatasync (spec/event-log.md), so every change of that file is one sync or more: what is counted is a lower bound.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const lookEveryMs = 10;

export interface SyncWatch {
  /** Syncs seen so far, at the least. */
  readonly seen: number;
  end(): void;
}

export function watchSyncs(runFolder: string): SyncWatch {
  const path = join(runFolder, "synced");
  let last = markOf(path);
  let seen = 0;
  const timer = setInterval(() => {
    const mark = markOf(path);
    if (mark !== last) seen += 1;
    last = mark;
  }, lookEveryMs);
  return {
    get seen() {
      return seen;
    },
    end: () => clearInterval(timer),
  };
}

function markOf(path: string): string {
  try {
    return readFileSync(path, "hex");
  } catch {
    return ""; // Nothing has been synced yet.
  }
}
