/**
 * What every thread of a replay in parts does, the one that has asked for it among them: takes a part that nobody has
 * taken, executes it in the instances of the one before, and hands on what it has found.
 */

import type { MessagePort } from "node:worker_threads";
import { assert } from "@wasm-engine/abi";
import { Machine } from "../threads/machine.js";
import { readRunStore } from "../world/run-store.js";
import type { PartBoard, PartWords } from "./part-board.js";
import type { ReplayPart } from "./replay-contract.js";
import { replayPart } from "./replay.js";
import type { Stretch } from "./replay-stretches.js";
import type { RecordedRun } from "./track.js";

/** A stretch to execute; `log`: the whole log to read, where stretches leave some of it out. */
export type PartTask = Stretch | "log";

/** What a thread is started with. Its tasks come over the port, before the board announces them. */
export interface PartThreadData {
  readonly dir: string;
  /** Number of the thread. */
  readonly thread: number;
  readonly shared: PartWords;
  readonly port: MessagePort;
}

/** How one task ended; no part where there was only something to read. */
export interface PartFound {
  readonly index: number;
  readonly part?: ReplayPart;
}

/** What a thread does, and with whom. */
export interface PartTaking extends Pick<PartThreadData, "thread"> {
  readonly tasks: readonly PartTask[];
  readonly board: PartBoard;
  /** Told now and then; the board says how far all have come. */
  readonly onProgress?: () => void;
}

/** Returns when nothing is left to take. @throws what is wrong with the run */
export function takeParts(
  run: RecordedRun,
  { tasks, thread, board, onProgress }: PartTaking,
  onFound: (found: PartFound) => void,
): void {
  const machine = new Machine({ workers: 1, reuse: "instances" });
  const done = { tick: 0, turnsExecuted: 0 };
  for (let index; (index = board.take(tasks.length)) !== undefined;) {
    const task = tasks[index];
    assert(task !== undefined, "a task is taken by its number");
    if (task === "log") {
      readRunStore(run.dir, "whole");
      onFound({ index });
      continue;
    }
    const begin = task.from ?? -1;
    const part = replayPart(run, task, {
      machine,
      onProgress: ({ tick, turnsExecuted }) => {
        const now = { tick: done.tick + tick - begin, turnsExecuted: done.turnsExecuted + turnsExecuted };
        board.note(thread, now);
        onProgress?.();
      },
    });
    done.tick += task.to - begin;
    done.turnsExecuted += part.report.turnsExecuted;
    board.note(thread, done);
    if (!part.report.verified) board.stop();
    onFound({ index, part });
  }
}
