/** What reaches a dev session while it is busy: saves and commands, in order, saves joined. */

import type { DevCommand } from "./contract.js";

export type Signal =
  | { readonly kind: "saved"; readonly paths: readonly string[] }
  | { readonly kind: "command"; readonly command: DevCommand };

export class SignalQueue {
  #waiting: Signal[] = [];
  #arrival: Promise<void>;
  #arrived: () => void = () => undefined;

  constructor() {
    this.#arrival = this.#renewed();
  }

  push(signal: Signal): void {
    const last = this.#waiting.at(-1);
    if (signal.kind === "saved" && last?.kind === "saved")
      this.#waiting[this.#waiting.length - 1] = {
        kind: "saved",
        paths: [...new Set([...last.paths, ...signal.paths])].sort(),
      };
    else this.#waiting.push(signal);
    this.#arrived();
  }

  /** Settles as soon as there is something to take. */
  arrival(): Promise<void> {
    return this.#arrival;
  }

  take(): Signal | undefined {
    const signal = this.#waiting.shift();
    if (this.#waiting.length === 0) this.#arrival = this.#renewed();
    return signal;
  }

  /** The next signal. */
  async next(): Promise<Signal> {
    for (;;) {
      await this.#arrival;
      const signal = this.take();
      if (signal !== undefined) return signal;
    }
  }

  #renewed(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }
}
