import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentId } from "@wasm-engine/abi";
import type { Story, StoryAgent } from "../replay/story-contract.js";
import { forkPoint } from "./fork-point.js";

function agent(id: string, quiet: StoryAgent["quiet"], more: Partial<StoryAgent> = {}): StoryAgent {
  return { agentId: id as AgentId, module: id, since: 0, quiet, ...more }; // test data
}

function story(...agents: readonly StoryAgent[]): Story {
  return { entries: [], agents, tick: 100 };
}

const all = new Set(["a", "b", "c"]);

test("where nothing is pending, the fork is where it was wanted", () => {
  assert.deepEqual(forkPoint(story(agent("a", [[0, 100]])), 41, all), { at: 41, because: [] });
});

test("the newest tick at which every agent with new code is free counts; others may wait for what they like", () => {
  const agents = [
    agent("a", [
      [0, 9],
      [30, 100],
    ]),
    agent("b", [
      [5, 8],
      [20, 35],
    ]),
    agent("unchanged", []),
  ];
  assert.deepEqual(forkPoint(story(...agents), 40, all), { at: 35, because: ["b"] });
  assert.deepEqual(forkPoint(story(...agents), 28, all), { at: 8, because: ["a"] });
  assert.deepEqual(forkPoint(story(...agents), 4, all), { at: -1, because: ["b"] });
});

test("an agent that is always waiting, and one that is born later, need a run from the start", () => {
  assert.deepEqual(forkPoint(story(agent("a", [])), 40, all), { at: -1, because: ["a"] });
  const late = agent("c", [[50, 100]], { since: 50 });
  assert.deepEqual(forkPoint(story(agent("a", [[0, 100]]), late), 40, all), { at: -1, because: ["c"] });
});

test("an agent that had ended by then is in nobody's way", () => {
  const ended = agent("a", [[0, 3]], { until: 10 });
  assert.deepEqual(forkPoint(story(ended, agent("b", [[0, 100]])), 40, all), { at: 40, because: [] });
  assert.deepEqual(forkPoint(story(ended), 8, all), { at: 3, because: ["a"] });
});

test("before the first tick there is nothing to share", () => {
  assert.deepEqual(forkPoint(story(agent("a", [[0, 100]])), -1, all).at, -1);
});
