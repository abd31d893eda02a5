/**
 * An executor that tells a witness what passes through it. Nothing that the core sees is changed. For executors with
 * one region of turns and one of outcomes; regions are used again by the next tick.
 */

import type { AgentHandle, Region } from "@wasm-engine/abi";
import type { AgentOperation, PopulationChange } from "@wasm-engine/core";
import type { AgentImage } from "@wasm-engine/executor";
import { singleThread } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import type { AgentExecutor } from "../threads/threaded-executor.js";

/** A tick that has turns. */
export interface WitnessedTick {
  readonly tick: number;
  /** Virtual time since 1970-01-01T00:00:00Z. */
  readonly timeNanos: bigint;
  readonly turnCount: number;
  readonly turns: Region;
  /** Bytes that messages of the turns lie in. */
  readonly mail: Uint8Array;
}

export interface ExecutorWitness {
  onOperations?(operations: readonly AgentOperation[], tick: number): void;
  onPopulation?(change: PopulationChange): void;
  onImages?(images: readonly AgentImage[]): void;
  /** Before the turn is written, in plan order. */
  onTurn?(agent: AgentHandle): void;
  beforeTurns?(witnessed: WitnessedTick): void;
  afterTurns?(witnessed: WitnessedTick, outcomes: Region): void;
}

/** The same executor, under observation. */
export function witnessed(executor: AgentExecutor, witness: ExecutorWitness): AgentExecutor {
  let [tick, timeNanos, turnCount] = [0, 0n, 0];
  let anyone: AgentHandle | undefined;
  return {
    testing: executor.testing,
    apply: (operations, of) => {
      witness.onOperations?.(operations, of);
      return executor.apply(operations, of);
    },
    seal: (change) => {
      witness.onPopulation?.(change);
      executor.seal(change);
    },
    mail: (of) => executor.mail(of),
    beginTick: (of, nanos) => {
      [tick, timeNanos, turnCount, anyone] = [of, nanos, 0, undefined];
      executor.beginTick(of, nanos);
    },
    turnsOf: (agent) => {
      turnCount += 1;
      anyone = agent;
      witness.onTurn?.(agent);
      return executor.turnsOf(agent);
    },
    execute: () => {
      if (anyone === undefined) return executor.execute();
      const turns = executor.turnsOf(anyone).region;
      const mail = executor.mail(tick).region.bytes;
      const planned: WitnessedTick = { tick, timeNanos, turnCount, turns, mail };
      witness.beforeTurns?.(planned);
      executor.execute();
      witness.afterTurns?.(planned, executor.outcomesOf(anyone).region);
    },
    outcomesOf: (agent) => executor.outcomesOf(agent),
    imageDigests: (agents) => executor.imageDigests(agents),
    describe: (agent) => executor.describe(agent),
    examine: (agent, name) => executor.examine(agent, name),
    images: () => executor.images(),
    pagedImages: (all) => executor.pagedImages(all),
    beginImages: (all) => executor.beginImages(all),
    takeImages: (count) => executor.takeImages(count),
    loadImages: (images) => {
      witness.onImages?.(images);
      executor.loadImages(images);
    },
    figures: () => executor.figures(),
  };
}

/** A machine of this thread whose executors are under observation. */
export function witnessedMachine(witness: ExecutorWitness): Pick<Machine, "start"> {
  return {
    start: (request) => {
      const started = singleThread.start(request);
      return { ...started, executor: witnessed(started.executor, witness) };
    },
  };
}
