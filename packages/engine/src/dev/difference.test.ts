import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { Story, StoryEntry } from "../replay/story-contract.js";
import { differenceOf, stateChanges } from "./difference.js";
import { alignedEntriesMax } from "./limits.js";

const id = "a" as AgentId; // test data

function said(tick: number, text: string): StoryEntry {
  return { tick, agentId: id, kind: "said", about: "info", text };
}

function story(entries: readonly StoryEntry[], state?: Json): Story {
  const described = state === undefined ? {} : { state };
  return { entries, agents: [{ agentId: id, module: "m", since: 0, quiet: [], ...described }], tick: 9 };
}

function texts(before: readonly StoryEntry[], after: readonly StoryEntry[]): readonly (readonly string[])[] {
  const [agent] = differenceOf(story(before), story(after)).agents;
  return (agent?.entries ?? []).map(({ before, after }) => [before?.text ?? "", after?.text ?? ""]);
}

test("the same deeds at other ticks are the same", () => {
  const difference = differenceOf(story([said(1, "x"), said(2, "y")]), story([said(1, "x"), said(5, "y")]));
  assert.deepEqual(difference, { equal: true, agents: [] });
});

test("what is missing, new, or in the place of something else is told once", () => {
  const entries = (text: string): StoryEntry[] => [...text].map((letter, tick) => said(tick, letter));
  assert.deepEqual(texts(entries("abcd"), entries("abXd")), [["c", "X"]]);
  assert.deepEqual(texts(entries("abcd"), entries("acd")), [["b", ""]]);
  assert.deepEqual(texts(entries("acd"), entries("abcd")), [["", "b"]]);
  assert.deepEqual(texts(entries("abcabc"), entries("abcXabc")), [["", "X"]]);
  assert.deepEqual(texts(entries("1a2b3"), entries("Xa4b5")), [
    ["1", "X"],
    ["2", "4"],
    ["3", "5"],
  ]);
});

test("the first tick is that of the first deed that differs, on either side", () => {
  const { firstTick } = differenceOf(
    story([said(1, "x"), said(7, "y")]),
    story([said(1, "x"), said(4, "z")]),
  );
  assert.equal(firstTick, 4);
});

test("stories too long to be aligned are still compared at both ends", () => {
  const many = (mark: string): StoryEntry[] => [
    said(0, "start"),
    ...Array.from({ length: alignedEntriesMax + 10 }, (_, index) => said(index, `${mark}${index}`)),
    said(9, "end"),
  ];
  const changes = texts(many("x"), many("y"));
  assert.equal(changes.length, alignedEntriesMax + 10);
  assert.deepEqual(changes[0], ["x0", "y0"]);
});

test("what happens after a cut is not compared", () => {
  const cut: Story = { ...story([said(1, "x"), said(2, "y")]), cutAfter: 1 };
  assert.deepEqual(differenceOf(cut, story([said(1, "x"), said(2, "z"), said(3, "q")])), {
    equal: true,
    agents: [],
    cutAfter: 1,
  });
});

test("agents that live in one run only are named", () => {
  const { agents, equal } = differenceOf(story([]), { entries: [], agents: [], tick: 1 });
  assert.equal(equal, false);
  assert.deepEqual(agents, [{ agentId: "a", only: "before", entries: [], states: [] }]);
});

test("states are compared member by member", () => {
  const before = { state: { count: 1, list: [1, 2], gone: true }, waiting: [] };
  const after = { state: { count: 2, list: [1, 3, 4], added: null }, waiting: [] };
  assert.deepEqual(stateChanges(before, after), [
    { path: "state.count", before: 1, after: 2 },
    { path: "state.list[1]", before: 2, after: 3 },
    { path: "state.list[2]", before: undefined, after: 4 },
    { path: "state.gone", before: true, after: undefined },
    { path: "state.added", before: undefined, after: null },
  ]);
  assert.deepEqual(stateChanges({ a: [] }, { a: {} }), [{ path: "a", before: [], after: {} }]);
  assert.deepEqual(stateChanges(undefined, 1), [{ path: "", before: undefined, after: 1 }]);
});
