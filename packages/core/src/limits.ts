/** Limits of the core. Unit last. */

import { assert, isAgentId, limits } from "@wasm-engine/abi";

/** Requests of one agent that wait for their answer; a further one is refused. */
export const requestsPerAgentMax = 65_536;
/**
 * Messages in one mailbox, those of the engine included. Answers are never dropped, so an agent that starts
 * requests faster than it reads their answers is ended with HOST_DENIED.
 */
export const mailboxMessagesMax = 131_072;
/** Bytes that wait for one agent: mail, timers, tasks. Beyond it new ones are refused. */
export const waitingBytesMax: number = 64 * 1024 * 1024;
/** Topics that one agent may be a member of; a further join becomes a dead letter. */
export const channelsPerAgentMax = 1024;
/** Invocations of one turn: effect records count them in 16 bits. What is left waits for the next turn. */
export const invocationsPerTurnMax = 65_535;
/** Tasks of one agent that are not done; a further one is refused. */
export const tasksPerAgentMax = 65_536;
/** Tasks that one task may wait for. */
export const dependenciesPerTaskMax = 1024;
/** A task id travels as a topic. */
export const taskIdBytesMax: number = limits.topicBytesMax;
/** Name of a tenant: leaves the other half of an agent id to the names of its children. */
export const tenantNameBytesMax = 31;
/** Ticks that a graceful stop leaves an agent for its shutdown; then it ends without it. */
export const shutdownTicks = 600;
/** What `upgrade` waits for pending requests where the caller does not say, in ticks. */
export const drainTicksDefault = 600;
/** An upgrade may wait no longer: ticks of a deadline stay exact numbers. */
export const drainTicksMax = 0x7fff_ffff;
/** Nesting of JSON that guests hand over. */
export const guestJsonDepthMax = 64;
/** One log record with its frame: the genesis of a large population is the largest. */
export const logRecordBytesMax: number = 256 * 1024 * 1024;
/** Commits between two stored chain heads. */
export const headEveryCommits = 1024;
/** Default size at which a new log segment is begun. */
export const segmentBytesDefault: number = 64 * 1024 * 1024;

assert(isAgentId("n".repeat(2 * tenantNameBytesMax + 1)), "a child's id has room for a name of its own");
assert(requestsPerAgentMax < mailboxMessagesMax, "all pending requests can be answered at once");
assert(limits.messageBytesMax < waitingBytesMax, "one message fits into what may wait");
assert(invocationsPerTurnMax <= 0xffff, "an invocation index fits into an effect record");
assert(limits.messageBytesMax * 2 < logRecordBytesMax, "any input fits into a record");
