/** Limits and prices of the executor. Prices are part of `semantics`: a change changes chains. Unit last. */

import { assert, limits } from "@wasm-engine/abi";

/** Page of images and of the Merkle tree; not the 64 KiB page of WebAssembly. */
export const imagePageBytes = 4096;
/** Children of a node of the Merkle tree. */
export const merkleArityNodes = 16;

/** Bytes that one fuel moves between guest and host. */
export const movedBytesPerFuel = 8;
/** Every recorded effect: the record and what commits it later. */
export const effectFuel = 256;
/** Looking an id up in the sealed view. */
export const lookupFuel = 256;
/** JSON that the host parses (tasks, specs of children): per byte, instead of the price of moving. */
export const jsonFuelPerByte = 16;
/** Containers within containers in JSON that guests hand over: no implementation's stack may decide. */
export const jsonDepthMax = 64;
/** Random bytes: one block of 64. Every block that a call touches counts. */
export const randomFuelPerBlock = 512;
/** Deriving the key of a stream: the first draw from a name. */
export const streamKeyFuel = 8192;
/** Deriving the handle of a child. */
export const spawnFuel = 8192;

/** Invocations of one turn: effect records store the index as u16. */
export const invocationsPerTurnMax = 65_536;

/** A base is renewed when its journal holds more than this, or a quarter of the agent's memory. */
export const journalBytesMaxDefault: number = 64 * 1024;
/** An emptied journal keeps its buffer up to this size. */
export const bufferKeptBytesMax: number = 256 * 1024;
/** A base is renewed when executing its journal again would cost more than this. */
export const journalFuelMaxDefault = 50_000_000;
/** Memory of one agent, and of all of one thread, that is copied for a digest of a moment; more is compared at once. */
export const keptImageBytesMax: number = 256 * 1024;
export const keptBytesMax: number = 64 * 1024 * 1024;
/** Buffers of such copies are whole multiples of this, so that few sizes are about. */
export const keptStepBytes: number = 16 * 1024;
/** What a journal entry takes beside its message and the answers of lookups. */
export const journalEntryBytes = 64;
/** DESIGN §7: ceiling of live instances per process. */
export const instancesMaxDefault = 12_000;
/** Idle instances kept per module for the next agent. */
export const idleSlotsMax = 8;
/** Bytes that a region of the in-process adapter starts with. */
export const regionBytesDefault: number = 64 * 1024;
/** Bytes that a mail region of the in-process adapter may grow to; further mail waits in the core's heap. */
export const mailBytesMaxDefault: number = 64 * 1024 * 1024;
/** Fuel that executing a journal again never runs out of; exact as a number. */
export const unboundedFuel: number = Number.MAX_SAFE_INTEGER;
/** Bytes that `__we_state_save` may write. */
export const stateBytesMax: number = limits.wasmPageBytes;

assert(limits.wasmPageBytes % imagePageBytes === 0, "pages of images tile pages of memory");
assert(stateBytesMax <= limits.wasmPageBytes, "globals fit into the smallest memory");
assert(limits.messageBytesMax * jsonFuelPerByte < 2 ** 31, "a charge fits into i32");
assert(limits.randomBytesMax * randomFuelPerBlock < 2 ** 31, "a charge fits into i32");
