/**
 * One number for everything that can change a chain: ABI, instrumenter, fuel table, scheduler, random streams, hashes,
 * codec.
 */

/** What new worlds are created with. Raised with every release that changes a chain. */
export const SEMANTICS = 2;

/**
 * What this release executes. Others can be verified, not replayed. Runs of 1 differ in the fuel table and in where
 * instrumented code looks at its counter: they carry their instrumented modules, so that both are as they were.
 */
export const EXECUTABLE_SEMANTICS: readonly number[] = [1, SEMANTICS];
