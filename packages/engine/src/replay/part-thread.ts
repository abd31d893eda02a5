/**
 * Program of a thread that executes parts of a replay: it takes one after the other and says how each ended. Whatever
 * goes wrong ends it; then the parts give no verdict, and the run is executed in one piece, which says what it is.
 */

import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { partPlanWaitMs } from "./limits.js";
import { PartBoard } from "./part-board.js";
import { takeParts } from "./take-parts.js";
import type { PartTask, PartThreadData } from "./take-parts.js";
import { openRecordedRun } from "./track.js";

const { dir, thread, shared, port } = workerData as PartThreadData; // set by replay-parts.ts
const board = new PartBoard(shared);
try {
  const run = openRecordedRun(dir, "parts");
  const received = board.awaitPlan(partPlanWaitMs) ? receiveMessageOnPort(port) : undefined;
  const plan = received as { message: readonly PartTask[] } | undefined; // sent by replay-parts.ts
  takeParts(run, { tasks: plan?.message ?? [], thread, board }, (found) => {
    port.postMessage(found);
    board.ring();
  });
} catch (error) {
  board.stop();
  throw error;
} finally {
  port.close();
}
