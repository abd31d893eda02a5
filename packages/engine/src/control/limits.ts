/** Limits of the control socket. Unit last. None is world-visible. */

import { assert, limits } from "@wasm-engine/abi";

/** One request: the largest message as base64 and its envelope, with room for texts that escape every character. */
export const requestLineBytesMax: number = 8 * 1024 * 1024;
/** Connections at a time. A further one takes the place of whoever has nothing under way. */
export const connectionsMax = 64;
/** Calls of one connection that wait for their answer; a further one is refused. */
export const callsUnderWayMax = 1024;
/** Messages of one `sendMany`. */
export const batchMessagesMax = 4096;
/** Client: characters of the messages in one `sendMany`, unless one alone has more. */
export const batchCharactersMax: number = 1024 * 1024;
/** Subscriptions of one connection. */
export const subscriptionsMax = 64;
/** One answer; a larger one is an error that names it. */
export const answerBytesMax: number = 16 * 1024 * 1024;
/** Bytes that wait for a reader. Beyond the first nothing more is read from it, beyond the second it is cut off. */
export const unreadBytesRest: number = 256 * 1024;
export const unreadBytesMax: number = 24 * 1024 * 1024;
/** Messages on their way to one subscriber, from the orchestrator thread to the socket; beyond, it is cut off. */
export const messagesUnderWayMax = 65_536;
/** Credit is renewed once so many messages have been written. */
export const messagesPerCredit = 8192;
/** Connections are given so long to read their last answers when the world has ended. */
export const farewellMs = 1000;
/** Unix: bytes of a socket's path, without its final zero, on the platform that takes least. */
export const socketPathBytesMax = 103;
/** Client: a world that listens answers at once; this long is for a machine under load. */
export const connectMs = 10_000;
/** Client: between two tries while too many connect at once. */
export const connectAgainMs = 20;
/** Connections that the system keeps until they are taken. */
export const connectBacklog = 1024;
/** A client that leaves waits so long for the other end to close. */
export const goodbyeMs = 1_000;

assert(requestLineBytesMax > 2 * limits.messageBytesMax, "the largest message fits into a request");
assert(requestLineBytesMax > 4 * batchCharactersMax, "a client's batch fits into a request in any alphabet");
assert(unreadBytesMax > answerBytesMax, "one answer alone cuts nobody off");
assert(messagesPerCredit < messagesUnderWayMax, "credit is renewed before it is used up");
