/**
 * Bodies of the functions that instrumentation adds: a thunk per imported function, refuelling, the depth fault,
 * quota-bound growth. They are not metered themselves; their price is in the table.
 */

import { InstrumentedStatus } from "@wasm-engine/abi";
import { PARTS } from "./cost-table.js";
import type { LinearCost } from "./cost-table.js";
import { Encoder } from "./encoder.js";
import type { Layout } from "./layout.js";
import { OpByte } from "./op-byte.js";
import type { ProbeWriter } from "./probe-writer.js";
import { ValueType } from "./value-type.js";

/** Largest number of pages of a 32-bit memory. */
const pagesCeiling = 65_536;

/**
 * Stands for an imported function everywhere. It charges the base price and tests before the host acts, because
 * nothing may happen outside once fuel is gone; then charges what the host asked for and tests again.
 */
export function thunkBody(
  layout: Layout,
  imported: number,
  { parameters, probes }: { readonly parameters: number; readonly probes?: ProbeWriter | undefined },
): Encoder {
  const counter = parameters;
  const place = { function: imported, offset: -1 };
  // A local more for the operand of a probe.
  const body = new Encoder(96).op(probes === undefined ? 1 : 2, 1, ValueType.I64);
  if (probes !== undefined) body.op(1, ValueType.I32);
  probes?.enter(body, imported);
  body.byte(OpByte.GLOBAL_GET).u32(layout.fuel).byte(OpByte.I64_CONST).s32(PARTS.hostCall);
  body.byte(OpByte.I64_SUB).byte(OpByte.LOCAL_TEE).u32(counter);
  body.byte(OpByte.CALL).u32(layout.settle).byte(OpByte.GLOBAL_SET).u32(layout.fuel);
  probes?.segment(body, place, PARTS.hostCall);
  for (let parameter = 0; parameter < parameters; parameter++) body.byte(OpByte.LOCAL_GET).u32(parameter);
  body.byte(OpByte.CALL).u32(imported);
  if (probes !== undefined) {
    body
      .byte(OpByte.GLOBAL_GET)
      .u32(layout.charge)
      .byte(OpByte.LOCAL_SET)
      .u32(counter + 1);
  }
  body.byte(OpByte.GLOBAL_GET).u32(layout.fuel).byte(OpByte.GLOBAL_GET).u32(layout.charge);
  body.byte(OpByte.I64_EXTEND_I32_U).byte(OpByte.I64_SUB);
  body.op(OpByte.I32_CONST, 0).byte(OpByte.GLOBAL_SET).u32(layout.charge);
  body.byte(OpByte.CALL).u32(layout.settle).byte(OpByte.GLOBAL_SET).u32(layout.fuel);
  probes?.linear(body, place, oneEach, counter + 1);
  probes?.leave(body);
  return body.byte(OpByte.END);
}

/** The host has counted its fuel itself. */
const oneEach: LinearCost = { shift: 0, unit: 1 };

/**
 * `(counter: i64) -> i64`: the counter is negative. Publishes it, asks the host for another slice as often as
 * needed, and gives the raised counter; or stops the invocation.
 */
export function refuelBody(layout: Layout): Encoder {
  const body = new Encoder(64).byte(0);
  body.op(OpByte.LOOP, OpByte.VOID);
  body.op(OpByte.LOCAL_GET, 0).byte(OpByte.GLOBAL_SET).u32(layout.fuel);
  body.byte(OpByte.CALL).u32(layout.slice).op(OpByte.IF, OpByte.VOID);
  body.byte(OpByte.GLOBAL_GET).u32(layout.fuel).op(OpByte.LOCAL_TEE, 0);
  body.op(OpByte.I64_CONST, 0, OpByte.I64_GE_S, OpByte.IF, OpByte.VOID);
  body.op(OpByte.LOCAL_GET, 0, OpByte.RETURN, OpByte.END);
  body.op(OpByte.BR, 1, OpByte.END, OpByte.END);
  return stop(body, layout, InstrumentedStatus.OUT_OF_FUEL);
}

/** `(counter: i64, cost: i64) -> i64`: the counter does not cover the cost; gives one that does. */
export function refuelForBody(layout: Layout): Encoder {
  const body = new Encoder(32).byte(0);
  body.op(OpByte.LOCAL_GET, 0, OpByte.LOCAL_GET, 1, OpByte.I64_SUB).byte(OpByte.CALL).u32(layout.refuel);
  return body.op(OpByte.LOCAL_GET, 1, OpByte.I64_ADD, OpByte.END);
}

/** `(counter: i64) -> i64`: the counter, refuelled where it is negative. */
export function settleBody(layout: Layout): Encoder {
  const body = new Encoder(32).byte(0);
  body.op(OpByte.LOCAL_GET, 0, OpByte.I64_CONST, 0, OpByte.I64_LT_S, OpByte.IF, ValueType.I64);
  body.op(OpByte.LOCAL_GET, 0).byte(OpByte.CALL).u32(layout.refuel);
  return body.op(OpByte.ELSE, OpByte.LOCAL_GET, 0, OpByte.END, OpByte.END);
}

/** `()`: the logical stack is used up. */
export function outOfDepthBody(layout: Layout): Encoder {
  return stop(new Encoder(16).byte(0), layout, InstrumentedStatus.OUT_OF_DEPTH);
}

/**
 * `(pages: i32) -> i32`: memory.grow decided by quota and declared maximum only. If the host has no memory where
 * the quota would allow it, that is the host's failure and never an answer that an agent sees. The memory of a
 * standalone module, which may be somebody else's with another maximum, answers for itself.
 */
export function growBody(layout: Layout, maximum: number | undefined): Encoder {
  const limit = Math.min(maximum ?? pagesCeiling, pagesCeiling);
  const [pages, quota] = [0, 1];
  const body = new Encoder(96).op(1, 1, ValueType.I32);
  // quota = min_u(pagesMax, limit)
  body.byte(OpByte.GLOBAL_GET).u32(layout.pagesMax).byte(OpByte.I32_CONST).s32(limit);
  body.byte(OpByte.GLOBAL_GET).u32(layout.pagesMax).byte(OpByte.I32_CONST).s32(limit);
  body.op(OpByte.I32_LT_U, OpByte.SELECT, OpByte.LOCAL_SET, quota);
  // pages + size > quota, in 64 bits so that nothing wraps
  body.op(OpByte.LOCAL_GET, pages, OpByte.I64_EXTEND_I32_U);
  body.op(OpByte.MEMORY_SIZE, 0, OpByte.I64_EXTEND_I32_U, OpByte.I64_ADD);
  body.op(OpByte.LOCAL_GET, quota, OpByte.I64_EXTEND_I32_U, OpByte.I64_GT_U);
  body.op(OpByte.IF, OpByte.VOID).byte(OpByte.I32_CONST).s32(-1).op(OpByte.RETURN, OpByte.END);
  body.op(OpByte.LOCAL_GET, pages, OpByte.MEMORY_GROW, 0);
  if (layout.shift === 0) return body.byte(OpByte.END);
  body.op(OpByte.LOCAL_TEE, quota);
  body.byte(OpByte.I32_CONST).s32(-1).op(OpByte.I32_EQ, OpByte.IF, OpByte.VOID);
  body.byte(OpByte.I32_CONST).s32(InstrumentedStatus.HOST_MEMORY);
  body.byte(OpByte.GLOBAL_SET).u32(layout.status).op(OpByte.UNREACHABLE, OpByte.END);
  return body.op(OpByte.LOCAL_GET, quota, OpByte.END);
}

/** Where a module has no memory nothing grows; the index is kept so that the layout is always the same. */
export function noGrowBody(): Encoder {
  return new Encoder(8).op(0, OpByte.UNREACHABLE, OpByte.END);
}

/** `() -> i32`: slice hook of a standalone module. */
export function noSliceBody(): Encoder {
  return new Encoder(8).op(0, OpByte.I32_CONST, 0, OpByte.END);
}

function stop(body: Encoder, layout: Layout, status: number): Encoder {
  body.byte(OpByte.I32_CONST).s32(status).byte(OpByte.GLOBAL_SET).u32(layout.status);
  return body.op(OpByte.UNREACHABLE, OpByte.END);
}
