/**
 * One number for everything that can change a chain: ABI, instrumenter, fuel table, scheduler, random streams, hashes,
 * codec.
 */

/** What new worlds are created with. Raised with every release that changes a chain. */
export const SEMANTICS = 1;

/** What this release executes. Others can be verified, not replayed. */
export const EXECUTABLE_SEMANTICS: readonly number[] = [SEMANTICS];
