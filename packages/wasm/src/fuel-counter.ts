/**
 * Writes the code that keeps the fuel counter of one function. Three forms: *given* gets it as a parameter and gives
 * it back as a result; *cached* holds it in a local from entry to exit; *direct* works on the shared global and suits
 * functions that others can reach and that call. Where there is a local this class knows, at every point of the code,
 * where the current value lies.
 *
 *   local   only the local is current      charge, and every join
 *   both    local and global agree         after a flush or a reload
 *   global  only the global is current     after a call
 */

import type { Encoder } from "./encoder.js";
import type { Layout } from "./layout.js";
import type { LocalAllocator } from "./local-allocator.js";
import { OpByte } from "./op-byte.js";
import { ValueType } from "./value-type.js";

/** Where a counter lives. */
export interface CounterPlace {
  readonly layout: Layout;
  readonly locals: LocalAllocator;
  readonly cached: boolean;
  /** The parameter that holds it, in functions that are given it. */
  readonly parameter: number | undefined;
}

export class FuelCounter {
  readonly #code: Encoder;
  readonly #layout: Layout;
  readonly #locals: LocalAllocator;
  readonly #cached: boolean;
  readonly #parameter: number | undefined;
  #current: "local" | "both" | "global" = "global";

  constructor(code: Encoder, place: CounterPlace) {
    this.#code = code;
    this.#layout = place.layout;
    this.#locals = place.locals;
    this.#cached = place.cached;
    this.#parameter = place.parameter;
    if (place.parameter !== undefined) this.#current = "local";
  }

  /** True where the local must be loaded before a join. */
  get stale(): boolean {
    return this.#cached && this.#current === "global";
  }

  /** At the head of a loop: asks for fuel unless what the loop needs is there. */
  ensure(needed: number): void {
    this.#pushLess(needed);
    this.#code.op(OpByte.IF, OpByte.VOID);
    this.refuel(needed);
    this.#code.byte(OpByte.END);
  }

  /** Asks for fuel: the local, which has just been compared, does not cover what is needed. */
  refuel(needed: number): void {
    this.#code.byte(OpByte.LOCAL_GET).u32(this.#local()).byte(OpByte.I64_CONST).s32(needed);
    this.#code.byte(OpByte.CALL).u32(this.#layout.refuelFor);
    this.#store();
  }

  /** At the head of a guarded loop: leaves it unless what is needed is there. */
  leaveUnless(needed: number): void {
    this.#pushLess(needed);
    this.#code.op(OpByte.BR_IF, 1);
  }

  /** Pushes whether the counter is less than needed, and leaves it in the local. */
  #pushLess(needed: number): void {
    this.#push();
    if (!this.#cached) this.#code.byte(OpByte.LOCAL_TEE).u32(this.#local());
    this.#code.byte(OpByte.I64_CONST).s32(needed).byte(OpByte.I64_LT_S);
  }

  /** Writes code on a way that leaves here; what comes behind knows nothing of it. */
  aside(write: () => void): void {
    const current = this.#current;
    write();
    this.#current = current;
  }

  /** Takes the charge off the counter; gives back if it is negative. */
  charge(cost: number): void {
    if (cost === 0) return;
    this.#push();
    this.#code.byte(OpByte.I64_CONST).s32(cost).byte(OpByte.I64_SUB);
    this.#store();
  }

  /** Takes the charge of an entry; where it is not covered, writes what leaves the function with nothing taken. */
  enter(cost: number, leave: () => void): void {
    const code = this.#code;
    const local = this.#local();
    this.#push();
    if (cost !== 0) code.byte(OpByte.I64_CONST).s32(cost).byte(OpByte.I64_SUB);
    code.byte(OpByte.LOCAL_TEE).u32(local).op(OpByte.I64_CONST, 0, OpByte.I64_LT_S, OpByte.IF, OpByte.VOID);
    leave();
    code.byte(OpByte.END);
    if (this.#cached) this.#current = "local";
    else if (cost !== 0)
      code.byte(OpByte.LOCAL_GET).u32(local).byte(OpByte.GLOBAL_SET).u32(this.#layout.fuel);
  }

  /** Charges an i64 amount that `pushAmount` leaves on the stack, and tests at once: it may be anything. */
  spend(pushAmount: () => void): void {
    this.#push();
    pushAmount();
    this.#code.byte(OpByte.I64_SUB).byte(OpByte.CALL).u32(this.#layout.settle);
    this.#store();
  }

  /** Pushes the counter for a callee that is given it. */
  give(): void {
    this.#push();
  }

  /** Behind such a call: takes the counter off the stack again. */
  take(): void {
    this.#store();
  }

  /** Pushes what an entry began with, before its charge was taken: only within {@link enter}. */
  giveBack(cost: number): void {
    this.#code.byte(OpByte.LOCAL_GET).u32(this.#local());
    this.#code.byte(OpByte.I64_CONST).s32(cost).byte(OpByte.I64_ADD);
  }

  beforeCall(): void {
    this.#flush();
  }

  afterCall(): void {
    if (this.#cached) this.#current = "global";
  }

  /** Makes the local current. */
  reload(): void {
    if (!this.stale) return;
    this.#code.byte(OpByte.GLOBAL_GET).u32(this.#layout.fuel).byte(OpByte.LOCAL_SET).u32(this.#local());
    this.#current = "both";
  }

  /** Behind a join nothing is known but that the local is current. */
  joined(): void {
    if (this.#cached) this.#current = "local";
  }

  /** Makes the global current for whoever called this function, or pushes the result. */
  leave(): void {
    if (this.#parameter === undefined) this.#flush();
    else this.#push();
  }

  #flush(): void {
    if (!this.#cached || this.#current !== "local") return;
    this.#code.byte(OpByte.LOCAL_GET).u32(this.#local()).byte(OpByte.GLOBAL_SET).u32(this.#layout.fuel);
    this.#current = "both";
  }

  #push(): void {
    if (this.#current === "global") this.#code.byte(OpByte.GLOBAL_GET).u32(this.#layout.fuel);
    else this.#code.byte(OpByte.LOCAL_GET).u32(this.#local());
  }

  #store(): void {
    if (!this.#cached) {
      this.#code.byte(OpByte.GLOBAL_SET).u32(this.#layout.fuel);
      return;
    }
    this.#code.byte(OpByte.LOCAL_SET).u32(this.#local());
    this.#current = "local";
  }

  #local(): number {
    return this.#parameter ?? this.#locals.get("fuel", ValueType.I64);
  }
}
