/** Builds the machine of a world: executor with its modules, and the world on top, new or from a snapshot. */

import { decodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import { World } from "@wasm-engine/core";
import type { Executors, Json, WorldContract } from "@wasm-engine/core";
import { nodeHasher } from "../crypto/node-crypto.js";
import { singleThread } from "../threads/machine.js";
import type { ExecutorRequest, Machine, StartedExecutor } from "../threads/machine.js";
import type { AgentExecutor } from "../threads/threaded-executor.js";
import type { SnapshotContent } from "./snapshot-content.js";

export interface WorldParts extends StartedExecutor {
  readonly world: WorldContract;
}

export interface PartsInput extends ExecutorRequest {
  readonly from?: Pick<SnapshotContent, "world" | "images">;
  /** Default: this thread alone. */
  readonly machine?: Pick<Machine, "start">;
}

/** A world at tick -1, or at the tick of the snapshot. */
export function createParts({ from, machine = singleThread, ...request }: PartsInput): WorldParts {
  const { genesis } = request;
  const started = machine.start(request);
  // The executor declares the port's types again because it may not import core; this line checks that both agree.
  const executors: Executors = started.executor;
  const ports = { hasher: nodeHasher, executors };
  try {
    if (from === undefined) return { ...started, world: World.create(genesis, ports) };
    started.executor.loadImages(from.images);
    return { ...started, world: World.restore(genesis, from.world, ports) };
  } catch (error) {
    started.close({ wait: true });
    throw error;
  }
}

/** What an agent says about itself; undefined where its module cannot or what it says is no JSON. */
export function describeAgent(executor: AgentExecutor, agent: AgentHandle): Json | undefined {
  const bytes = executor.describe(agent);
  const text = bytes === undefined ? undefined : decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing else
  } catch {
    return undefined;
  }
}
