/**
 * Program of a follower's process: of the lowest priority, so that it takes no time from the world that it looks at.
 * Relays between its pipe and its thread; ends with whoever started it.
 */

import { constants, setPriority } from "node:os";
import { Worker } from "node:worker_threads";
import { executorStackMb, orchestratorHeapMb } from "../world/limits.js";
import type { FollowerEvent } from "./contract.js";
import { fail } from "./errors.js";

const [, , dir = ""] = process.argv;
try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Where that is not allowed, it runs as its client does.
}
const thread = new Worker(new URL("./follower-thread.js", import.meta.url), {
  workerData: { dir },
  resourceLimits: { stackSizeMb: executorStackMb, maxOldGenerationSizeMb: orchestratorHeapMb },
});

function tell(event: FollowerEvent): void {
  if (process.connected) process.send?.(event, undefined, undefined, () => undefined);
}

thread.on("message", (event: FollowerEvent) => tell(event));
thread.on("error", (error) =>
  tell({ kind: "failed", error: fail("WE_FOLLOWER_LOST", { dir, cause: String(error) }).toRecord() }),
);
thread.on("exit", () => {
  if (process.connected) process.disconnect();
});
process.on("message", (message) => thread.postMessage(message));
process.on("disconnect", () => thread.postMessage("close"));
// A client that closed while this program was loading was gone before anybody listened.
if (!process.connected) thread.postMessage("close");
// A terminal sends Ctrl-C to the whole group: the client decides what it means.
process.on("SIGINT", () => undefined);
