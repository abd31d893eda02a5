/** What is still to come in a fork that has just been made: kept inputs, recorded answers, files that are read on. */

import { assert } from "@wasm-engine/abi";
import type { AgentId, ModuleDigest } from "@wasm-engine/abi";
import type { Input, InputBody } from "@wasm-engine/core";
import { openInputSource } from "../inputs/input-source.js";
import { openRecordedRun, openTrack } from "../replay/track.js";
import type { ReadRun, StoredModule } from "../world/run-store.js";
import { decodeContent } from "../world/snapshot-content.js";
import type { TickLoop } from "../world/tick-loop.js";
import type { ForkJob, ForkRecord, ResolvedOverrides } from "./contract.js";
import { cutsOf } from "./fork-cuts.js";
import type { CutBody } from "./fork-cuts.js";
import { changedInputs, upgradesOf } from "./fork-changes.js";
import { readPlan } from "./fork-future.js";
import { emptyPlan } from "./fork-plan.js";
import type { ForkPlan, RecordedAnswer } from "./fork-plan.js";
import { givenInputs } from "./given-inputs.js";
import { externalInputs, recordedAnswers } from "./parent-future.js";

export interface PlannedFuture {
  readonly plan: ForkPlan;
  readonly openSources: ForkRecord["openSources"];
  /** Agents that the fork's first tick upgrades. */
  readonly upgraded: readonly AgentId[];
  /** Agents and topics that it cuts off. */
  readonly cuts: readonly CutBody[];
}

type Asked = Pick<ForkJob, "inputs" | "overrides">;

interface Forking {
  readonly job: Asked;
  readonly at: number;
  readonly modules: readonly StoredModule[];
}

/** `loop` stands at the forked tick; its world is executed on to see the parent's requests. */
export function planFuture(parent: ReadRun, loop: TickLoop, forking: Forking): PlannedFuture {
  const [future] = planFutures(parent, loop, [forking]);
  assert(future !== undefined, "every fork has its future");
  return future;
}

/** Futures of one tick: whatever looks at the world there comes before it is executed on, which happens once. */
export function planFutures(
  parent: ReadRun,
  loop: TickLoop,
  forkings: readonly Forking[],
): readonly PlannedFuture[] {
  const planned = forkings.map((forking) => withoutAnswers(parent, loop, forking));
  const isShared = forkings.every(({ job, at }) => at >= 0 || !changesGenesis(job.overrides));
  assert(isShared || forkings.length === 1, "only forks of one world have the same answers");
  const left = parent.fork === undefined ? emptyPlan : unusedPlan(parent);
  const answers = answersOf(parent, loop, { at: forkings[0]?.at ?? -1, isShared, left });
  return planned.map((future, index) => {
    const overrides = forkings[index]?.job.overrides;
    assert(overrides !== undefined, "every fork has its future");
    const kept = answers.filter((answer) => !isReplaced(answer, overrides));
    return { ...future, plan: { ...future.plan, answers: kept } };
  });
}

function withoutAnswers(parent: ReadRun, loop: TickLoop, forking: Forking): PlannedFuture {
  const { job, at } = forking;
  const bodies = at < 0 ? [] : upgradesAt(parent, loop, forking);
  const cuts = cutsOf(loop.world, job.overrides.cut, parent.setup.outputs);
  const first = [...bodies, ...cuts].map((body, index): Input => ({ seq: index + 1, tick: at + 1, body }));
  const left = parent.fork === undefined ? emptyPlan : unusedPlan(parent);
  const kept = keptInputs(parent, left, forking);
  const plan: ForkPlan = {
    first: loop.state.sourceRecords[parent.setup.inputs.length] ?? 0,
    inputs: [...first, ...kept],
    answers: [],
  };
  const openSources = job.inputs === "keep" ? openSourcesOf(parent) : [];
  return { plan, openSources, upgraded: bodies.map(({ agent }) => agent), cuts };
}

function upgradesAt(
  parent: ReadRun,
  loop: TickLoop,
  { job, modules }: Forking,
): readonly (InputBody & { readonly kind: "upgrade"; readonly agent: AgentId })[] {
  const digests = (name: string): readonly ModuleDigest[] =>
    modules.filter((module) => module.name === name).map(({ digest }) => digest);
  return upgradesOf(loop.world, job.overrides, { digests, setup: parent.setup });
}

/** @throws {WE_FORK_INPUT} and what a given file may have wrong */
function keptInputs(parent: ReadRun, left: ForkPlan, { job, at }: Forking): readonly Input[] {
  const { inputs, overrides } = job;
  if (inputs === "none") return changedInputs([], overrides, at);
  if (inputs !== "keep") {
    changedInputs([], overrides, at);
    return givenInputs(inputs.file, parent.genesis, at);
  }
  const callsIndex = parent.setup.inputs.length;
  const logged = externalInputs(parent.recovered.ticks(at)).map((input) => {
    const { seq, tick, body, key, source } = input;
    if (source?.[0] !== callsIndex) return input;
    return { seq, tick, body, ...(key === undefined ? {} : { key }) };
  });
  return [...changedInputs(logged, overrides, at), ...left.inputs];
}

/** Records of each source that the parent's log holds, by the index of the source. */
function loggedRecords(parent: ReadRun): ReadonlyMap<number, number> {
  const records = new Map<number, number>();
  const { base } = parent.recovered;
  const first = base === undefined ? undefined : parent.newestSnapshot(base.tick);
  const before = first === undefined ? [] : decodeContent(first).host.sourceRecords;
  for (const [source, count] of before.entries()) if (count > 0) records.set(source, count);
  for (const { inputs } of parent.recovered.ticks(base?.tick)) {
    for (const { source } of inputs) if (source !== undefined) records.set(source[0], source[1] + 1);
  }
  return records;
}

/** What a fork that is forked again has not used yet. Its answers stay: which of them were used does not matter. */
function unusedPlan(parent: ReadRun): ForkPlan {
  const { fork, dir, setup } = parent;
  const plan = fork === undefined ? emptyPlan : readPlan(dir, fork);
  const records = loggedRecords(parent);
  const usedCalls = (records.get(setup.inputs.length) ?? plan.first) - plan.first;
  const calls = plan.inputs.filter(({ source }) => source === undefined).slice(Math.max(0, usedCalls));
  const unused = new Set(calls);
  const inputs = plan.inputs.filter((input) => {
    const { source } = input;
    return source === undefined ? unused.has(input) : source[1] >= (records.get(source[0]) ?? 0);
  });
  return { ...plan, inputs };
}

/** The parent's own answers come before those that it had from its own parent. */
function answersOf(
  parent: ReadRun,
  loop: TickLoop,
  { at, isShared, left }: { readonly at: number; readonly isShared: boolean; readonly left: ForkPlan },
): readonly RecordedAnswer[] {
  const { genesis, dir, recovered } = parent;
  if (genesis.models.length === 0 && genesis.tools.length === 0) return [];
  const ticks = recovered.ticks(at);
  const { outstanding, modelSwaps: swaps } = isShared ? loop.state : { outstanding: [], modelSwaps: [] };
  const track = isShared ? undefined : openTrack(openRecordedRun(dir), undefined);
  try {
    const world = track?.world ?? loop.world;
    const own = recordedAnswers({ dir, world, outstanding, swaps, ticks });
    const known = new Set(own.map(({ key }) => key));
    const inherited = left.answers.filter(({ key }) => !known.has(key));
    return [...own, ...inherited];
  } finally {
    track?.close();
  }
}

function changesGenesis({ seed, policy, args, modules }: ResolvedOverrides): boolean {
  return seed !== undefined || policy !== undefined || args.length > 0 || modules.length > 0;
}

/** Another model's or tool's answer says nothing about what this one would say. */
function isReplaced({ kind, name }: RecordedAnswer, { replaced }: ResolvedOverrides): boolean {
  return replaced.some((one) => one.kind === kind && one.name === name);
}

/**
 * Files that hold more than the parent's log. Standard input is not among them: nobody has what was not logged.
 * @throws what opening an input file throws
 */
function openSourcesOf(parent: ReadRun): ForkRecord["openSources"] {
  const { setup, genesis, fork } = parent;
  const records = loggedRecords(parent);
  return setup.inputs.flatMap((spec, index) => {
    const earlier = fork?.openSources.find((source) => source.index === index);
    if (spec.path === "-" || (fork !== undefined && earlier === undefined)) return [];
    const record = Math.max(records.get(index) ?? 0, earlier?.record ?? 0);
    const source = openInputSource(spec, genesis);
    source.seek(record);
    const isDone = source.done;
    source.close();
    return isDone ? [] : [{ index, record }];
  });
}
