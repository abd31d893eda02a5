/** Hooks of the founding interface: called with copies after the fact, never awaited by the world. */

import type { ErrorCode } from "@wasm-engine/abi";
import { earlyLinesMax } from "../adapters/limits.js";
import type { ToolLine } from "../adapters/tool-lines.js";
import type { ObservedTick, Progress } from "../world/control.js";

/** What a hook is told. */
export type TelemetryEvent =
  | { readonly kind: "progress"; readonly progress: Progress }
  /** Where the world was opened with `observe`. */
  | { readonly kind: "observed"; readonly observed: ObservedTick }
  /** A tool wrote to its console; the first ones are kept for the first hook. */
  | { readonly kind: "tool-line"; readonly line: ToolLine }
  /** An executing thread was lost after the commit of `tick`; the world was restored and goes on. */
  | { readonly kind: "recovered"; readonly tick: number; readonly code: ErrorCode; readonly message: string };

export type TelemetryHook = (event: TelemetryEvent) => void;

export class TelemetryHooks {
  readonly #hooks = new Set<TelemetryHook>();
  readonly #early: TelemetryEvent[] = [];

  register(hook: TelemetryHook): () => void {
    this.#hooks.add(hook);
    for (const event of this.#early.splice(0)) this.call(event);
    return () => this.#hooks.delete(hook);
  }

  /** A hook that throws is removed: it must not take the client down. */
  call(event: TelemetryEvent): void {
    const isEarly = event.kind === "tool-line" && this.#hooks.size === 0;
    if (isEarly && this.#early.length < earlyLinesMax) this.#early.push(event);
    for (const hook of this.#hooks) {
      try {
        hook(event);
      } catch {
        this.#hooks.delete(hook);
      }
    }
  }
}
