/**
 * What differs between two runs, agent by agent: deeds that one of them has and the other has not, and what agents say
 * about themselves at the end. Ticks do not count: the same deed a tick later is the same deed.
 */

import { compareIds } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import { equalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import type { Story, StoryAgent, StoryEntry } from "../replay/story-contract.js";
import { alignedEntriesMax } from "./limits.js";

/** A deed of the earlier run, of the later one, or one in the place of the other. */
export interface EntryChange {
  readonly before?: StoryEntry;
  readonly after?: StoryEntry;
}

/** A member of what an agent says about itself; a side without it is undefined. */
export interface StateChange {
  /** `state.answered`, `state.list[2]`; empty for the whole. */
  readonly path: string;
  readonly before?: Json | undefined;
  readonly after?: Json | undefined;
}

export interface AgentDifference {
  readonly agentId: AgentId;
  /** Absent: it lives, or lived, in both runs. */
  readonly only?: "before" | "after";
  readonly entries: readonly EntryChange[];
  readonly states: readonly StateChange[];
}

export interface RunDifference {
  readonly equal: boolean;
  /** Tick of the first deed that differs. */
  readonly firstTick?: number;
  /** Agents that differ, by id. */
  readonly agents: readonly AgentDifference[];
  /** Deeds after this tick were not compared: there were too many. */
  readonly cutAfter?: number;
}

export function differenceOf(before: Story, after: Story): RunDifference {
  const cutAfter = Math.min(before.cutAfter ?? Infinity, after.cutAfter ?? Infinity);
  const ids = new Set([...before.agents, ...after.agents].map(({ agentId }) => agentId));
  const [old, now] = [entriesByAgent(before, cutAfter), entriesByAgent(after, cutAfter)];
  const agents = [...ids]
    .sort(compareIds)
    .map((agentId) =>
      agentDifference(agentId, {
        before: { agent: agentOf(before, agentId), entries: old.get(agentId) ?? [] },
        after: { agent: agentOf(after, agentId), entries: now.get(agentId) ?? [] },
      }),
    )
    .filter(({ only, entries, states }) => only !== undefined || entries.length > 0 || states.length > 0);
  const ticks = agents.flatMap(({ entries }) =>
    entries.map((change) => Math.min(change.before?.tick ?? Infinity, change.after?.tick ?? Infinity)),
  );
  return {
    equal: agents.length === 0,
    ...(ticks.length === 0 ? {} : { firstTick: ticks.reduce((least, tick) => Math.min(least, tick)) }),
    agents,
    ...(cutAfter === Infinity ? {} : { cutAfter }),
  };
}

interface Side {
  readonly agent: StoryAgent | undefined;
  readonly entries: readonly StoryEntry[];
}

function agentDifference(
  agentId: AgentId,
  { before, after }: { readonly before: Side; readonly after: Side },
): AgentDifference {
  const only = before.agent === undefined ? "after" : after.agent === undefined ? "before" : undefined;
  return {
    agentId,
    ...(only === undefined ? {} : { only }),
    entries: alignedChanges(before.entries, after.entries),
    states: stateChanges(before.agent?.state, after.agent?.state),
  };
}

function agentOf(story: Story, agentId: AgentId): StoryAgent | undefined {
  return story.agents.find((agent) => agent.agentId === agentId);
}

function entriesByAgent(story: Story, cutAfter: number): ReadonlyMap<AgentId, readonly StoryEntry[]> {
  const byAgent = new Map<AgentId, StoryEntry[]>();
  for (const entry of story.entries) {
    if (entry.tick > cutAfter) break;
    const known = byAgent.get(entry.agentId);
    if (known === undefined) byAgent.set(entry.agentId, [entry]);
    else known.push(entry);
  }
  return byAgent;
}

function keyOf({ kind, about, text }: StoryEntry): string {
  return `${kind}\0${about}\0${text}`;
}

/** Deeds outside of the longest common subsequence, those that stand in each other's place together. */
function alignedChanges(before: readonly StoryEntry[], after: readonly StoryEntry[]): readonly EntryChange[] {
  const isSame = (left: number, right: number): boolean => {
    const [a, b] = [before[left], after[right]];
    return a !== undefined && b !== undefined && keyOf(a) === keyOf(b);
  };
  let start = 0;
  while (isSame(start, start)) start += 1;
  let end = 0;
  const shorter = Math.min(before.length, after.length) - start;
  while (end < shorter && isSame(before.length - 1 - end, after.length - 1 - end)) end += 1;
  const old = before.slice(start, before.length - end);
  const now = after.slice(start, after.length - end);
  const common =
    old.length > alignedEntriesMax || now.length > alignedEntriesMax ? [] : commonPairs(old, now);
  const changes: EntryChange[] = [];
  let [left, right] = [0, 0];
  for (const [oldIndex, newIndex] of [...common, [old.length, now.length] as const]) {
    changes.push(...paired(old.slice(left, oldIndex), now.slice(right, newIndex)));
    [left, right] = [oldIndex + 1, newIndex + 1];
  }
  return changes;
}

/** Index pairs of a longest common subsequence. */
function commonPairs(
  before: readonly StoryEntry[],
  after: readonly StoryEntry[],
): readonly (readonly [number, number])[] {
  const [old, now] = [before.map(keyOf), after.map(keyOf)];
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1)
    for (let column = now.length - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        old[row] === now[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
  const pairs: (readonly [number, number])[] = [];
  let [row, column] = [0, 0];
  while (row < old.length && column < now.length) {
    if (old[row] === now[column]) {
      pairs.push([row, column]);
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}

/** Deeds of one kind in one gap stand in each other's place, in order. */
function paired(before: readonly StoryEntry[], after: readonly StoryEntry[]): readonly EntryChange[] {
  const left = [...after];
  const changes = before.map((entry): EntryChange => {
    const index = left.findIndex(({ kind }) => kind === entry.kind);
    const [partner] = index === -1 ? [] : left.splice(index, 1);
    return partner === undefined ? { before: entry } : { before: entry, after: partner };
  });
  return [...changes, ...left.map((entry) => ({ after: entry }))];
}

/** Members that differ, in the order of their paths. */
export function stateChanges(
  before: Json | undefined,
  after: Json | undefined,
  path = "",
): readonly StateChange[] {
  if (equalJson(before, after)) return [];
  const [old, now] = [membersOf(before), membersOf(after)];
  if (old === undefined || now === undefined || old.isList !== now.isList) return [{ path, before, after }];
  const names = [...new Set([...old.members.keys(), ...now.members.keys()])];
  return names.flatMap((name) => {
    const inner = old.isList ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
    return stateChanges(old.members.get(name), now.members.get(name), inner);
  });
}

function membersOf(
  value: Json | undefined,
): { readonly isList: boolean; readonly members: ReadonlyMap<string, Json> } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return { isList: Array.isArray(value), members: new Map(Object.entries(value)) };
}
