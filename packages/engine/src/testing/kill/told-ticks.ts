/** The inputs of a run by tick, as its log told them over time: a log that is compacted tells less than before. */

import type { Input } from "@wasm-engine/core";
import { readRunStore } from "../../world/run-store.js";
import { claim } from "./kill-finding.js";

export interface ToldTick {
  readonly tick: number;
  readonly inputs: readonly Input[];
}

export class ToldTicks {
  readonly #inputs = new Map<number, readonly Input[]>();

  /** Looks at the log as it is now. Returns where it begins. @throws AssertionError where it has become another */
  look(dir: string): number {
    const { recovered } = readRunStore(dir);
    const first = recovered.base?.tick ?? -1;
    for (const { tick, inputs, commit } of recovered.ticks(first)) {
      if (commit === undefined) continue;
      const before = this.#inputs.get(tick);
      const isSame = before === undefined || seqsOf(before) === seqsOf(inputs);
      claim("lost", isSame, `tick ${tick} has the inputs ${seqsOf(inputs)}, and had others`);
      this.#inputs.set(tick, inputs);
    }
    return first;
  }

  /** In order. */
  all(): readonly ToldTick[] {
    return [...this.#inputs]
      .map(([tick, inputs]): ToldTick => ({ tick, inputs }))
      .sort((left, right) => left.tick - right.tick);
  }
}

function seqsOf(inputs: readonly Input[]): string {
  return inputs.map(({ seq, key = "" }) => `${seq} ${key}`).join(", ");
}
