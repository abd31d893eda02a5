/** Limits of the world host. Unit last. None is world-visible: no result depends on them. */

import { assert } from "@wasm-engine/abi";

/** Native stack of a thread that executes agents: four times the logical budget (DESIGN §6.3). */
export const executorStackMb = 256;
/** Old generation of the orchestrator thread. The default of a worker follows the machine; worlds need a fixed roof. */
export const orchestratorHeapMb = 8192;
/** Ticks executed before control messages are looked at again. */
export const ticksPerPump = 64;
/**
 * Executed ticks of a paced world that may wait for the state hash of the first of them: some ticks more are better
 * than a hitch.
 */
export const openTicksMax = 12;
/**
 * The first of these leave the loop's own thread what time they have: noting what a hash covers and taking images over
 * is enough for them, and most worlds do the rest between ticks. What is left then is shared out over the others.
 */
export const unforcedTicks = 4;
/** Agents that are looked at in one go for a state hash that commits wait for: some tenths of a millisecond. */
export const commitSliceAgents = 4;
/** Nothing is begun that can wait where the next tick is due within this share of a tick: collectors want time, too. */
export const spareShareMin = 0.2;
/** Longest sleep of an orchestrator with nothing to do: a missed wake costs at most this. */
export const idleWaitMs = 200;
/** Sleep while something waits for the disk, where nobody wakes who sleeps. */
export const durableWaitMs = 1;
/** Progress is reported at most this often. */
export const progressEveryMs = 200;
/** Instances of the last look at a recorded run wait so long for the next one. */
export const lookIdleMs = 10_000;
/** Replay reports its progress once in so many ticks. */
export const ticksPerProgress = 256;
/** A world whose client is gone or that was told to stop ends at the latest after this. */
export const stopDeadlineMs = 10_000;
/** Agents whose images are taken between two ticks for a snapshot that is under way: about a millisecond of copying. */
export const snapshotSliceAgentsMin = 16;
/** A snapshot of a large world is taken in at most about so many parts. */
export const snapshotSlicesMax = 256;
/** A snapshot waits for a tick that has a state hash anyway where that is due so many times between two snapshots. */
export const hashesPerSnapshotMin = 4;
/** Execution worth a snapshot where nobody says how often: less is executed again in no time. */
export const snapshotWorkMsMin = 50;
/** What taking a snapshot and going on from it costs about, per agent: a future that took less ends without one. */
export const snapshotMsPerAgent = 0.5;
/** What a snapshot takes of the loop's time, per agent: a guess for the first one, which starts a thread beside it. */
export const snapshotLoopMsPerAgent = 0.05;
/** What snapshots cost at most of the time in which ticks are executed, where nobody says how often. */
export const snapshotCostShareMax = 0.05;
/** So much they may cost before it is earned: the first one starts a thread. Unused, no more than this is kept. */
export const snapshotCreditMs = 25;
/** Snapshots by whose cost the next one is judged. */
export const snapshotCostsKept = 8;
/** What a snapshot takes beyond so many times what those before it took on average is a hitch of the machine. */
export const snapshotHitchFactor = 4;
/** Standard error of a world process that is kept to explain its death. */
export const stderrTailBytes = 4096;
/** Messages that a subscription keeps for a reader that does not read; older ones are dropped and counted. */
export const subscriptionMessagesMax = 65_536;
/** Folders that are looked at for projects when a run is named by its id. */
export const searchedFoldersMax = 10_000;
/** Messages of one agent that a test made from a run may hold. */
export const agentMessagesMax = 2000;
/** Faults of a run whose details are reported; the count covers all of them. */
export const faultDetailsMax = 20;
/** Text of one fault: a guest decides how much it logs. */
export const faultDetailCharactersMax = 8192;
/** Pending requests that the words about a refused upgrade name; the others are counted. */
export const pendingNamesMax = 16;
/** Faults whose details are kept until they take effect. */
export const faultsHeardMax = 4096;
/** Inputs from outside that may wait for one tick; a further one is refused. */
export const admittedInputsMax = 1_000_000;
/** Deeds that the story of a run tells; what happens later is left out. People read the first differences. */
export const storyEntriesMax = 20_000;
/** Characters of one payload in a story; the rest is compared by digest. */
export const storyTextCharactersMax = 2000;
/** Worlds with more agents are told without messages and states. */
export const storyAgentsMax = 1000;
/** Console lines of agents that a client is told per second; more are counted. People read a few. */
export const observedLinesPerSecondMax = 2000;

/** Messages from outside that cross a pipe or a thread in one piece: so many, or so many bytes and one more. */
export const batchCallsMax = 4096;
export const batchPayloadBytesMax: number = 1024 * 1024;
/** Messages from outside that an orchestrator takes before it ticks again: who calls without end must not stop it. */
export const callsPerPump = 1024;
/** Idempotency keys that are remembered for answers. */
export const inputKeysMax = 65_536;
/** An idempotency key. */
export const inputKeyBytesMax = 255;
/** Dead letters that are kept for people, and the bytes of their messages; a replay shows all. */
export const deadLettersKeptMax = 1024;
export const deadLetterBytesMax: number = 16 * 1024 * 1024;

/** Log of a detached world. */
export const engineLogBytesMax: number = 1024 * 1024;

assert(unforcedTicks < openTicksMax, "what is left is shared out");
assert(durableWaitMs <= idleWaitMs, "waiting for the disk is not slower than being idle");
