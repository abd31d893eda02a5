/**
 * What a client is told of agents while a world runs, where it asked for that: console lines, faults, exits. A copy on
 * its way out: nothing of it is stored, and what a world says faster than people read is counted instead of told.
 */

import { LogLevel } from "@wasm-engine/abi";
import type { ExecutedTick } from "@wasm-engine/core";
import type { StackMap } from "../modules/stack-map.js";
import type { EmitEvent, FaultReport, ObservedLine, ObservedTick } from "./control.js";
import { observedLinesPerSecondMax } from "./limits.js";

const levelNames = new Map(Object.entries(LogLevel).map(([name, level]) => [level, name.toLowerCase()]));

/** Name of a console level. */
export function levelName(level: number): string {
  return levelNames.get(level as LogLevel) ?? String(level); // a number without a name is not found
}

export class Observation {
  readonly #emit: EmitEvent;
  #secondEndsMs = 0;
  #linesLeft = 0;
  #dropped = 0;

  constructor(emit: EmitEvent) {
    this.#emit = emit;
  }

  /** Tells what happened in a tick. Faults and exits are always told. */
  note(tick: number, result: ExecutedTick, told: { faults: readonly FaultReport[]; stacks: StackMap }): void {
    const lines = this.#linesOf(result, told.stacks);
    if (lines.length === 0 && told.faults.length === 0 && result.exits.length === 0) return;
    const observed: ObservedTick = {
      tick,
      lines,
      faults: told.faults,
      exits: result.exits,
      dropped: this.#dropped,
    };
    this.#dropped = 0;
    this.#emit({ kind: "observed", observed });
  }

  #linesOf({ console: written }: ExecutedTick, stacks: StackMap): readonly ObservedLine[] {
    if (written.length === 0) return [];
    const nowMs = performance.now();
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + 1000;
      this.#linesLeft = observedLinesPerSecondMax;
    }
    const kept = written.slice(0, this.#linesLeft);
    this.#linesLeft -= kept.length;
    this.#dropped += written.length - kept.length;
    return kept.map(({ agentId, level, text }) => {
      return { agentId, level: levelName(level), text: stacks.map(text) };
    });
  }
}
