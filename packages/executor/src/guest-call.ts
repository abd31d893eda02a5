/**
 * Calls of guest entry points: places messages, sets fuel and depth, tells completion from fault. It changes no
 * ledger and keeps no history: whoever calls it commits or rolls back. Calls with a message, which are nearly all,
 * go through the gate and allocate nothing.
 */

import { EntryCode, FaultCode, Words, assert, copyAligned, unreachable } from "@wasm-engine/abi";
import type { GateHub } from "./gate-module.js";
import type { FuelMeter } from "./fuel-meter.js";
import type { GuestInstance } from "./guest-instance.js";
import { movedBytesPerFuel } from "./limits.js";
import { faultCodeOf, trapDetail } from "./trap.js";

/** How a call ended; `code` 0 where it completed. */
export interface Verdict {
  readonly code: FaultCode | 0;
  readonly guestCode: number;
  /** For people, where a call was cut short by a trap. */
  readonly detail?: string;
}

export const COMPLETED: Verdict = { code: 0, guestCode: 0 };
const OUT_OF_FUEL: Verdict = { code: FaultCode.OUT_OF_FUEL, guestCode: 0 };
const NO_ROOM: Verdict = { code: FaultCode.GUEST_ERROR, guestCode: 0, detail: "agent_alloc gave no room" };

/** An instance with the budget of the turn it is in. */
export interface Caller {
  readonly instance: GuestInstance;
  readonly meter: FuelMeter;
  readonly depthBytes: number;
  readonly gates: GateHub;
}

/** One call of a guest entry point. Reused: read before the next one is set. */
export interface Invocation {
  entry: EntryCode;
  /** Where the message lies; bytes 0: there is none. */
  source: Words;
  messageStart: number;
  messageBytes: number;
}

export function emptyInvocation(): Invocation {
  return { entry: EntryCode.INIT, source: new Words(new Uint8Array(0)), messageStart: 0, messageBytes: 0 };
}

/** Runs `body` from a full stack and settles fuel. A negative result is the guest's own error code. */
export function callGuest(caller: Caller, costFuel: number, body: (caller: Caller) => Verdict): Verdict {
  const { instance, meter } = caller;
  const fuel = meter.open(costFuel);
  if (fuel < 0) return OUT_OF_FUEL;
  instance.fuel = fuel;
  try {
    const verdict = body(caller);
    return meter.close(instance.fuel) ? verdict : OUT_OF_FUEL;
  } catch (error) {
    return { code: faultCodeOf(error, instance), guestCode: 0, detail: trapDetail(error) };
  }
}

/** One invocation of a turn. */
export function callEntry(caller: Caller, invocation: Invocation): Verdict {
  switch (invocation.entry) {
    case EntryCode.RECEIVE:
    case EntryCode.STEP:
      return callWithMessage(caller, invocation);
    case EntryCode.INIT:
      return callGuest(caller, 0, initialise);
    case EntryCode.SHUTDOWN:
      return callGuest(caller, 0, shutDown);
    default:
      return unreachable(invocation.entry);
  }
}

/** `receive` and `step`: asks the guest for room, copies the message there, enters. */
function callWithMessage(caller: Caller, invocation: Invocation): Verdict {
  const { instance, meter, depthBytes, gates } = caller;
  const { place, memory } = instance;
  const { messageBytes } = invocation;
  assert(messageBytes > 0, "receive and step carry a message");
  const fuel = meter.open(placingFuel(messageBytes));
  if (fuel < 0) return OUT_OF_FUEL;
  try {
    let pointer = gates.alloc(place, fuel, depthBytes, messageBytes);
    if (pointer < 0) {
      if (!refill(caller)) return OUT_OF_FUEL;
      pointer = -1 - pointer;
    }
    if (pointer === 0 || pointer % 8 !== 0 || !memory.holds(pointer, messageBytes)) return NO_ROOM;
    copyAligned(invocation.source, invocation.messageStart, memory.words, pointer, messageBytes);
    const left =
      invocation.entry === EntryCode.RECEIVE
        ? gates.receive(place, pointer, depthBytes)
        : gates.step(place, pointer, depthBytes);
    if (left === -Infinity)
      return meter.close(instance.fuel) ? fromResult(instance.gate.result()) : OUT_OF_FUEL;
    return meter.close(left) ? COMPLETED : OUT_OF_FUEL;
  } catch (error) {
    return { code: faultCodeOf(error, instance), guestCode: 0, detail: trapDetail(error) };
  }
}

/** Former start function, then `_initialize`: what other hosts do while they instantiate. */
export function callStart(caller: Caller): Verdict {
  enter(caller).start?.();
  if (!refill(caller)) return OUT_OF_FUEL;
  enter(caller)._initialize?.();
  return refill(caller) ? COMPLETED : OUT_OF_FUEL;
}

/** Fuel of moving `bytes` into guest memory. */
export function placingFuel(bytes: number): number {
  return Math.ceil(bytes / movedBytesPerFuel);
}

/** Asks the guest for room and copies `bytes` there; a verdict where the guest gave none. */
export function place(caller: Caller, bytes: Uint8Array): number | Verdict {
  const { instance } = caller;
  const pointer = enter(caller).agent_alloc(bytes.length) >>> 0;
  if (!refill(caller)) return OUT_OF_FUEL;
  const isRoom = pointer !== 0 && pointer % 8 === 0 && instance.memory.holds(pointer, bytes.length);
  if (!isRoom) return NO_ROOM;
  instance.memory.bytes.set(bytes, pointer);
  return pointer;
}

/** Grants slices until the instance is out of debt. False where the turn's maximum is reached before. */
export function refill({ instance, meter }: Caller): boolean {
  const left = instance.fuel;
  if (left >= 0) return true;
  const covered = meter.cover(left);
  instance.fuel = covered;
  return covered >= 0;
}

/** 0 and above: completed. */
export function fromResult(result: number): Verdict {
  return result >= 0 ? COMPLETED : { code: FaultCode.GUEST_ERROR, guestCode: result };
}

/** Every entry starts with the whole logical stack. */
export function enter(caller: Caller): GuestInstance["entries"] {
  caller.instance.depth = caller.depthBytes;
  return caller.instance.entries;
}

function initialise(caller: Caller): Verdict {
  const started = callStart(caller);
  return started.code === 0 ? fromResult(enter(caller).agent_init()) : started;
}

function shutDown(caller: Caller): Verdict {
  return fromResult(enter(caller).agent_shutdown());
}
