/**
 * What ended a guest call early. Only codes that instrumented state or the host set enter the world; the text of
 * the WebAssembly implementation is for people. What the machine could not bear is no fault of the guest.
 */

import { FaultCode, InstrumentedStatus } from "@wasm-engine/abi";
import type { GuestInstance } from "./guest-instance.js";
import { HostDenial } from "./host-context.js";
import { isTrap } from "./webassembly.js";

/** The native stack or memory of the machine ended. Converted into a coded error where agent and tick are known. */
export class HostFailure extends Error {}

/** Finer trap kinds by what implementations say; the first match counts. */
const TRAP_KINDS: readonly (readonly [RegExp, string])[] = [
  [/unreachable/i, "unreachable"],
  [/divide by zero|division by zero/i, "integer divide by zero"],
  [/remainder by zero/i, "integer remainder by zero"],
  [/divide result unrepresentable|integer overflow/i, "integer overflow"],
  [/float unrepresentable|invalid conversion/i, "invalid conversion to integer"],
  [/table index is out of bounds|table access|table or .* out of bounds/i, "table access out of bounds"],
  [/null function|function signature|signature mismatch|indirect call/i, "indirect call"],
  [/memory access out of bounds|out of bounds/i, "memory access out of bounds"],
];

/** Native failures of V8, SpiderMonkey and JavaScriptCore, by text: their classes differ. */
const HOST_FAILURE = /call stack|stack size|too much recursion|out of memory|allocat/i;

/** Fault code of what a guest call threw. @throws {HostFailure} or the error itself where it is a defect */
export function faultCodeOf(error: unknown, instance: GuestInstance): FaultCode {
  if (error instanceof HostDenial) return FaultCode.HOST_DENIED;
  if (isTrap(error)) {
    const status = instance.status;
    if (status === InstrumentedStatus.OUT_OF_FUEL) return FaultCode.OUT_OF_FUEL;
    if (status === InstrumentedStatus.OUT_OF_DEPTH) return FaultCode.OUT_OF_DEPTH;
    if (status === InstrumentedStatus.HOST_MEMORY)
      throw new HostFailure("memory.grow within the quota failed");
    return FaultCode.TRAP;
  }
  throw asHostFailure(error);
}

/** `error`, as a host failure where it is one. */
export function asHostFailure(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof HostFailure) return error;
  const isNative = error instanceof RangeError || error.name === "InternalError";
  return isNative && HOST_FAILURE.test(error.message) ? new HostFailure(error.message) : error;
}

/** For people only. */
export function trapDetail(error: unknown): string {
  if (error instanceof HostDenial) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return TRAP_KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? text;
}
