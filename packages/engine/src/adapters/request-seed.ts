/** The seed of one request: what makes samples of agents differ, and those of equal worlds equal. */

import type { AgentId } from "@wasm-engine/abi";
import { sha256Hex } from "../crypto/node-crypto.js";

/** 31 bits from the world's seed, the agent and its request, whatever tick it is asked in. */
export function requestSeed(seed: number, agentId: AgentId, requestId: number): number {
  const digest = sha256Hex(Buffer.from(JSON.stringify(["wasm-engine seed", seed, agentId, requestId])));
  return Number.parseInt(digest.slice(0, 8), 16) >>> 1;
}
