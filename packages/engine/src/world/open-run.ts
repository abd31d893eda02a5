/**
 * Opens a run: a new one from a configuration, or an existing folder to go on with. Going on means: newest snapshot,
 * committed ticks after it executed again and compared, inputs without commit adopted, sources and outputs at the
 * place where the log says they were.
 */

import type { AgentHandle } from "@wasm-engine/abi";
import { assert } from "@wasm-engine/abi";
import { equalBytes, genesisDigest } from "@wasm-engine/core";
import type { ExternalRequest, Genesis, Json, WorldContract } from "@wasm-engine/core";
import { forkFuture, forkSources, readPlan } from "../fork/fork-future.js";
import type { ForkPlan } from "../fork/fork-plan.js";
import { nodeHasher, sha256Hex } from "../crypto/node-crypto.js";
import type { OpenedAdapters } from "../adapters/open-adapters.js";
import { requestSeed } from "../adapters/request-seed.js";
import { RunAdapters, attemptsOf } from "../adapters/run-adapters.js";
import type { RunAdaptersParts } from "../adapters/run-adapters.js";
import type { Models } from "../inference/contract.js";
import { noteModels, notedModels } from "../inference/noted-models.js";
import type { NoteSideRecord } from "../inference/noted-models.js";
import type { Violation } from "../invariants/contract.js";
import { InvariantCheck } from "../invariants/invariant-check.js";
import type { AgentLook } from "../invariants/subject.js";
import { removeAddress } from "../control/control-address.js";
import { openInputSource } from "../inputs/input-source.js";
import { StreamInputSource } from "../inputs/stream-input-source.js";
import { openOutputSink } from "../outputs/output-sink.js";
import { compareCommits } from "../replay/play.js";
import type { FileSystem } from "../storage/file-system.js";
import type { EventLog, RecoveredLog } from "../storage/contract.js";
import type { ModuleAdmission } from "../trust/ceiling.js";
import { isExecutorLoss } from "../threads/machine.js";
import type { Machine } from "../threads/machine.js";
import type { Durability, InputSource, OutputSink, StopRule } from "./contract.js";
import type { StopReason } from "./control.js";
import type { PassCrashPoint } from "./crash-point.js";
import { fail } from "./errors.js";
import { FaultLog } from "./fault-log.js";
import { newHostState } from "./host-state.js";
import type { HostState } from "./host-state.js";
import type { WorldOrigin } from "./job.js";
import { durableWaitMs, idleWaitMs } from "./limits.js";
import type { Observation } from "./observation.js";
import { hex } from "./report.js";
import { createRunStore, openRunStore } from "./run-store.js";
import type { RunSetup, RunStore } from "./run-store.js";
import type { SnapshotSpacing } from "./snapshot-pace.js";
import { SnapshotTaker } from "./snapshot-taker.js";
import { startingPoint } from "./starting-point.js";
import type { SharedStart } from "./starting-point.js";
import { TickLoop } from "./tick-loop.js";
import type { LoopParts } from "./tick-loop.js";
import { createParts, describeAgent } from "./world-parts.js";
import type { WorldParts } from "./world-parts.js";

/** A run that is ready to tick. */
export interface OpenRun {
  readonly runId: string;
  readonly dir: string;
  readonly loop: TickLoop;
  readonly log: EventLog;
  readonly stop: StopRule;
  /** Ceilings that inputs are held to; empty where a program vouches for its modules itself. */
  readonly admissions: readonly ModuleAdmission[];
  readonly durability: Durability;
  readonly snapshotEvery: SnapshotSpacing;
  /** Tick of the newest snapshot; -1 without. */
  readonly snapshotTick: number;
  /** Undefined where the world has no model. */
  readonly models: Models | undefined;
  /** Undefined where the world has neither a tool nor a model that is asked over a wire. */
  readonly adapters: RunAdapters | undefined;
  /** How long a pump may rest while an answer is awaited. */
  readonly answerWaitMs: number;
  /** How long a pump may rest while something waits for the disk: long where the log rings a bell. */
  readonly durableWaitMs: number;
  readonly describe: (agent: AgentHandle) => Json | undefined;
  /** What the tick that was just executed has broken; `previous` was executed before it. */
  readonly violationAfter: (previous: number) => Violation | undefined;
  /** One of the inputs is standard input; {@link feed} takes what it brings. */
  readonly readsStandardInput: boolean;
  /** Standard input has brought bytes, or has ended. */
  feed(bytes: Uint8Array | undefined): void;
  readonly snapshots: SnapshotTaker;
  /** Threads that execute agents now. */
  workers(): number;
  /** Threads lost since this process opened the run. */
  threadsLost(): number;
  /** `reason`: a fact beside the chain, for lists of runs. */
  close(reason: StopReason): void;
  /** Closes everything but standard input, whose records exist nowhere else: to open the run again in this process. */
  abandon(): readonly StreamInputSource[];
}

export interface OpenRunOptions {
  /** Whether the log has a thread of its own. */
  readonly writer: "thread" | "inline";
  /** What the thread of this run sleeps on: its log rings it. */
  readonly bell?: SharedArrayBuffer;
  readonly pass: PassCrashPoint;
  /** Loaded models of the world; the run closes them. */
  readonly models?: Models;
  /** Adapters of the world; the run closes them. */
  readonly adapters?: OpenedAdapters;
  /** What executes the agents; default: this thread alone. */
  readonly machine?: Machine;
  /** Runs that begin alike, opened one after the other in this process, read where they begin once. */
  readonly start?: SharedStart;
  /** Tells a client what agents say while the run goes on. */
  readonly observation?: Observation;
  /** Standard input as an abandoned run left it. */
  readonly streams?: readonly StreamInputSource[];
  /** Another disk than that of this machine, for tests. */
  readonly system?: FileSystem;
  /** Length from which on a segment of the log is followed by another; for tests. */
  readonly segmentBytes?: number;
  /** What executes the agents was lost while the run was being opened; it is not tried a third time. */
  readonly isRetry?: boolean;
}

/** @throws {WE_RUN_DIVERGED} and what storage, inputs and outputs throw */
export function openRun(origin: WorldOrigin, options: OpenRunOptions): OpenRun {
  try {
    return openStored(origin, options);
  } catch (error) {
    options.models?.close();
    options.adapters?.host.close();
    throw error;
  }
}

function openStored(origin: WorldOrigin, options: OpenRunOptions): OpenRun {
  const { writer, bell } = options;
  const stored = {
    threaded: writer === "thread",
    ...systemOf(options),
    ...(bell === undefined ? {} : { bell }),
  };
  const store =
    origin.kind === "new"
      ? createRunStore(origin.world, { ...stored, dir: origin.dir })
      : openRunStore(origin.dir, stored);
  const started: WorldParts[] = [];
  try {
    return assemble(store, options, started);
  } catch (error) {
    for (const parts of started) parts.close({ wait: true });
    if (!isExecutorLoss(error)) {
      store.release();
      throw error;
    }
    store.close(store.recovered?.reachedTick ?? -1);
    options.machine?.noteLoss(error);
    if (options.isRetry === true) throw error;
    return openRun({ kind: "resume", dir: store.dir }, { ...options, isRetry: true });
  }
}

function systemOf({ system, segmentBytes }: OpenRunOptions): Pick<OpenRunOptions, "system" | "segmentBytes"> {
  return {
    ...(system === undefined ? {} : { system }),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  };
}

function assemble(store: RunStore, options: OpenRunOptions, started: WorldParts[]): OpenRun {
  const { genesis, modules, setup, log } = store;
  const { pass, machine } = options;
  const found = options.start === undefined ? startingPoint(store) : options.start.of(store);
  const content = found?.content;
  const faults = new FaultLog(store.stacks);
  const parts = createParts({
    genesis,
    modules,
    onFaultDetail: (detail) => faults.hear(detail),
    ...(content === undefined ? {} : { from: content }),
    ...(machine === undefined ? {} : { machine }),
  });
  started.push(parts);
  const { world, executor } = parts;
  assert(world.tick === (found?.tick ?? -1), "a snapshot holds the world of its tick");
  const plan = store.fork && readPlan(store.dir, store.fork);
  const state = content?.host ?? newHostState(setup.inputs.length, setup.outputs.length);
  // Kept calls of a fork have a position of their own, which snapshots of its parent do not know.
  if (plan !== undefined) padTo(state.sourceRecords, setup.inputs.length + 1);
  const sinks = openSinks(setup, genesis, { state, ...systemOf(options) });
  const sources = openSources(store, plan, options.streams ?? []);
  const note: NoteSideRecord = (kind, data) => store.note(kind, data);
  const nextTick = (): number => loop.reachedTick + 1;
  const models = options.models && notedModels(options.models, { note, nextTick, seedOf: seedsIn(world) });
  const adapters = options.adapters && openedAdapters(store, options.adapters, { world, pass, nextTick });
  const loop: TickLoop = new TickLoop({
    world,
    log,
    sources,
    sinks,
    state,
    stop: setup.stop,
    ticksAheadMax: setup.ticksAheadMax,
    pass,
    faults,
    ...(plan === undefined ? {} : { future: forkFuture(plan, world, state.modelSwaps) }),
    ...observing(store, options.observation),
    answerers: [models, adapters].filter((answerer) => answerer !== undefined),
  });
  if (store.recovered !== undefined) recover(loop, store, store.recovered);
  if (models !== undefined) noteModels(models, note, nextTick());
  adapters?.noteStart();
  loop.begin();
  loop.seekSources();
  const snapshots = new SnapshotTaker({ store, loop, executor, sinks, pass });
  return {
    runId: store.runId,
    dir: store.dir,
    loop,
    log,
    stop: setup.stop,
    admissions: setup.admissions ?? [],
    durability: setup.durability,
    snapshotEvery: spacingOf(setup, options),
    snapshotTick: found?.tick ?? -1,
    models,
    adapters,
    ...waitsOf(options),
    describe: (agent) => describeAgent(executor, agent),
    violationAfter: violationsIn(setup, parts),
    // A fork has what its parent read there.
    readsStandardInput: plan === undefined && setup.inputs.some((spec) => spec.path === "-"),
    feed: (bytes) => feed(sources, bytes),
    snapshots,
    workers: () => parts.workers(),
    threadsLost: () => machine?.threadsLost ?? 0,
    ...endsOf({ store, loop, parts, sources, sinks, pass, models, adapters, snapshots }),
  };
}

/** How long a pump may rest unless it is woken: with a thread of its own the log rings, and so do answers. */
function waitsOf({ writer, bell }: OpenRunOptions): Pick<OpenRun, "answerWaitMs" | "durableWaitMs"> {
  return {
    answerWaitMs: writer === "thread" ? idleWaitMs : durableWaitMs,
    durableWaitMs: bell === undefined ? durableWaitMs : idleWaitMs,
  };
}

/** Only beside a thread that writes them are snapshots cheap. */
function spacingOf({ snapshotEvery }: RunSetup, { writer }: OpenRunOptions): SnapshotSpacing {
  return snapshotEvery ?? (writer === "thread" ? "affordable" : undefined);
}

/** Nothing is looked at where nothing must hold. */
function violationsIn(
  { invariants = [] }: RunSetup,
  { world, executor }: WorldParts,
): OpenRun["violationAfter"] {
  if (invariants.length === 0) return () => undefined;
  const check = new InvariantCheck(invariants);
  const look: AgentLook = {
    describe: (agent) => describeAgent(executor, agent),
    examine: (agent, name) => executor.examine(agent, name),
  };
  return (previous) => check.afterTick(world, look, previous);
}

function observing(store: RunStore, observation: Observation | undefined): Pick<LoopParts, "observe"> {
  if (observation === undefined) return {};
  const { stacks } = store;
  return { observe: (tick, result, faults) => observation.note(tick, result, { faults, stacks }) };
}

/** The adapters of a process, for this run. What a former process has begun is in the side records. */
function openedAdapters(
  store: RunStore,
  { host, delivery }: OpenedAdapters,
  { world, ...rest }: Pick<RunAdaptersParts, "pass" | "nextTick"> & { readonly world: WorldContract },
): RunAdapters {
  const { genesis } = store;
  return new RunAdapters({
    host,
    delivery,
    lineage: lineageOf(store),
    seed: genesis.seed,
    agentId: (agent) => world.idOf(agent),
    attempted: attemptsOf(store.sideRecords()),
    note: (kind, data) => store.note(kind, data),
    ...rest,
  });
}

/** What ids of requests descend from: the genesis, and what makes a fork another world than its parent. */
function lineageOf({ genesis, fork }: RunStore): string {
  const digest = hex(genesisDigest(nodeHasher, genesis));
  if (fork === undefined) return digest;
  const { at, inputs, overrides, plan = "" } = fork;
  return sha256Hex(Buffer.from(JSON.stringify([digest, at, inputs, overrides, plan])));
}

interface EndParts {
  readonly store: RunStore;
  readonly loop: TickLoop;
  readonly parts: WorldParts;
  readonly sources: readonly InputSource[];
  readonly sinks: readonly OutputSink[];
  readonly pass: PassCrashPoint;
  readonly models: Models | undefined;
  readonly adapters: RunAdapters | undefined;
  readonly snapshots: SnapshotTaker;
}

/** The two ways in which an open run ends: for good, or to be opened again in this process. */
function endsOf(run: EndParts): Pick<OpenRun, "close" | "abandon"> {
  const { store, loop, parts, sources, sinks, pass, models, adapters, snapshots } = run;
  return {
    close: (reason) => {
      snapshots.drop();
      for (const source of sources) source.close();
      for (const sink of sinks) sink.close();
      models?.close();
      adapters?.close();
      parts.close({ wait: false });
      pass("before-close");
      // While the run is still locked: afterwards the address may be that of another process.
      removeAddress(store.dir);
      store.close(loop.sealedReachTick, { reason, chainHead: hex(loop.world.chainHead) });
    },
    abandon: () => {
      snapshots.drop();
      const kept = sources.filter((source) => source instanceof StreamInputSource);
      for (const source of sources) if (!(source instanceof StreamInputSource)) source.close();
      for (const sink of sinks) sink.close();
      parts.close({ wait: true });
      store.close(loop.sealedReachTick);
      return kept;
    },
  };
}

/** `streams`: standard input as an abandoned run left it. */
function openSources(
  { setup, genesis, fork }: RunStore,
  plan: ForkPlan | undefined,
  streams: readonly StreamInputSource[],
): readonly InputSource[] {
  if (fork !== undefined && plan !== undefined) {
    return forkSources(fork, plan, { specs: setup.inputs, genesis });
  }
  const kept = [...streams];
  return setup.inputs.map((spec) =>
    spec.path === "-"
      ? (kept.shift() ?? new StreamInputSource(spec, genesis))
      : openInputSource(spec, genesis),
  );
}

function padTo(records: number[], length: number): void {
  while (records.length < length) records.push(0);
}

/** What makes texts of agents differ, and those of equal worlds equal. */
function seedsIn(world: WorldContract): (request: ExternalRequest) => number {
  return ({ agent, requestId }) => {
    const agentId = world.idOf(agent);
    assert(agentId !== undefined, "an agent whose request is awaited lives");
    return requestSeed(world.genesis.seed, agentId, requestId);
  };
}

function openSinks(
  setup: RunSetup,
  genesis: Genesis,
  { state, system }: { readonly state: HostState } & Pick<OpenRunOptions, "system">,
): readonly OutputSink[] {
  return setup.outputs.map((spec, index) =>
    openOutputSink(spec, { genesis, position: state.sinkPositions[index] ?? 0 }, system),
  );
}

/** Executes what the log holds beyond the snapshot. @throws {WE_RUN_DIVERGED} */
function recover(loop: TickLoop, store: RunStore, recovered: RecoveredLog): void {
  const { dir } = store;
  for (const entry of recovered.ticks(loop.world.tick)) {
    if (entry.commit === undefined) {
      loop.adopt(entry.inputs);
      continue;
    }
    const result = loop.executeAgain(entry.tick, entry.inputs);
    const difference = compareCommits(entry.commit, result.commit);
    if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir });
  }
  const { chainHead, tick } = loop.world;
  if (!equalBytes(chainHead, recovered.chainHead)) {
    const expected = hex(recovered.chainHead);
    throw fail("WE_RUN_DIVERGED", { tick, what: "chain", expected, actual: hex(chainHead), dir });
  }
  assert(loop.loggedSeq === recovered.lastSeq, "every input of the log is known");
  loop.reach(recovered.reachedTick);
}

function feed(sources: readonly InputSource[], bytes: Uint8Array | undefined): void {
  for (const source of sources) {
    if (!(source instanceof StreamInputSource)) continue;
    if (bytes === undefined) source.end();
    else source.push(bytes);
  }
}
