/** Limits of the contract. Unit last. World-visible ones are genesis constants and may be lowered by configuration. */

import { assert } from "./assert.js";

/** One message, header and topic included. Region slots and log records are sized by it. */
export const messageBytesMax: number = 1024 * 1024;
export const topicBytesMax = 255;
/** Effects of one turn as bytes; a further effect is refused with LIMIT. */
export const turnEffectBytesMax: number = 4 * 1024 * 1024;
/** Default of `limits.messagesPerTurnMax`: SEND and PUBLISH effects per turn. */
export const messagesPerTurnMaxDefault = 1024;
/** Default of `limits.mailboxMessages`. */
export const mailboxMessagesMaxDefault = 65_536;
/** Bytes of one console line; longer ones are cut at a character. */
export const logLineBytesMax: number = 16 * 1024;
/** Random bytes per call. */
export const randomBytesMax = 65_536;
export const streamNameBytesMax = 63;
/** Named random streams per agent. */
export const streamsPerAgentMax = 64;
export const requestIdMax = 0x7fff_ffff;
export const timeoutTicksDefault = 600;
export const wasmPageBytes = 65_536;
/** Default of `limits.memoryBytes`. */
export const memoryBytesMaxDefault: number = 16 * 1024 * 1024;
/** Default of `limits.fuelPerSlice` and `limits.fuelPerTurnMax`. */
export const fuelPerSliceDefault = 100_000_000;
/** Logical stack of one invocation; native stacks are four times as large. */
export const depthBytes: number = 64 * 1024 * 1024;
export const describeBytesMax: number = 1024 * 1024;
/** Fuel of `agent_describe` and `agent_export_state`, which run outside the world. */
export const describeFuelMax = 1_000_000_000;
/** Ticks and sequence numbers stay exact as JavaScript numbers. */
export const safeIntegerMax: number = Number.MAX_SAFE_INTEGER;

assert(topicBytesMax + 64 < messageBytesMax, "a topic fits into a message");
assert(messageBytesMax <= turnEffectBytesMax, "one message fits into a turn's effects");
assert(memoryBytesMaxDefault % wasmPageBytes === 0, "memory is counted in pages");
