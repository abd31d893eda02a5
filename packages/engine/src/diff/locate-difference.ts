/**
 * Executes two runs up to the first tick that differs and names its first agent, and what of it differs. A log that
 * executing does not confirm is named instead: then not the world differs, but the record of it.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import type { AgentView, Commit, Input, Json, TickResult } from "@wasm-engine/core";
import { compareCommits } from "../replay/play.js";
import type { Difference } from "../replay/play.js";
import type { BitFlip } from "../replay/replay-contract.js";
import type { RecordedRun } from "../replay/track.js";
import type { RecoveredTick } from "../storage/contract.js";
import {
  differingAgents,
  fuelDifference,
  mailOf,
  memoryDifference,
  messageDifferences,
  sentMessages,
} from "./agent-difference.js";
import type { Scene } from "./agent-difference.js";
import type { DiffReport, DifferenceKind, InputDifference } from "./diff-contract.js";
import { inputDifferences } from "./input-difference.js";
import { ticksPerLook } from "./limits.js";
import { pathDifferences } from "./path-difference.js";
import { watchedTrack } from "./watched-track.js";
import type { WatchedTrack } from "./watched-track.js";

export interface Pair<Value> {
  readonly left: Value;
  readonly right: Value;
}

export interface DifferencePlace {
  /** The first tick at which the logs differ. */
  readonly tick: number;
  readonly isSameGenesis: boolean;
  /** Test-only: of the right run. */
  readonly flip?: BitFlip;
}

export type Located = Omit<DiffReport, "equal" | "left" | "right" | "genesis" | "setup">;

/** One run on its way to the tick. */
interface Side {
  readonly name: keyof Pair<unknown>;
  readonly run: RecordedRun;
  readonly watched: WatchedTrack;
  /** Recorded ticks that are still to be executed. */
  readonly ahead: TicksAhead;
  readonly flip: BitFlip | undefined;
}

/**
 * Worlds are compared once in a while on the way; where they differ although the logs agree, they are executed once
 * more and compared after every tick. @throws what executing a damaged run throws
 */
export function locateDifference(runs: Pair<RecordedRun>, place: DifferencePlace): Located {
  const found = locateEvery(runs, place, ticksPerLook) ?? locateEvery(runs, place, 1);
  assert(found !== undefined, "with a look after every tick the first that differs is found");
  return found;
}

/** Undefined where a look finds a difference that may have begun after the look before. */
function locateEvery(
  runs: Pair<RecordedRun>,
  place: DifferencePlace,
  lookEvery: number,
): Located | undefined {
  const from = place.tick > 0 ? place.tick - 1 : undefined;
  const sideOf = (name: Side["name"]): Side => {
    const flip = name === "right" ? place.flip : undefined;
    const watched = watchedTrack(runs[name], from);
    return { name, run: runs[name], watched, ahead: ticksAhead(runs[name], watched.track.world.tick), flip };
  };
  const sides = { left: sideOf("left"), right: sideOf("right") };
  try {
    return locate(sides, place, lookEvery);
  } finally {
    sides.left.watched.track.close();
    sides.right.watched.track.close();
  }
}

function locate({ left, right }: Pair<Side>, place: DifferencePlace, lookEvery: number): Located | undefined {
  const { tick, isSameGenesis } = place;
  const met = Math.max(left.watched.track.world.tick, right.watched.track.world.tick);
  let isFirst = true;
  let reach: Reach = isSameGenesis ? { count: Infinity, to: met } : { count: Infinity, to: tick - 1 };
  for (;;) {
    let executed = 0;
    for (const side of [left, right]) {
      const played = playOn(side, reach);
      if (played.divergence !== undefined) return diverged(side, played.divergence);
      executed = Math.max(executed, played.executed);
    }
    if (!isFirst && executed === 0) return locateIn({ left, right }, place);
    const mayBeLate = !isFirst && executed > 1;
    isFirst = false;
    reach = { count: lookEvery, to: tick - 1 };
    if (!isSameGenesis) continue;
    // Before the tick the logs agree: where the worlds do not, a snapshot holds what no tick has made.
    const now = { left: sceneOf(left), right: sceneOf(right) };
    const agents = differingAgents(now.left, now.right, true);
    if (agents.length === 0) continue;
    if (mayBeLate) return undefined;
    return located(now, { tick: left.watched.track.world.tick, agents, inputs: [] });
  }
}

/** Executes the tick itself. */
function locateIn({ left, right }: Pair<Side>, { tick, isSameGenesis }: DifferencePlace): Located {
  const mail = { left: mailOf(viewsOf(left)), right: mailOf(viewsOf(right)) };
  const entries = { left: entryAt(left.run, tick), right: entryAt(right.run, tick) };
  const stepped = { left: stepAt(left, entries.left), right: stepAt(right, entries.right) };
  for (const { divergence } of [stepped.left, stepped.right]) if (divergence !== undefined) return divergence;
  const late = {
    left: sceneOf(left, { mail: mail.left, result: stepped.left.result }),
    right: sceneOf(right, { mail: mail.right, result: stepped.right.result }),
  };
  const inputs = inputDifferences(inputsOf(entries.left), inputsOf(entries.right), namesOf(late));
  const differing = differingAgents(late.left, late.right, isSameGenesis);
  // Whoever gets another input comes first: for the others only the numbers of later inputs may have shifted.
  const addressed = new Set(inputs.flatMap((input) => [input.left?.agent, input.right?.agent]));
  const agents = [...new Set([...differing.filter((id) => addressed.has(id)), ...differing])];
  return located(late, { tick, agents, inputs, ended: endedAt(left.run, right.run, tick) });
}

/** True where one of the logs ends before the tick. */
function endedAt(left: RecordedRun, right: RecordedRun, tick: number): boolean {
  return left.log.tick < tick || right.log.tick < tick;
}

function inputsOf(entry: RecoveredTick | undefined): readonly Input[] {
  return entry?.inputs ?? [];
}

interface Reach {
  /** Executed ticks, at most. */
  readonly count: number;
  /** Not beyond this tick. */
  readonly to: number;
}

interface Played {
  readonly executed: number;
  /** Where the log and its execution differ. */
  readonly divergence?: Difference;
}

function playOn({ watched, ahead }: Side, { count, to }: Reach): Played {
  for (let executed = 0; executed < count; executed += 1) {
    const entry = ahead.takeUpTo(to);
    if (entry === undefined) return { executed };
    const divergence = compareCommits(entry.commit, watched.step(entry, undefined).commit);
    if (divergence !== undefined) return { executed, divergence };
  }
  return { executed: count };
}

type CommittedTick = RecoveredTick & { readonly commit: Commit };

interface TicksAhead {
  /** The next committed tick where it is not after `tick`. */
  takeUpTo(tick: number): CommittedTick | undefined;
}

/** The log is read once, from `after` on. */
function ticksAhead({ log }: RecordedRun, after: number): TicksAhead {
  const ticks: Iterator<RecoveredTick, unknown> = log.ticks(after)[Symbol.iterator]();
  const read = (): CommittedTick | undefined => {
    const next = ticks.next();
    if (next.done === true || next.value.commit === undefined) return undefined;
    return { ...next.value, commit: next.value.commit };
  };
  let next: CommittedTick | undefined;
  let isRead = false;
  return {
    takeUpTo: (tick) => {
      if (!isRead) next = read();
      isRead = true;
      if (next === undefined || next.tick > tick) return undefined;
      const taken = next;
      isRead = false;
      return taken;
    },
  };
}

/** The committed tick itself; undefined where the run has none there. */
function entryAt(run: RecordedRun, tick: number): RecoveredTick | undefined {
  for (const entry of run.log.ticks(tick - 1)) {
    return entry.tick === tick && entry.commit !== undefined ? entry : undefined;
  }
  return undefined;
}

interface Stepped {
  readonly result?: TickResult;
  readonly divergence?: Located;
}

function stepAt(side: Side, entry: RecoveredTick | undefined): Stepped {
  if (entry?.commit === undefined) return {};
  const result = side.watched.step(entry, side.flip);
  const difference = side.flip === undefined ? compareCommits(entry.commit, result.commit) : undefined;
  return difference === undefined ? { result } : { divergence: diverged(side, difference) };
}

function diverged({ name }: Side, { tick, what, expected, actual }: Difference): Located {
  const divergence = { run: name, what, expected, actual };
  return { firstTick: tick, agent: null, what: "log", divergence, ...nothing };
}

/** A report in which nothing is listed. */
export const nothing: Pick<DiffReport, "inputs" | "messages" | "described" | "agents"> = {
  inputs: [],
  messages: [],
  described: [],
  agents: 0,
};

interface DescribedScene extends Scene {
  readonly describe: (agent: AgentId) => Json | undefined;
}

interface ExecutedTick {
  /** Mailboxes before it. */
  readonly mail: ReadonlyMap<AgentId, ReadonlySet<string>>;
  readonly result: TickResult | undefined;
}

/** A world as it is now, to be looked at before it is executed on; with `executed`, what was sent in that tick. */
function sceneOf(side: Side, executed?: ExecutedTick): DescribedScene {
  const { track, executor, turns } = side.watched;
  const views = viewsOf(side);
  const names = new Map([...views].map(([id, { handle }]) => [handle, id]));
  let images: Scene["images"] | undefined;
  return {
    views,
    // Copies of every memory: made only where digests differ.
    get images() {
      images ??= new Map(executor.images().map((image) => [image.agent, image]));
      return images;
    },
    digests: new Map(track.world.agentDigests()),
    sent: executed === undefined ? new Map() : sentMessages(executed.mail, views, executed.result),
    turns: executed?.result === undefined ? [] : turns.flatMap((handle) => names.get(handle) ?? []),
    describe: (agent) => {
      const view = views.get(agent);
      return view === undefined ? undefined : track.describe(view.handle);
    },
  };
}

function viewsOf({ watched }: Side): ReadonlyMap<AgentId, AgentView> {
  return new Map(watched.track.world.agents().map((view) => [view.agentId, view]));
}

function namesOf({ left, right }: Pair<Scene>): (handle: AgentHandle) => AgentId | undefined {
  const names = new Map([...left.views, ...right.views].map(([id, { handle }]) => [handle, id]));
  return (handle) => names.get(handle);
}

interface Findings {
  readonly tick: number;
  readonly agents: readonly AgentId[];
  readonly inputs: readonly InputDifference[];
  /** One of the runs has ended before the tick. */
  readonly ended?: boolean;
}

function located({ left, right }: Pair<DescribedScene>, findings: Findings): Located {
  const { tick, agents, inputs, ended = false } = findings;
  const [agent] = agents;
  const base = { ...nothing, firstTick: tick, agent: agent ?? null, agents: agents.length, inputs };
  if (ended) return { ...base, what: "length" };
  if (agent === undefined) return { ...base, what: inputs.length > 0 ? "input" : "state" };
  const messages = messageDifferences(left, right, agent);
  const memory = memoryDifference(left, right, agent);
  const fuel = fuelDifference(left, right, agent);
  return {
    ...base,
    what: kindOf({ inputs: inputs.length, messages: messages.length, memory, fuel }),
    messages,
    described: pathDifferences(left.describe(agent), right.describe(agent)),
    ...(memory === undefined ? {} : { memory }),
    ...(fuel === undefined ? {} : { fuel }),
  };
}

/** Causes before effects: an input makes a message, a message is made from memory. */
function kindOf(found: {
  readonly inputs: number;
  readonly messages: number;
  readonly memory: unknown;
  readonly fuel: unknown;
}): DifferenceKind {
  if (found.inputs > 0) return "input";
  if (found.messages > 0) return "message";
  if (found.memory !== undefined) return "memory";
  return found.fuel === undefined ? "state" : "fuel";
}
