/**
 * Fuel of one function as charges at the starts of straight-line segments. A segment is a run of instructions such
 * that whoever executes its first reaches its last unless a trap ends the invocation; its whole price is charged
 * before its first instruction. Segments are named by slots: 0 is the entry, n the place behind instruction n - 1.
 */

import { assert } from "@wasm-engine/abi";

/** Prices of slots stay below this, so that signed arithmetic on the counter cannot wrap. */
const slotFuelMax = 0x7fff_ffff;

export class Segments {
  #costs: Float64Array;
  #current = 0;

  /** `instructions` bounds the number of instructions of every function that will be counted. */
  constructor(instructions: number) {
    this.#costs = new Float64Array(instructions + 1);
  }

  /** Begins a function. Only the slots of the function before it need clearing. */
  reset(usedSlots: number): void {
    this.#costs.fill(0, 0, usedSlots);
    this.#current = 0;
  }

  get current(): number {
    return this.#current;
  }

  add(cost: number): void {
    this.#costs[this.#current] = (this.#costs[this.#current] ?? 0) + cost;
  }

  /** Begins a new segment at a slot. */
  begin(slot: number): void {
    assert(slot < this.#costs.length, "a slot belongs to an instruction");
    this.#current = slot;
  }

  /**
   * Undoes the split at the header of a loop that nothing branches to: its body runs once after what precedes
   * it, so its first charge moves there.
   */
  merge(header: number, before: number): void {
    assert(before < header, "a loop's header comes after what precedes it");
    this.#costs[before] = (this.#costs[before] ?? 0) + (this.#costs[header] ?? 0);
    this.#costs[header] = 0;
    if (this.#current === header) this.#current = before;
  }

  /** Charges of the function's first `slots` slots. */
  finish(slots: number): Uint32Array {
    const charges = new Uint32Array(slots);
    for (let slot = 0; slot < slots; slot++) {
      const cost = this.#costs[slot] ?? 0;
      assert(cost >= 0 && cost < slotFuelMax, "price of a segment is bounded");
      charges[slot] = cost;
    }
    return charges;
  }
}
