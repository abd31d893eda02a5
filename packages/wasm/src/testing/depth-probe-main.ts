/** Child process of the depth tests: a thread with the agents' stack, whose reports are printed as JSON. */

import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { NATIVE_STACK_MEBIBYTES, probeDepth } from "./depth-probe.js";

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), {
    resourceLimits: { stackSizeMb: NATIVE_STACK_MEBIBYTES },
  });
  worker.on("message", (reports) => process.stdout.write(JSON.stringify(reports)));
} else {
  parentPort?.postMessage(probeDepth());
}
