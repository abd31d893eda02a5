/** What the probes of a profiled module say, decoded word by word for tests: no tree, no sums but the plainest ones. */

import { LEAVE, ProbeImport, probeModule } from "../fuel-probe.js";
import type { ProfileMap } from "../profiled-module.js";

/** `enter f`, `leave`, or a charge in the function whose thunk or body holds the place. */
export type ProbeEvent =
  | { readonly kind: "enter"; readonly function: number }
  | { readonly kind: "leave" }
  | { readonly kind: "charge"; readonly place: number; readonly fuel: bigint };

export class ProbeRing {
  readonly #words: number[] = [];
  readonly #exports: WebAssembly.Exports;
  /** Times the ring was handed over because it was full. */
  flushes = 0;

  constructor() {
    const flush = (): void => {
      this.flushes += 1;
      this.#take();
    };
    const module = new WebAssembly.Module(probeModule() as BufferSource); // never shared memory
    this.#exports = new WebAssembly.Instance(module, { host: { flush } }).exports;
  }

  get imports(): WebAssembly.ModuleImports {
    const { code, operand } = ProbeImport;
    return { [code]: this.#exports[code], [operand]: this.#exports[operand] } as WebAssembly.ModuleImports; // functions
  }

  /** Everything heard since the last call. */
  events(map: ProfileMap): ProbeEvent[] {
    this.#take();
    const words = this.#words.splice(0);
    const events: ProbeEvent[] = [];
    for (let index = 0; index < words.length; index++) {
      const word = words[index] ?? 0;
      const place = word - 1 - map.functions.length;
      const at = map.places[place];
      if (word === LEAVE) events.push({ kind: "leave" });
      else if (at === undefined) events.push({ kind: "enter", function: word - 1 });
      else if (at.linear === undefined) events.push({ kind: "charge", place, fuel: BigInt(at.fuel) });
      else {
        index += 1;
        const operand = BigInt((words[index] ?? 0) >>> 0);
        events.push({ kind: "charge", place, fuel: (operand >> BigInt(at.linear.shift)) * BigInt(at.fuel) });
      }
    }
    return events;
  }

  #take(): void {
    const position = this.#exports["position"] as WebAssembly.Global; // of the probe module
    const memory = this.#exports["memory"] as WebAssembly.Memory; // of the probe module
    this.#words.push(...new Int32Array(memory.buffer, 0, Number(position.value) / 4));
    position.value = 0;
  }
}

export function fuelOf(events: readonly ProbeEvent[]): bigint {
  return events.reduce((sum, event) => sum + (event.kind === "charge" ? event.fuel : 0n), 0n);
}
