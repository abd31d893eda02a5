/**
 * Calls of guest entry points: places messages, sets fuel and depth, tells completion from fault. It changes no
 * ledger and keeps no history: whoever calls it commits or rolls back.
 */

import { FaultCode, assert, unreachable } from "@wasm-engine/abi";
import type { Invocation } from "./executor-contract.js";
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

/** An instance with the budget of the turn it is in. */
export interface Caller {
  readonly instance: GuestInstance;
  readonly meter: FuelMeter;
  readonly depthBytes: number;
}

/** Runs `body` from a full stack and settles fuel. A negative result is the guest's own error code. */
export function callGuest(caller: Caller, costFuel: number, body: () => Verdict): Verdict {
  const { instance, meter } = caller;
  if (!meter.open(instance, costFuel)) return OUT_OF_FUEL;
  try {
    const verdict = body();
    return meter.close(instance) ? verdict : OUT_OF_FUEL;
  } catch (error) {
    return { code: faultCodeOf(error, instance), guestCode: 0, detail: trapDetail(error) };
  }
}

/** One invocation of a turn. */
export function callEntry(caller: Caller, invocation: Invocation): Verdict {
  switch (invocation.entry) {
    case "init":
      return callGuest(caller, 0, () => initialise(caller));
    case "shutdown":
      return callGuest(caller, 0, () => fromResult(enter(caller).agent_shutdown()));
    case "receive":
    case "step": {
      const { entry, message } = invocation;
      assert(message !== undefined, "receive and step carry a message");
      return callGuest(caller, placingFuel(message.length), () => {
        const pointer = place(caller, message);
        if (typeof pointer !== "number") return pointer;
        const entries = enter(caller);
        return fromResult(entry === "step" ? entries.agent_step(pointer) : entries.agent_receive(pointer));
      });
    }
    default:
      return unreachable(invocation.entry);
  }
}

/** Former start function, then `_initialize`: what other hosts do while they instantiate. */
export function callStart(caller: Caller): Verdict {
  enter(caller).start?.();
  if (!caller.meter.refill(caller.instance)) return OUT_OF_FUEL;
  enter(caller)._initialize?.();
  return caller.meter.refill(caller.instance) ? COMPLETED : OUT_OF_FUEL;
}

/** Fuel of moving `bytes` into guest memory. */
export function placingFuel(bytes: number): number {
  return Math.ceil(bytes / movedBytesPerFuel);
}

/** Asks the guest for room and copies `bytes` there; a verdict where the guest gave none. */
export function place(caller: Caller, bytes: Uint8Array): number | Verdict {
  const { instance, meter } = caller;
  const pointer = enter(caller).agent_alloc(bytes.length) >>> 0;
  if (!meter.refill(instance)) return OUT_OF_FUEL;
  const isRoom = pointer !== 0 && pointer % 8 === 0 && instance.memory.holds(pointer, bytes.length);
  if (!isRoom) return { code: FaultCode.GUEST_ERROR, guestCode: 0, detail: "agent_alloc gave no room" };
  instance.memory.bytes.set(bytes, pointer);
  return pointer;
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
