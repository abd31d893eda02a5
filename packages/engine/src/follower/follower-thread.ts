/** Program of the follower's thread, which has the stack that agents need: serves one run until it is told to end. */

import { parentPort, workerData } from "node:worker_threads";
import { EngineError, assert } from "@wasm-engine/abi";
import type { FollowerCall, FollowerEvent } from "./contract.js";
import { fail } from "./errors.js";
import { FollowerService } from "./follower-service.js";

const { dir } = workerData as { readonly dir: string }; // given by follower-process.ts
const port = parentPort;
assert(port !== null, "a follower has a thread of its own");
const emit = (event: FollowerEvent): void => port.postMessage(event);

try {
  const service = new FollowerService(dir, emit);
  port.on("message", (message) => {
    const call = message as FollowerCall | "close"; // sent by our own process
    if (call !== "close") return service.take(call);
    service.close();
    port.close();
  });
} catch (error) {
  const coded = EngineError.is(error) ? error : fail("WE_FOLLOWER_LOST", { dir, cause: String(error) });
  emit({ kind: "failed", error: coded.toRecord() });
  port.close();
}
