/** A recorded run opened for reading, and worlds that execute it again from a chosen snapshot or from the start. */

import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";
import type { Genesis, Json, WorldContract } from "@wasm-engine/core";
import type { RecoveredLog } from "../storage/contract.js";
import { requireReach } from "../storage/event-log-reader.js";
import type { ExecutorRequest, Machine } from "../threads/machine.js";
import type { StackMap } from "../modules/stack-map.js";
import { fail } from "../world/errors.js";
import { FaultLog } from "../world/fault-log.js";
import { readRunStore } from "../world/run-store.js";
import type { LogChecking, ReadRun } from "../world/run-store.js";
import { decodeContent } from "../world/snapshot-content.js";
import type { SnapshotContent } from "../world/snapshot-content.js";
import { createParts, describeAgent } from "../world/world-parts.js";
import type { BitFlip } from "./replay-contract.js";

/** What replay reads of a run folder. */
export interface RecordedRun {
  readonly runId: string;
  readonly dir: string;
  readonly genesis: Genesis;
  readonly modules: ReadonlyMap<ModuleDigest, Uint8Array>;
  readonly log: RecoveredLog;
  readonly stacks: StackMap;
  /** Folder of the configuration that it was made from. */
  readonly baseDirectory: string;
  /** A module as signed. */
  moduleBytes: ReadRun["moduleBytes"];
  moduleName: ReadRun["moduleName"];
  newestSnapshot: ReadRun["newestSnapshot"];
  snapshotTicks: ReadRun["snapshotTicks"];
  sideRecords: ReadRun["sideRecords"];
  stateHashOfSnapshot: ReadRun["stateHashOfSnapshot"];
}

/** One world on its way through a recorded run. */
export interface Track {
  readonly world: WorldContract;
  readonly faults: FaultLog;
  describe(agent: AgentHandle): Json | undefined;
  /** The world as it is now, to start from again. */
  base(): TrackBase;
  /** Calls a function that its module exports, on a copy; see the executor's contract. */
  examine(agent: AgentHandle, name: string): number | null | undefined;
  /** Threads that execute agents now. */
  workers(): number;
  /** Test-only. @throws {WE_AGENT_UNKNOWN} */
  flip(flip: BitFlip): void;
  close(): void;
}

/** @throws what reading a damaged or unknown run throws */
export function openRecordedRun(dir: string, checking?: LogChecking): RecordedRun {
  const run = readRunStore(dir, checking);
  return {
    runId: run.runId,
    dir: run.dir,
    genesis: run.genesis,
    modules: run.modules,
    log: run.recovered,
    stacks: run.stacks,
    baseDirectory: run.setup.baseDirectory,
    moduleBytes: (digest) => run.moduleBytes(digest),
    moduleName: (digest) => run.moduleName(digest),
    newestSnapshot: (tick) => run.newestSnapshot(tick),
    snapshotTicks: () => run.snapshotTicks(),
    sideRecords: () => run.sideRecords(),
    stateHashOfSnapshot: (tick) => run.stateHashOfSnapshot(tick),
  };
}

/** A world to start from that is in no snapshot. */
export interface TrackBase extends Pick<SnapshotContent, "world" | "images"> {
  readonly tick: number;
}

/** What executes a track. */
export interface TrackOptions extends Pick<ExecutorRequest, "instrumented"> {
  readonly machine?: Pick<Machine, "start">;
  /** Taken instead of an older snapshot. At or before the tick that is asked for. */
  readonly base?: TrackBase;
}

/** A world at tick -1, or at the newest snapshot at or before `from`. @throws {WE_RUN_COMPACTED} */
export function openTrack(
  run: RecordedRun,
  from: number | undefined,
  { machine, instrumented, base }: TrackOptions = {},
): Track {
  const { genesis, modules } = run;
  const snapshot = from === undefined ? undefined : run.newestSnapshot(from);
  const isNewer = base !== undefined && base.tick > (snapshot?.tick ?? -1);
  if (!isNewer) requireReach(run.dir, run.log.base, snapshot?.tick ?? -1, from ?? 0);
  const stored = snapshot === undefined ? undefined : decodeContent(snapshot);
  const content = isNewer ? base : stored;
  const faults = new FaultLog(run.stacks);
  const parts = createParts({
    genesis,
    modules,
    onFaultDetail: (detail) => faults.hear(detail),
    ...(content === undefined ? {} : { from: content }),
    ...(machine === undefined ? {} : { machine }),
    ...(instrumented === undefined ? {} : { instrumented }),
  });
  const { world, executor } = parts;
  return {
    world,
    faults,
    base: () => ({ tick: world.tick, world: world.exportState(), images: executor.images() }),
    workers: () => parts.workers(),
    close: () => parts.close({ wait: true }),
    describe: (agent) => describeAgent(executor, agent),
    examine: (agent, name) => executor.examine(agent, name),
    flip: ({ agent, tick, byte, bit }) => {
      const view = world.agent(agent);
      if (view === undefined) throw fail("WE_AGENT_UNKNOWN", { agent, tick });
      executor.testing.flipBit(view.handle, byte, bit);
    },
  };
}
