/**
 * Order in which runnable agents are considered.
 *   fifo         (runnable since, id)
 *   priority     (urgency descending, runnable since, id): low urgency may starve, that is its meaning
 *   round-robin  (runnable since, (rank + since × stride) mod 2^32, id)
 * The key is fixed when the agent becomes runnable: leftovers keep it and come first, so that under fifo and
 * round-robin nobody starves. Ids are compared by their place among all live ids.
 */

import { unreachable } from "@wasm-engine/abi";
import type { Policy } from "../model.js";
import type { Runnable } from "./runnable.js";

export type Order = (left: Runnable, right: Runnable) => number;

const TWO_32 = 0x1_0000_0000;

export function orderOf(policy: Policy, stride: number): Order {
  switch (policy) {
    case "fifo":
      return compareFifo;
    case "priority":
      return comparePriority;
    case "round-robin":
      return (left, right) =>
        left.runnableSince - right.runnableSince ||
        rotated(left, stride) - rotated(right, stride) ||
        left.idRank - right.idRank;
    default:
      return unreachable(policy, "policy");
  }
}

function compareFifo(left: Runnable, right: Runnable): number {
  return left.runnableSince - right.runnableSince || left.idRank - right.idRank;
}

function comparePriority(left: Runnable, right: Runnable): number {
  return right.urgency - left.urgency || compareFifo(left, right);
}

/** Exact for ticks and strides beyond 2^32: both are reduced first, and the product in halves. */
function rotated(agent: Runnable, stride: number): number {
  const product = Math.imul((agent.runnableSince % TWO_32) | 0, (stride % TWO_32) | 0) >>> 0;
  return (agent.rank + product) % TWO_32;
}
