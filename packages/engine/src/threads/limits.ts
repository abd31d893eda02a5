/** Limits of executing threads. Unit last. None shows in any result. */

import { assert } from "@wasm-engine/abi";

/** Threads that one world may be given; far above any machine it was measured on. */
export const workersMax = 256;
/** Bytes that the turn and outcome region of a thread start with. */
export const regionBytesDefault: number = 256 * 1024;
/** Bytes that each of the two mail regions starts with, and may grow to; the rest stays in the core's heap. */
export const mailBytesDefault: number = 1024 * 1024;
export const mailBytesMaxDefault: number = 256 * 1024 * 1024;
/** Old generation of an executing thread, like that of the orchestrator thread. */
export const executingHeapMb = 8192;
/** Loads of a shared word before a thread sleeps: about 10 µs, less than half of what waking it costs. */
export const spinLoadsMax = 2000;
/** Spins in a row that did not pay before spinning is left out, and for how many waits. */
export const spinMissesMax = 8;
export const spinPauseWaits = 256;
/** Messages that may wait unread at a thread that has nothing else to do. */
export const unreadPostsMax = 256;
/** Longest sleep of a wait that a notification should end. */
export const barrierStepMs = 1000;
/** How long the end of killed threads is waited for. */
export const threadEndWaitMs = 5000;
/** Losses of threads that one opened run survives, each at another tick. */
export const threadLossesMax = 1000;
/** Agents from which `auto` takes more than one thread. */
export const autoAgentsMin = 256;
/** Threads that `auto` takes at most: the commit is one thread's work, and more threads only wait for it. */
export const autoWorkersMax = 4;

assert(workersMax < 0x1_0000, "the countdown of the barrier holds every thread");
assert(mailBytesDefault <= mailBytesMaxDefault, "a mail region may have the size that it starts with");
