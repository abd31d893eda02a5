/**
 * Program of a thread that executes parts of a replay: it takes one after the other and says how each ended. Whatever
 * goes wrong ends it; then the parts give no verdict, and the run is executed in one piece, which says what it is.
 */

import { workerData } from "node:worker_threads";
import { PartBoard } from "./part-board.js";
import { takeParts } from "./take-parts.js";
import type { PartThreadData } from "./take-parts.js";
import { openRecordedRun } from "./track.js";

const { shared, port, ...task } = workerData as PartThreadData; // set by replay-parts.ts
const board = new PartBoard(shared);
try {
  takeParts(openRecordedRun(task.dir, "parts"), { ...task, board }, (found) => {
    port.postMessage(found);
    board.ring();
  });
} catch (error) {
  board.stop();
  throw error;
} finally {
  port.close();
}
