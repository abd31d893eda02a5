/**
 * Names the agent behind a difference: executes the same ticks twice more in lockstep, once under the conditions of
 * the failing replay and once clean, and compares every agent's digest after every tick.
 */

import { compareIds } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import { equalBytes } from "@wasm-engine/core";
import { hex } from "../world/report.js";
import type { BitFlip, FirstDivergence } from "./replay-contract.js";
import { compareCommits, playTick } from "./play.js";
import type { Difference } from "./play.js";
import { openTrack } from "./track.js";
import type { RecordedRun } from "./track.js";

type AgentDigests = readonly (readonly [AgentId, Uint8Array])[];

interface AgentDifference {
  readonly agent: AgentId;
  readonly expected: string;
  readonly actual: string;
}

/** The first agent by id whose digest differs, or that lives in one world only. */
export function firstDifferentAgent(
  expected: AgentDigests,
  actual: AgentDigests,
): AgentDifference | undefined {
  const others = new Map(actual);
  const differing: AgentDifference[] = [];
  for (const [agent, digest] of expected) {
    const other = others.get(agent);
    others.delete(agent);
    if (other !== undefined && equalBytes(digest, other)) continue;
    differing.push({ agent, expected: hex(digest), actual: other === undefined ? "none" : hex(other) });
  }
  for (const [agent, digest] of others) differing.push({ agent, expected: "none", actual: hex(digest) });
  return differing.sort((left, right) => compareIds(left.agent, right.agent))[0];
}

/** Where `difference` began. Without an agent where both executions agree: then the log is what differs. */
export function locate(
  run: RecordedRun,
  options: { difference: Difference; from: number | undefined; flip?: BitFlip },
): FirstDivergence {
  const { difference, flip } = options;
  const suspect = openTrack(run, options.from);
  const clean = openTrack(run, options.from);
  let agrees = true;
  for (const entry of run.log.ticks(clean.world.tick)) {
    if (entry.commit === undefined || entry.tick > difference.tick) break;
    const suspected = playTick(suspect, entry, flip);
    const expected = playTick(clean, entry, undefined);
    agrees &&= compareCommits(entry.commit, expected.commit) === undefined;
    const agent = firstDifferentAgent(clean.world.agentDigests(), suspect.world.agentDigests());
    if (agent === undefined) continue;
    const what = compareCommits(expected.commit, suspected.commit)?.what ?? "state";
    return { tick: entry.tick, what, ...agent, cause: "execution" };
  }
  return { ...difference, cause: agrees && difference.what !== "chain" ? "transient" : "log" };
}
