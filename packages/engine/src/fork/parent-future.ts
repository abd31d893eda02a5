/**
 * What a parent's log holds after the forked tick: inputs from outside, and how requests were answered. Requests are
 * not in the log, so where a world may ask anybody the parent's later ticks are executed again to see them.
 */

import type { ExternalRequest, Input, TickResult, WorldContract } from "@wasm-engine/core";
import { compareCommits } from "../replay/play.js";
import type { RecoveredTick } from "../storage/contract.js";
import { fail } from "../world/errors.js";
import { asAnswered, noteSwap } from "../inference/model-swaps.js";
import type { ModelSwap } from "../inference/model-swaps.js";
import { requestKey } from "../inference/request-key.js";
import { answerKey } from "./fork-plan.js";
import type { RecordedAnswer, RecordedPart } from "./fork-plan.js";

/** True for what came from outside and would come again; results follow from requests. */
function isExternal({ body }: Input): boolean {
  return body.kind !== "result";
}

/** The parent's inputs after a tick that are not results, in log order. */
export function externalInputs(ticks: Iterable<RecoveredTick>): readonly Input[] {
  const inputs: Input[] = [];
  for (const tick of ticks) inputs.push(...tick.inputs.filter(isExternal));
  return inputs;
}

interface OpenRequest {
  readonly request: ExternalRequest;
  readonly parts: RecordedPart[];
}

export interface AnsweringParent {
  /** Folder, for errors. */
  readonly dir: string;
  /** Stands at the forked tick; is executed to the end of the log. */
  readonly world: WorldContract;
  /** Requests that were under way at that tick. */
  readonly outstanding: readonly ExternalRequest[];
  /** As of that tick. */
  readonly swaps: readonly ModelSwap[];
  readonly ticks: Iterable<RecoveredTick>;
}

/**
 * How every request was answered that got its last answer after the forked tick, or was given up by the world. One
 * that still waits when the log ends is asked anew.
 * @throws {WE_RUN_DIVERGED}
 */
export function recordedAnswers(parent: AnsweringParent): readonly RecordedAnswer[] {
  const { world, dir, outstanding, ticks } = parent;
  const swaps = [...parent.swaps];
  const open = new Map<string, OpenRequest>();
  const answers: RecordedAnswer[] = [];
  const note = (requests: readonly ExternalRequest[]): void => {
    for (const request of requests) {
      const { agent, requestId } = request;
      if (!world.awaits(agent, requestId)) continue;
      // Whoever answered counts, not whoever was named.
      open.set(requestKey(agent, requestId), { request: asAnswered(request, swaps), parts: [] });
    }
  };
  const close = (key: string, { request, parts }: OpenRequest): void => {
    const { kind, name } = request;
    open.delete(key);
    answers.push({ kind, name, key: answerKey(request, world.genesis.seed), parts });
  };
  note(outstanding);
  for (const entry of ticks) {
    for (const key of noteParts(open, entry.inputs)) {
      const answered = open.get(key);
      if (answered !== undefined) close(key, answered);
    }
    if (entry.commit === undefined) continue;
    for (const input of entry.inputs) noteSwap(swaps, input);
    note(executed(world, entry, dir).requests);
    for (const [key, waiting] of open) {
      const { agent, requestId } = waiting.request;
      if (!world.awaits(agent, requestId)) close(key, waiting);
    }
  }
  return answers;
}

/** Adds results to their requests. Returns the keys of those that have their last part. */
function noteParts(open: ReadonlyMap<string, OpenRequest>, inputs: readonly Input[]): readonly string[] {
  const answered: string[] = [];
  for (const { body, tick, seq } of inputs) {
    if (body.kind !== "result") continue;
    const key = requestKey(body.agent, body.requestId);
    const waiting = open.get(key);
    if (waiting === undefined) continue;
    const { source, ok, last, encoding, payload } = body;
    const delayTicks = tick - waiting.request.tick;
    waiting.parts.push({ delayTicks, order: seq, source, ok, last, encoding, payload });
    if (last) answered.push(key);
  }
  return answered;
}

/** One tick of the parent again. @throws {WE_RUN_DIVERGED} */
function executed(world: WorldContract, entry: RecoveredTick, dir: string): TickResult {
  const result = world.step(entry.tick, entry.inputs);
  const difference = entry.commit && compareCommits(entry.commit, result.commit);
  if (difference !== undefined) throw fail("WE_RUN_DIVERGED", { ...difference, dir });
  return result;
}
