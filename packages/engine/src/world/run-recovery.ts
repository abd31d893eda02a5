/**
 * Makes good what executing threads lose: closes the run as a crash would leave it, starts fresh threads, restores the
 * world from the newest snapshot, executes the log up to its last commit and goes on; inputs of the tick that was
 * lost are in the log. The same tick lost twice is the end: whoever holds the log can resume it later. Turning a turn
 * that kills every thread into an input `evict` is not part of this release.
 */

import type { EngineError } from "@wasm-engine/abi";
import { threadLossesMax } from "../threads/limits.js";
import { openRun } from "./open-run.js";
import type { OpenRun, OpenRunOptions } from "./open-run.js";

export class RunRecovery {
  readonly #options: OpenRunOptions;
  /** Last commit at the newest loss. */
  #tick: number | undefined;
  #losses = 0;

  /** `options` are those that the run was opened with. */
  constructor(options: OpenRunOptions) {
    this.#options = options;
  }

  /** The run with fresh threads, at the commit before the loss. @throws {WE_EXECUTOR_THREAD_LOST} and `error` itself */
  recover(run: OpenRun, error: EngineError): OpenRun {
    const { machine } = this.#options;
    const tick = run.loop.executedTick;
    machine?.noteLoss(error);
    this.#losses += 1;
    const isRepeated = tick === this.#tick || this.#losses > threadLossesMax;
    this.#tick = tick;
    const streams = run.abandon();
    if (isRepeated) {
      this.#options.models?.close();
      this.#options.adapters?.host.close();
      throw error;
    }
    return openRun({ kind: "resume", dir: run.dir }, { ...this.#options, streams });
  }
}
