/** What a dev session comes to for whoever called it: a document, or the error that says how it ended. */

import type { EngineError } from "@wasm-engine/abi";
import type { DevReport } from "@wasm-engine/engine";
import type { Outcome } from "../command.js";
import { fail } from "../errors.js";

export interface Ending {
  /** With `--once`: why the one cycle came to nothing. */
  readonly error: EngineError | undefined;
  readonly isOnce: boolean;
  /** The cycles have been printed already. */
  readonly isFollowing: boolean;
}

/** @throws {WE_CLI_INTERRUPTED} {WE_DEV_FAILED} {WE_DEV_DIVERGED} and, with `--once`, what the project throws */
export function outcomeOf(report: DevReport, { error, isOnce, isFollowing }: Ending): Outcome {
  const { interrupted, cycles } = report;
  if (interrupted !== undefined)
    throw fail("WE_CLI_INTERRUPTED", { tick: interrupted.ticks - 1, run: interrupted.dir, result: report });
  if (error !== undefined) throw error;
  const last = cycles.at(-1);
  if (isOnce && last !== undefined) {
    const { run, failures, replay } = last;
    const dir = run?.dir ?? "";
    if (replay === "diverged") throw fail("WE_DEV_DIVERGED", { run: dir, result: report });
    const [failure] = failures;
    if (failure !== undefined) {
      const { agentId: agent, tick, kind, code } = failure;
      const cause = kind === "exit" ? `ended with code ${code}` : `faulted with ${code}`;
      throw fail("WE_DEV_FAILED", { agent, tick, cause, run: dir, result: report });
    }
  }
  return { document: report, text: "", streamed: isFollowing };
}
