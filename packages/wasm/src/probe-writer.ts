/**
 * Writes the calls of probes into bodies, and the functions that stand around them. Probes leave nothing on the stack
 * and touch neither fuel nor depth: how a body keeps its counter is no business of theirs.
 */

import { assert } from "@wasm-engine/abi";
import type { LinearCost } from "./cost-table.js";
import { Encoder } from "./encoder.js";
import { LEAVE } from "./fuel-probe.js";
import type { ProbeList } from "./fuel-probe.js";
import { emittedIndex } from "./layout.js";
import type { Layout, ProbeLayout } from "./layout.js";
import { OpByte } from "./op-byte.js";

/** A function of the original and a place in it; offset -1: its thunk. */
interface Place {
  readonly function: number;
  readonly offset: number;
}

export class ProbeWriter {
  readonly #list: ProbeList;
  readonly #probes: ProbeLayout;
  readonly #layout: Layout;

  constructor(list: ProbeList, layout: Layout) {
    assert(layout.probes !== undefined, "a profiled module has probes");
    this.#list = list;
    this.#probes = layout.probes;
    this.#layout = layout;
  }

  /** A segment has been charged. */
  segment(code: Encoder, place: Place, fuel: number): void {
    this.#tell(code, this.#list.segment(place.function, place.offset, fuel));
  }

  /** An amount has been charged that the i32 in `local` decides. */
  linear(code: Encoder, place: Place, cost: LinearCost, local: number): void {
    code.byte(OpByte.I32_CONST).s32(this.#list.linear(place.function, place.offset, cost));
    code.byte(OpByte.LOCAL_GET).u32(local).byte(OpByte.CALL).u32(this.#probes.operand);
  }

  enter(code: Encoder, index: number): void {
    this.#tell(code, this.#list.enter(index));
  }

  leave(code: Encoder): void {
    this.#tell(code, LEAVE);
  }

  /** Body that stands for a defined function wherever it is called: enters, runs what was emitted, leaves. */
  around(index: number, parameters: number): Encoder {
    const body = new Encoder(32).byte(0);
    this.enter(body, index);
    for (let parameter = 0; parameter < parameters; parameter++) body.byte(OpByte.LOCAL_GET).u32(parameter);
    body.byte(OpByte.CALL).u32(emittedIndex(this.#layout, index - this.#layout.importedFunctions));
    this.leave(body);
    return body.byte(OpByte.END);
  }

  #tell(code: Encoder, word: number): void {
    code.byte(OpByte.I32_CONST).s32(word).byte(OpByte.CALL).u32(this.#probes.code);
  }
}
