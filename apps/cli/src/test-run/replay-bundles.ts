/** Golden bundles as tests: each is unpacked, executed again and compared, commit by commit. */

import { EngineError } from "@wasm-engine/abi";
import { replayRun } from "@wasm-engine/engine";
import type { FileResult, TestResult } from "./run-tests.js";

export interface ReplayBundlesOptions {
  readonly signal: AbortSignal;
  /** One line for people per bundle. */
  readonly say: (line: string) => void;
}

/** One test per bundle. */
export async function replayBundles(
  bundles: readonly string[],
  { signal, say }: ReplayBundlesOptions,
): Promise<readonly FileResult[]> {
  const results: FileResult[] = [];
  for (const file of bundles) {
    const { message, outcome, name } = await replayed(file, signal);
    say(`${outcome === "passed" ? "ok" : "NOT OK"} ${name}${message === undefined ? "" : `: ${message}`}`);
    results.push({ file, tests: [{ name, outcome, ...(message === undefined ? {} : { message }) }] });
  }
  return results;
}

async function replayed(file: string, signal: AbortSignal): Promise<TestResult> {
  try {
    const { verified, ticks, turnsExecuted, firstDivergence } = await replayRun(file, { signal });
    const name = `replays: ${ticks} ticks, ${turnsExecuted} turns`;
    if (verified) return { name, outcome: "passed" };
    const { tick, agent, what, expected, actual } = firstDivergence ?? {};
    const who = agent === undefined ? "" : `, agent ${agent}`;
    const message = `differs at tick ${tick ?? "?"}${who}: ${what ?? "?"} is ${actual ?? "?"}, not ${expected ?? "?"}`;
    return { name, outcome: "failed", message };
  } catch (error) {
    if (!EngineError.is(error) || error.exitCode === 130) throw error;
    return { name: "replays", outcome: "failed", message: `${error.code}: ${error.message}` };
  }
}
