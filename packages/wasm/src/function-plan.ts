/** What instrumentation has decided about one function before writing a byte of it: `function-planner.ts` fills it. */

/** Bits per instruction, in the order of the code. */
export const Mark = {
  /** Control can reach the instruction. */
  LIVE: 1,
  /** The instruction is written: live, or the `else` or `end` of a live construct. Everything else is dropped. */
  KEPT: 2,
  /** A NaN of this producer must be made canonical. */
  CANONICAL: 4,
  /** `end`: control arrives from more than one place. `loop`: something branches to it. */
  JOIN: 8,
  /** `loop`: the counter is tested here. */
  TEST: 16,
  /** `end` of a live construct that control never leaves: the dropped code behind it is stood for by `unreachable`. */
  DEAD_AFTER: 32,
} as const;

export interface FunctionPlan {
  /** Index in `module.code`. */
  readonly body: number;
  /** Bits of {@link Mark} per instruction. */
  readonly marks: Uint8Array;
  /** Fuel to charge: slot 0 at entry, slot n behind instruction n - 1; 0 where no segment begins. */
  readonly charges: Uint32Array;
  /** Number of slots with a charge. */
  readonly chargesCount: number;
  /** Sum of all charges: what one pass through the function costs at most, without loops and callees. */
  readonly staticFuel: number;
  /** The function contains a call in reachable code: it pays depth and keeps the shared counter current. */
  readonly calls: boolean;
  /** The function contains a loop that repeats. */
  readonly loops: boolean;
  /** br_if or br_table leave the function: its body needs a block to land behind. */
  readonly branchesOut: boolean;
  /** Logical size of the stack frame. */
  readonly frameBytes: number;
}
