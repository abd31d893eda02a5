/** Hooks of the founding interface: called with copies after the fact, never awaited by the world. */

import type { Progress } from "../world/control.js";

/** What a hook is told. */
export interface TelemetryEvent {
  readonly kind: "progress";
  readonly progress: Progress;
}

export type TelemetryHook = (event: TelemetryEvent) => void;

export class TelemetryHooks {
  readonly #hooks = new Set<TelemetryHook>();

  register(hook: TelemetryHook): () => void {
    this.#hooks.add(hook);
    return () => this.#hooks.delete(hook);
  }

  /** A hook that throws is removed: it must not take the client down. */
  call(event: TelemetryEvent): void {
    for (const hook of this.#hooks) {
      try {
        hook(event);
      } catch {
        this.#hooks.delete(hook);
      }
    }
  }
}
