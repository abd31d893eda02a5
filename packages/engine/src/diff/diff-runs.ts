/**
 * Compares two recorded runs: the logs tell the first tick that differs, and executing both from their nearest
 * snapshots tells the agent and what of it. Nothing is written, models and tools are not asked.
 */

import { encodeGenesis, equalBytes } from "@wasm-engine/core";
import type { Commit, Genesis, Json } from "@wasm-engine/core";
import { compareCommits } from "../replay/play.js";
import { openRecordedRun } from "../replay/track.js";
import type { RecordedRun } from "../replay/track.js";
import type { RecoveredTick } from "../storage/contract.js";
import { hex } from "../world/report.js";
import { readSetup } from "../world/run-store.js";
import type { ComparedRun, DiffJob, DiffReport } from "./diff-contract.js";
import { locateDifference, nothing } from "./locate-difference.js";
import { pathDifferences } from "./path-difference.js";

/** The job `diff`. @throws what reading a damaged or unknown run throws */
export function diffRuns(job: DiffJob): DiffReport {
  const [left, right] = [openRecordedRun(job.dir, "parts"), openRecordedRun(job.other, "parts")];
  const genesis = pathDifferences(genesisJson(left.genesis), genesisJson(right.genesis));
  const isSameGenesis = equalBytes(encodeGenesis(left.genesis), encodeGenesis(right.genesis));
  const flip = job.testing?.flip;
  const first = firstTick(left, right, isSameGenesis);
  const tick = flip === undefined ? first : Math.min(first ?? Infinity, flip.tick);
  const base = {
    left: comparedRun(left),
    right: comparedRun(right),
    genesis,
    setup: pathDifferences(setupJson(job.dir), setupJson(job.other)),
    ...nothing,
  };
  if (tick === undefined) {
    // Equal heads are equal logs only where every record is what its head says.
    for (const dir of [job.dir, job.other]) openRecordedRun(dir, "whole");
    const what = isSameGenesis ? null : "genesis";
    return { ...base, equal: isSameGenesis, firstTick: null, agent: null, what };
  }
  const located = locateDifference({ left, right }, { tick, isSameGenesis, ...(flip && { flip }) });
  const report = { ...base, equal: false, ...located };
  return isSameGenesis ? report : { ...report, what: "genesis" };
}

function comparedRun({ runId, dir, log }: RecordedRun): ComparedRun {
  const ticks = Math.max(log.tick, log.reachedTick) + 1;
  return { runId, dir, ticks, chainHead: hex(log.chainHead) };
}

/** Big numbers as texts: a genesis counts nanoseconds. */
function genesisJson(genesis: Genesis): Json {
  const plain = { ...genesis, epochNanos: String(genesis.epochNanos), tickNanos: String(genesis.tickNanos) };
  return JSON.parse(JSON.stringify(plain)) as Json; // JSON.parse yields nothing else
}

/** What of the setup can change a run's course. Places of files are not among it, their contents are. */
function setupJson(dir: string): Json {
  const { models = [], adapters = [], inference = {}, inputs, stop } = readSetup(dir);
  const sources = inputs.map(({ path: _path, ...rest }) => rest);
  return JSON.parse(JSON.stringify({ models, adapters, inference, inputs: sources, stop })) as Json; // as above
}

/**
 * The first tick at which the logs differ; undefined where they are equal. What lies before a chain head that both have
 * is equal and is not read.
 */
function firstTick(left: RecordedRun, right: RecordedRun, isSameGenesis: boolean): number | undefined {
  const from = isSameGenesis ? lastCommonTick(left, right) : -1;
  const [ours, theirs] = [left.log.ticks(from)[Symbol.iterator](), right.log.ticks(from)[Symbol.iterator]()];
  for (;;) {
    const [own, other] = [committed(ours.next()), committed(theirs.next())];
    if (own === undefined && other === undefined) return undefined;
    if (own === undefined || other === undefined) return (own ?? other)?.tick;
    if (own.tick !== other.tick) return Math.min(own.tick, other.tick);
    if (differ(own.commit, other.commit, isSameGenesis)) return own.tick;
  }
}

/** Tick of the last chain head that both logs store after as many commits; -1 without. */
function lastCommonTick(left: RecordedRun, right: RecordedRun): number {
  const theirs = new Map(right.log.heads().map((head) => [head.commits, head]));
  const pairs = left.log.heads().flatMap((head) => {
    const other = theirs.get(head.commits);
    return other === undefined
      ? []
      : [{ tick: head.tick, isEqual: equalBytes(head.chainHead, other.chainHead) }];
  });
  // Heads cover everything before them: where one differs, all later ones do.
  let [equal, different] = [-1, pairs.length];
  while (different - equal > 1) {
    const middle = (equal + different) >> 1;
    if (pairs[middle]?.isEqual === true) equal = middle;
    else different = middle;
  }
  return pairs[equal]?.tick ?? -1;
}

type CommittedTick = RecoveredTick & { readonly commit: Commit };

function committed(next: IteratorResult<RecoveredTick, unknown>): CommittedTick | undefined {
  if (next.done === true) return undefined;
  const { commit } = next.value;
  return commit === undefined ? undefined : { ...next.value, commit };
}

/** State hashes cover specifications and seeds: from another genesis they always differ. */
function differ(left: Commit, right: Commit, isSameGenesis: boolean): boolean {
  const difference = compareCommits(left, right);
  return difference !== undefined && (isSameGenesis || difference.what !== "state");
}
