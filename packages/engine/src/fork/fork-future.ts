/**
 * Opens what a fork has of its parent's future, as its tick loop uses it: kept inputs in front of the sources, kept
 * calls, recorded answers. While a fork is being made it has none yet and its sources deliver nothing.
 */

import { join } from "node:path";
import { EngineError } from "@wasm-engine/abi";
import type { Genesis, Input, WorldContract } from "@wasm-engine/core";
import { sha256Hex } from "../crypto/node-crypto.js";
import type { ModelSwap } from "../inference/model-swaps.js";
import { openInputSource } from "../inputs/input-source.js";
import { nodeFileSystem } from "../storage/index.js";
import type { InputSource, InputSourceSpec } from "../world/contract.js";
import type { ForkFuture } from "../world/tick-loop.js";
import { AnswerBook } from "./answer-book.js";
import type { ForkRecord } from "./contract.js";
import { forkError } from "./errors.js";
import { decodePlan, emptyPlan, planFileName } from "./fork-plan.js";
import type { ForkPlan } from "./fork-plan.js";
import { keptCalls, keptSource } from "./kept-inputs.js";

/** The plan of a fork's folder. @throws {WE_FORK_PLAN} */
export function readPlan(dir: string, record: ForkRecord): ForkPlan {
  if (record.plan === undefined) return emptyPlan;
  const bytes = planBytes(dir, record.plan);
  let reason = `${planFileName} is no plan of a fork`;
  try {
    const plan = decodePlan(bytes);
    if (plan !== undefined) return plan;
  } catch (error) {
    if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION") throw error;
    reason = error.message;
  }
  throw forkError("WE_FORK_PLAN", { dir, reason });
}

/** The file of the plan with this digest. @throws {WE_FORK_PLAN} */
export function planBytes(dir: string, plan: string): Uint8Array {
  const bytes = nodeFileSystem.read(join(dir, planFileName));
  if (bytes === undefined) throw forkError("WE_FORK_PLAN", { dir, reason: `${planFileName} is missing` });
  const digest = sha256Hex(bytes);
  if (digest === plan) return bytes;
  const reason = `${planFileName} is not the file that run.json names (digest ${digest})`;
  throw forkError("WE_FORK_PLAN", { dir, reason });
}

/** The sources of a fork, by index as in its configuration. @throws what opening an input file throws */
export function forkSources(
  { openSources }: ForkRecord,
  plan: ForkPlan,
  configured: { readonly specs: readonly InputSourceSpec[]; readonly genesis: Genesis },
): readonly InputSource[] {
  const { specs, genesis } = configured;
  return specs.map((spec, index) => {
    const open = openSources.find((source) => source.index === index);
    const rest =
      open === undefined ? undefined : { source: openInputSource(spec, genesis), record: open.record };
    return keptSource(inputsOf(plan, index), rest);
  });
}

/** @param swaps of the fork, as of every tick whose requests it makes */
export function forkFuture(
  plan: ForkPlan,
  world: WorldContract,
  swaps: readonly ModelSwap[] = [],
): ForkFuture {
  const calls = plan.inputs.filter(({ source }) => source === undefined);
  return { calls: keptCalls(calls, plan.first), book: new AnswerBook(world, plan.answers, swaps) };
}

/** What the plan has of the source with this index. */
function inputsOf(plan: ForkPlan, index: number): readonly Input[] {
  return plan.inputs.filter(({ source }) => source?.[0] === index);
}
