/** Limits of adapters. Unit last. None is world-visible: what they cut becomes an answer, which is logged. */

import { assert, limits } from "@wasm-engine/abi";
import type { AdapterSetup } from "./contract.js";

/** Wall-clock limit that configuration may ask for: one day. */
export const callTimeoutMsMax = 86_400_000;
/** Default limit of one call of a tool. */
export const toolTimeoutMsDefault = 30_000;
/** Default limit of one request to a server of models, attempts and pauses between them included. */
export const modelTimeoutMsDefault = 120_000;
/** Requests that configuration may have under way at a time, per server. */
export const callsAtOnceMax = 256;
export const callsAtOnceDefault = 4;

/** An answer with its header and topic fits a message. */
export const answerBytesMax: number = limits.messageBytesMax - 1024;
/** How long `doctor` waits for a server of this machine. */
export const serverProbeMs = 2_000;
/** What is read of a server's response; numbers take more room there than in the answer. */
export const responseBytesMax: number = 16 * 1024 * 1024;
/** One event of a stream. */
export const streamEventBytesMax: number = 1024 * 1024;
/** Attempts of one request, the first included. */
export const attemptsMax = 4;
/** Pause before the second attempt; every further one is twice as long. */
export const backoffMs = 250;
export const backoffMsMax = 8_000;
/** Characters of a server's own words that an answer repeats. */
export const serverMessageCharsMax = 300;

/**
 * True where the adapter keeps the limit of its calls: a server takes so many requests at a time, and the time of those
 * that wait does not count. No code of the user runs there that could block the thread.
 */
export function limitsItself({ kind }: Pick<AdapterSetup, "kind">): boolean {
  return kind === "openai";
}
/** A call over its limit by this much may have blocked the thread, which is asked whether it is there. */
export const threadLagMs = 500;
/** A thread that does not say so for this long is ended from outside. */
export const threadGraceMs = 2_000;
/** Making all adapters of a world: bundling tools and executing their top level. */
export const adapterLoadMsMax = 60_000;
/** A closing world waits so long for the adapters to let go; the thread is ended then. */
export const adapterCloseMs = 1_000;
/** How often an open that awaits its adapters looks for them. */
export const adapterPollMs = 2;
/** A call that may be repeated is, once: a thread that dies over it a second time fails it. */
export const adapterDeathsMax = 2;
/** Text of a failure: a tool decides how much it says. */
export const failureCharsMax = 2_000;
/** Places of one input that a refusal names. */
export const inputProblemsMax = 10;
/** A shorter secret could not be kept out of answers without destroying them. */
export const secretCharsMin = 4;
export const secretBytesMax: number = 64 * 1024;
/** Lines of all tools together that are told per second; more are counted. */
export const linesPerSecondMax = 200;
export const lineCharsMax = 2_000;
/** Lines that are kept for whoever opens a world and listens a moment later. */
export const earlyLinesMax = 100;
/** Nesting of a tool's result. */
export const resultDepthMax = 256;

/** A file of rules. */
export const rulesBytesMax: number = 1024 * 1024;
export const rulesMax = 10_000;

/** Kept answers of one project; the oldest make room. */
export const keptAnswersBytesMax: number = 256 * 1024 * 1024;
/** Kept answers of one project: a folder stays a folder that people can list. */
export const keptAnswersMax = 200_000;
/** Where the oldest are removed, this share of the room is left free. */
export const keptAnswersFreeShare = 0.1;

assert(answerBytesMax > limits.topicBytesMax, "an answer has room");
assert(failureCharsMax * 4 < answerBytesMax, "every failure fits an answer");
assert(answerBytesMax < responseBytesMax, "what fits an answer can be read");
