/** Error codes of the follower. */

import { errorFactory } from "@wasm-engine/abi";
import type { ErrorTable } from "@wasm-engine/abi";

export const FOLLOWER_ERRORS = {
  WE_FOLLOWER_EVENT: {
    message: 'No event "{id}" is in the run{span}',
    hint: "take an id from: wasm-engine trace RUN; it looks like ORD:12, input:7, fault:1 or #345",
    exitCode: 2,
    explanation:
      "Messages are named by their sender and its count of messages, inputs by their number in the log, faults by their place among the faults of the run, and every event by its number in the index.",
  },
  WE_FOLLOWER_FIELD: {
    message: 'Agent "{agent}" has no field "{path}" at tick {tick}; it describes {fields}',
    hint: "see what it describes with: wasm-engine inspect RUN --agent {agent}",
    exitCode: 2,
    explanation:
      "A field is a path into what the agent says about itself, with dots between the names. An agent whose module cannot describe itself has no fields.",
  },
  WE_FOLLOWER_LOST: {
    message: 'The follower of run "{dir}" ended: {cause}',
    hint: "ask again; the run itself is not touched by its followers",
    exitCode: 70,
    retryable: true,
    explanation:
      "Questions about a run are answered by a process that replays its log. It ended before it answered. Nothing is lost: its index is made again where it is needed.",
  },
} as const satisfies ErrorTable;

export const fail: ReturnType<typeof errorFactory<typeof FOLLOWER_ERRORS>> = errorFactory(FOLLOWER_ERRORS);
