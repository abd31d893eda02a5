/** Limits of executing threads. Unit last. None shows in any result. */

import { assert } from "@wasm-engine/abi";

/** Threads that one world may be given; far above any machine it was measured on. */
export const workersMax = 256;
/** Bytes that the turn and outcome region of a thread start with. */
export const regionBytesDefault: number = 256 * 1024;
/** Bytes that each of the two mail regions starts with, and may grow to; the rest stays in the core's heap. */
export const mailBytesDefault: number = 1024 * 1024;
export const mailBytesMaxDefault: number = 256 * 1024 * 1024;
/** Agents fall to threads by chance: a thread may hold so much more than its share before agents share slots. */
export const placementSlack = 1.25;
/** Old generation of an executing thread, like that of the orchestrator thread. */
export const executingHeapMb = 8192;
/**
 * Loads of a shared word before a thread sleeps: about 0.2 ms. Waking a sleeping thread takes about 50 µs on each side
 * of the barrier, and small worlds begin their next tick within that time.
 */
export const spinLoadsMax = 40_000;
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
/** Agents from which `auto` takes several threads at once; smaller worlds are watched first. */
export const autoAgentsMin = 256;
/** `auto`: ticks of one measurement of a small world, and how many in a row must speak for threads. */
export const growthWindowTicks = 64;
export const growthWindowsMin = 2;
/** `auto`: turns of a tick, and what executing them takes, from which waking other threads pays. */
export const growthTurnsMin = 3;
export const growthExecuteMs = 0.1;
/**
 * `auto`: share of a turn's time that threads must save to be kept; windows until they are tried again, because
 * moving some hundred agents there and back takes as long as some hundred ticks.
 */
export const growthGainMin = 0.1;
export const growthPatienceWindows = 128;
/** Threads that `auto` takes at most: the commit is one thread's work, and more threads only wait for it. */
export const autoWorkersMax = 4;

/** `auto`: a world that has more agents than this stays as it is executed: moving them would take too long. */
export const growthAgentsMax = 2048;

assert(autoAgentsMin <= growthAgentsMax, "what is watched may move");
assert(workersMax < 0x1_0000, "the countdown of the barrier holds every thread");
assert(mailBytesDefault <= mailBytesMaxDefault, "a mail region may have the size that it starts with");
