/**
 * What one look at a recorded run leaves behind for the next one in the same thread: compiled modules and instances,
 * which hold nothing of a run, for they are found by digest and overwritten before they are used. Everything else is
 * read anew for every look. Let go when no look has come for a while.
 */

import { Machine } from "../threads/machine.js";
import { lookIdleMs } from "../world/limits.js";

let kept: { readonly machine: Machine; readonly timer: NodeJS.Timeout } | undefined;

/** Calls `look` with the machine that the look before has used. One that failed leaves nothing behind. */
export function lookingOn<Result>(look: (machine: Machine) => Result): Result {
  const { machine, timer } = kept ?? {
    machine: new Machine({ workers: 1, reuse: "instances" }),
    timer: undefined,
  };
  clearTimeout(timer);
  kept = undefined;
  const result = look(machine);
  kept = { machine, timer: setTimeout(forget, lookIdleMs).unref() };
  return result;
}

function forget(): void {
  kept = undefined;
}
