/** Error codes of executing threads. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const THREAD_ERRORS = {
  WE_EXECUTOR_THREAD_LOST: {
    message: 'Executing thread {thread} of {workers} was lost at tick {tick}: "{cause}"',
    hint: "the run is whole; go on with: wasm-engine run --resume RUN, perhaps with fewer --workers",
    exitCode: 4,
    retryable: true,
    explanation:
      "A thread that executes agents ended: it ran out of memory, was killed, or failed inside the runtime. The " +
      "engine starts all threads anew, restores the world from the newest snapshot, executes the log again up to its " +
      "last commit and goes on; that is a line on standard error and shows in no result. Only where the same tick " +
      "loses a thread twice the run stops with this error, at its last commit. Nothing that was acknowledged is lost.",
  },
  WE_EXECUTOR_WORKERS: {
    message: 'The number of workers is auto or a whole number from 1 to {workersMax}, not "{workers}"',
    hint: "give --workers auto, or the number of threads that may execute agents",
    exitCode: 2,
    explanation:
      "Agents are executed by a number of threads, the orchestrator thread among them. More threads than cores are " +
      "allowed and slow. The number shows in no result.",
  },
} as const satisfies ErrorTable;

export const fail = errorFactory(THREAD_ERRORS);
