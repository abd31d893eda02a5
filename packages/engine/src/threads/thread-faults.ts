/**
 * Test-only faults of executing threads, so that losing one is proved at every place and no order of completion
 * matters. Off unless the environment asks for one: `kill:THREAD@TICK`, `kill:THREAD@TICK*TIMES`,
 * `kill:THREAD#COMMAND` or `delay:SEED`.
 */

import { threadId } from "node:worker_threads";

export type ThreadFault =
  /** The thread ends itself when it has executed its turns of the tick, in each of its first `times` lives. */
  | { readonly kind: "kill"; readonly thread: number; readonly tick: number; readonly times: number }
  /** The thread ends itself at the end of its n-th command from 1, whatever it is, in its first life. */
  | { readonly kind: "kill-command"; readonly thread: number; readonly command: number }
  /** Every thread sleeps a little before and after what it does. */
  | { readonly kind: "delay"; readonly seed: number };

/** Name of the environment variable. */
export const THREAD_FAULT_VARIABLE = "WASM_ENGINE_TEST_THREADS";

const delayMsMax = 4;

/** The fault in the environment, if a test set one. */
export function threadFaultOf(environment: NodeJS.ProcessEnv): ThreadFault | undefined {
  const text = environment[THREAD_FAULT_VARIABLE] ?? "";
  const kill = /^kill:(\d+)@(\d+)(?:\*(\d+))?$/.exec(text);
  if (kill !== null) {
    return { kind: "kill", thread: Number(kill[1]), tick: Number(kill[2]), times: Number(kill[3] ?? 1) };
  }
  const command = /^kill:(\d+)#(\d+)$/.exec(text);
  if (command !== null)
    return { kind: "kill-command", thread: Number(command[1]), command: Number(command[2]) };
  const delay = /^delay:(\d+)$/.exec(text);
  return delay === null ? undefined : { kind: "delay", seed: Number(delay[1]) };
}

/** Called before and after every command; `tick` is that of the executed turns, -1 where it executed none. */
export type PassThreadFault = (place: "before" | "after", tick: number) => void;

/** `life` counts the starts of threads in this process from 0. */
export function threadFaults(fault: ThreadFault | undefined, thread: number, life: number): PassThreadFault {
  if (fault === undefined) return () => undefined;
  if (fault.kind === "delay") return delays(fault.seed + thread * 7919 + life);
  if (thread !== fault.thread) return () => undefined;
  let commands = 0;
  return (place, tick) => {
    if (place === "before") return;
    commands += 1;
    const isDue =
      fault.kind === "kill"
        ? tick === fault.tick && life < fault.times
        : commands === fault.command && life === 0;
    // In the main thread of a test this would end the test.
    if (isDue && threadId !== 0) process.exit(1);
  };
}

function delays(seed: number): PassThreadFault {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const ms = ((state >>> 0) % (delayMsMax * 4)) / 4;
    if (ms > 1) Atomics.wait(pause, 0, 0, ms - 1);
  };
}
