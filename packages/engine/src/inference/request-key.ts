/** Requests as keys of maps: ids count per agent, so the agent is part of it. */

import type { AgentHandle } from "@wasm-engine/abi";

export function requestKey(agent: AgentHandle, requestId: number): string {
  return `${agent}:${requestId}`;
}
