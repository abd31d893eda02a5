/**
 * Where a run can be forked so that other code takes over before a failure: an agent is given another module only while
 * nothing of it is pending, and a child that is born after the fork has the code of its parent's run.
 */

import type { AgentId } from "@wasm-engine/abi";
import type { Story, StoryAgent } from "../replay/story-contract.js";

export interface ForkPoint {
  /** Last tick that both runs share; -1: from the start. */
  readonly at: number;
  /** Agents because of which it is not the tick that was asked for. */
  readonly because: readonly AgentId[];
}

/** The newest tick at or before `wanted` at which every agent of `modules` (digests) can be upgraded. */
export function forkPoint(story: Story, wanted: number, modules: ReadonlySet<string>): ForkPoint {
  const affected = story.agents.filter(({ module }) => modules.has(module));
  const newcomers = affected.filter(({ since }) => since > Math.max(wanted, 0));
  if (newcomers.length > 0) return { at: -1, because: idsOf(newcomers) };
  const because = affected.filter((agent) => !isFree(agent, wanted));
  let at = wanted;
  for (;;) {
    const held = affected.find((agent) => !isFree(agent, at));
    if (held === undefined || at < 0) return { at: Math.max(at, -1), because: idsOf(because) };
    at = newestFree(held, at);
  }
}

/** Nothing of it is pending after `tick`, or it does not live then. */
function isFree(agent: StoryAgent, tick: number): boolean {
  return newestFree(agent, tick) === tick;
}

/** The newest tick at or before `tick` after which the agent is free; -1: none. */
function newestFree({ quiet, until }: StoryAgent, tick: number): number {
  if (until !== undefined && tick > until) return tick;
  const stretch = quiet.findLast(([first]) => first <= tick);
  return stretch === undefined ? -1 : Math.min(tick, stretch[1]);
}

function idsOf(agents: readonly StoryAgent[]): readonly AgentId[] {
  return agents.map(({ agentId }) => agentId);
}
