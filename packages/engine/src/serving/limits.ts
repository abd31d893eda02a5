/** Limits of the server with the interface of OpenAI. Unit last. None is world-visible. */

import { assert } from "@wasm-engine/abi";

/** Body of a request: the largest message of a world, with room for JSON that escapes every character. */
export const bodyBytesMaxDefault: number = 8 * 1024 * 1024;
/** Connections at a time; further ones are closed at once. */
export const connectionsMax = 256;
/** Texts under way in all, every choice of every request counted; further requests are answered 429. */
export const textsUnderWayMaxDefault = 128;
/** Choices of one request, its prompts counted. */
export const choicesMax = 64;
/** A client has this long to send the head of a request … */
export const headersMs = 10_000;
/** … and this long for all of it. */
export const requestMs = 30_000;
export const keepAliveMs = 5_000;
/** How often connections that are too slow are looked for. */
export const slowCheckMs = 1_000;
export const headerBytesMax: number = 16 * 1024;
/** Nesting of a body: as deep as values of messages are looked at. */
export const bodyDepthMax = 256;
/** Bytes of a stream that its client has not read; beyond, it is cut off. */
export const unreadStreamBytesMax: number = 4 * 1024 * 1024;
/** Silence of a stream after which a comment says that it is alive. */
export const streamPulseMs = 15_000;
/** An agent that does not answer is given up then; 0 never. */
export const agentTimeoutMsDefault = 600_000;
/** Answer of one request for vectors, as JSON within the process. */
export const vectorsBytesMax: number = 256 * 1024 * 1024;
export const tokenBytesMin = 16;
export const tokenBytesMax = 4096;
/** Answers for idempotency keys that are kept for those who ask again … */
export const keptAnswersMax = 1024;
/** … and characters of all of them together. */
export const keptCharactersMax: number = 16 * 1024 * 1024;
/** A thread of models that died is started again; so many deaths without an answer between are the end of it. */
export const modelDeathsMax = 2;
/** A server that closes waits so long for clients to take their last answers. */
export const goodbyeMs = 2_000;

assert(headersMs <= requestMs, "a head is part of its request");
assert(choicesMax <= textsUnderWayMaxDefault, "one request may be carried out");
