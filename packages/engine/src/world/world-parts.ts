/** Builds the machine of a world: executor with its modules, and the world on top, new or from a snapshot. */

import { decodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";
import { World } from "@wasm-engine/core";
import type { Executors, Genesis, Json, WorldContract } from "@wasm-engine/core";
import { createInProcessExecutor } from "@wasm-engine/executor";
import type { FaultDetail, InProcessExecutor } from "@wasm-engine/executor";
import { nodeHasher } from "../crypto/node-crypto.js";
import type { SnapshotContent } from "./snapshot-content.js";

export interface WorldParts {
  readonly world: WorldContract;
  readonly executor: InProcessExecutor;
}

export interface PartsInput {
  readonly genesis: Genesis;
  /** Instrumented bytes by digest. */
  readonly modules: ReadonlyMap<ModuleDigest, Uint8Array>;
  readonly from?: Pick<SnapshotContent, "world" | "images">;
  readonly onFaultDetail?: (detail: FaultDetail) => void;
}

/** A world at tick -1, or at the tick of the snapshot. */
export function createParts({ genesis, modules, from, onFaultDetail }: PartsInput): WorldParts {
  const executor = createInProcessExecutor({
    modules: (digest) => {
      const bytes = modules.get(digest);
      return bytes === undefined ? undefined : { digest, bytes };
    },
    sha256: (bytes) => nodeHasher.sha256(bytes),
    depthBytes: genesis.depthBytes,
    ...(onFaultDetail === undefined ? {} : { onFaultDetail }),
  });
  // The executor declares the port's types again because it may not import core; this line checks that both agree.
  const executors: Executors = executor;
  const ports = { hasher: nodeHasher, executors };
  if (from === undefined) return { world: World.create(genesis, ports), executor };
  executor.loadImages(from.images);
  return { world: World.restore(genesis, from.world, ports), executor };
}

/** What an agent says about itself; undefined where its module cannot or what it says is no JSON. */
export function describeAgent(executor: InProcessExecutor, agent: AgentHandle): Json | undefined {
  const bytes = executor.describe(agent);
  const text = bytes === undefined ? undefined : decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing else
  } catch {
    return undefined;
  }
}
