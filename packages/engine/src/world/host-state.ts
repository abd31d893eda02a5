/**
 * What the host must remember over a restart and the world does not: positions in files, requests under way,
 * counters. Stored beside the world in a snapshot, kept up to date tick by tick; never hashed.
 */

import { assert } from "@wasm-engine/abi";
import type { ExecutedTick, ExternalRequest, Input } from "@wasm-engine/core";
import { noteSwap } from "../inference/model-swaps.js";
import type { ModelSwap } from "../inference/model-swaps.js";
import type { BegunText } from "../inference/text-progress.js";
import type { StopRule } from "./contract.js";

/** Sums over the ticks of a run. Re-executed ticks count as if they had never been interrupted. */
export interface Totals {
  ticksExecuted: number;
  turns: number;
  invocations: number;
  messages: number;
  inferences: number;
  toolCalls: number;
  faults: number;
  fuel: number;
}

/** Plain data: stored in snapshots as canonical CBOR. */
export interface HostState {
  readonly totals: Totals;
  /** Sequence of the last executed input; 0 before the first. */
  lastSeq: number;
  /** Next record per input source. */
  readonly sourceRecords: number[];
  /** Bytes per output at the last snapshot. */
  sinkPositions: number[];
  /** Requests that left the world and have no logged result, in order of emission; kept by the loop's request desk. */
  outstanding: ExternalRequest[];
  /** What has entered of texts among them. */
  begunTexts: BegunText[];
  /** Which models answer for others, from which ticks on. */
  readonly modelSwaps: ModelSwap[];
  /** The agent that the stop rule waits for has ended. */
  exitSeen: boolean;
}

const noTotals: Readonly<Totals> = {
  ticksExecuted: 0,
  turns: 0,
  invocations: 0,
  messages: 0,
  inferences: 0,
  toolCalls: 0,
  faults: 0,
  fuel: 0,
};

/** A stored state; what an earlier release did not count yet begins at 0. */
export function storedHostState(stored: HostState): HostState {
  // Absent in what an earlier release has stored.
  const { begunTexts = [], modelSwaps = [] } = stored as Partial<HostState>;
  return { ...stored, begunTexts, modelSwaps, totals: { ...noTotals, ...stored.totals } };
}

export function newHostState(sourceCount: number, sinkCount: number): HostState {
  return {
    totals: { ...noTotals },
    lastSeq: 0,
    sourceRecords: new Array<number>(sourceCount).fill(0),
    sinkPositions: new Array<number>(sinkCount).fill(0),
    outstanding: [],
    begunTexts: [],
    modelSwaps: [],
    exitSeen: false,
  };
}

/** Counts one executed input: sequence, source position, which model answers for another. */
export function noteInput(state: HostState, input: Input): void {
  assert(input.seq === state.lastSeq + 1, "inputs follow one another");
  state.lastSeq = input.seq;
  noteSwap(state.modelSwaps, input);
  if (input.source !== undefined) {
    const [index, record] = input.source;
    assert(index < state.sourceRecords.length, `input source ${index} is one of the run's`);
    state.sourceRecords[index] = record + 1;
  }
}

/** Counts one executed tick. */
export function noteTick(state: HostState, result: ExecutedTick, stop: StopRule): void {
  const { totals } = state;
  const { figures } = result;
  totals.ticksExecuted += 1;
  totals.turns += figures.turns;
  totals.invocations += figures.invocations;
  totals.messages += figures.messages;
  totals.inferences += figures.inferences;
  totals.toolCalls += result.requests.filter(({ kind }) => kind === "tool").length;
  totals.faults += figures.faults;
  totals.fuel += result.fuel;
  if (stop.when === "exit" && result.ended.includes(stop.agent)) state.exitSeen = true;
}
