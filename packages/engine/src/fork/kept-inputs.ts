/**
 * Inputs of the parent that enter a fork again at their ticks: those of one input source, which goes on in its file
 * afterwards, and those that came from nowhere but the log. Positions are counted as in any source, so that a
 * resumed fork goes on behind what its log holds.
 */

import { assert } from "@wasm-engine/abi";
import type { Input } from "@wasm-engine/core";
import type { InputSource, SourceInput } from "../world/contract.js";

/** A kept input and the number under which it is logged. */
interface NumberedInput {
  readonly input: Input;
  readonly record: number;
}

/** A source of the configuration: what the parent's log had of it, then, where it is open, the rest of the file. */
export function keptSource(
  inputs: readonly Input[],
  rest: { readonly source: InputSource; readonly record: number } | undefined,
): InputSource {
  const kept = new KeptInputs(inputs.map((input) => ({ input, record: recordOf(input) })));
  return {
    peekTick: () => kept.peekTick() ?? rest?.source.peekTick(),
    take: (tick) => {
      const taken = kept.take(tick);
      return kept.done && rest !== undefined ? [...taken, ...rest.source.take(tick)] : taken;
    },
    seek: (record) => {
      kept.seek(record);
      rest?.source.seek(Math.max(record, rest.record));
    },
    get done() {
      return kept.done && (rest?.source.done ?? true);
    },
    close: () => rest?.source.close(),
  };
}

/** What no source delivered: inputs over a control call, and upgrades and cuts that the fork was made with. */
export function keptCalls(inputs: readonly Input[], first: number): InputSource {
  return new KeptInputs(inputs.map((input, index) => ({ input, record: first + index })));
}

function recordOf({ source }: Input): number {
  assert(source !== undefined, "an input of a source tells its place");
  return source[1];
}

class KeptInputs implements InputSource {
  readonly #inputs: readonly NumberedInput[];
  #next = 0;

  constructor(inputs: readonly NumberedInput[]) {
    this.#inputs = inputs;
  }

  get done(): boolean {
    return this.#next >= this.#inputs.length;
  }

  peekTick(): number | undefined {
    return this.#inputs[this.#next]?.input.tick;
  }

  take(tick: number): readonly SourceInput[] {
    const taken: SourceInput[] = [];
    for (;;) {
      const next = this.#inputs[this.#next];
      if (next === undefined || next.input.tick > tick) return taken;
      const { body, key } = next.input;
      taken.push({ body, record: next.record, ...(key === undefined ? {} : { key }) });
      this.#next += 1;
    }
  }

  seek(record: number): void {
    const index = this.#inputs.findIndex((input) => input.record >= record);
    this.#next = index === -1 ? this.#inputs.length : index;
  }

  close(): void {
    this.#next = this.#inputs.length;
  }
}
