/**
 * Starts inference threads where an event loop watches them: the main thread of a world process, or the thread of an
 * inline world. A thread is asked to end and never terminated: ending one within native code aborts the process.
 */

import { Worker } from "node:worker_threads";
import type { InferenceThreadData } from "./contract.js";
import { InferenceChannel } from "./inference-channel.js";

const program = new URL("./inference-thread.js", import.meta.url);

export class InferenceThreadHost {
  readonly #channels = new Set<InferenceChannel>();

  /** Starts a thread; its unasked end is marked in its channel. */
  start(data: InferenceThreadData): void {
    const channel = new InferenceChannel(data.buffer, data.bell);
    const thread = new Worker(program, { workerData: data });
    this.#channels.add(channel);
    let cause: string | undefined;
    thread.once("error", (error) => {
      cause = `${error.name}: ${error.message}`;
    });
    thread.once("exit", (code) => {
      this.#channels.delete(channel);
      channel.markDead(cause ?? `it ended with code ${code}`);
    });
  }

  /** True while a thread has not ended. */
  get isRunning(): boolean {
    return this.#channels.size > 0;
  }

  /** Their orchestrator is gone: the threads finish what runs and end. */
  close(): void {
    for (const channel of this.#channels) channel.close();
  }
}
