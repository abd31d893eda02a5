/** Limits of inference in the engine. Unit last. None is world-visible. */

import { assert, limits } from "@wasm-engine/abi";

/** Each direction of a channel. What finds no room waits at its sender. */
export const channelRingBytes: number = 4 * 1024 * 1024;
/** Header and payload of one frame: a whole message, an answer, or the facts of a model. */
export const channelFrameBytesMax: number = channelRingBytes / 2;
/** How often somebody who waits for the other side looks again without having been woken. */
export const channelWaitStepMs = 100;
/** Looks at the channel before the orchestrator sleeps: about 0.2 ms, in which a small model answers. */
export const hostSpinLoadsMax = 40_000;
/** Looks before the thread sleeps: about 1 ms, in which a busy world asks again. Only while that keeps happening. */
export const threadSpinLoadsMax = 200_000;
/** How often an open that awaits its models looks for them. */
export const loadPollMs = 2;
/** A closing world waits so long for the batch that runs: ending a thread within native code aborts the process. */
export const closeDeadlineMs = 10_000;
/** A thread that died is started again; one more death without an answer between fails what it was asked. */
export const deathsPerBatchMax = 2;
/** Niceness of threads that give way to a loop which keeps up with a clock. */
export const yieldingPriority = 10;
/** Threads of one model: each holds its weights. */
export const inferenceWorkersMax = 64;
/** Tokens per tick that configuration may ask for. */
export const textPaceTokensMax = 1_000_000;
/** Latency that configuration may ask for. */
export const latencyTicksMax = 1_000_000;

assert(channelFrameBytesMax > limits.messageBytesMax + 64, "every message fits a frame");
assert((channelRingBytes & (channelRingBytes - 1)) === 0, "rings wrap by masking");
/** Largest budget that a configuration may give models: 1 TiB. */
export const inferenceBytesMax: number = 2 ** 40;
