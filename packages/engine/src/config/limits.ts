/** Limits of a configuration: what a file may hold before anything is built from it. Unit last. */

import { assert } from "@wasm-engine/abi";

export const configBytesMax: number = 1024 * 1024;
/** Nodes that aliases may add; more is an expansion attack or a table that belongs into a file. */
export const aliasNodesMax = 10_000;
/** Nesting of maps and lists. */
export const nestingMax = 64;
/** Problems listed in one error; the rest is counted. */
export const problemsMax = 100;
/** Live agents of one process (DESIGN §7), and the default of `agentsMax`. */
export const agentsCeiling = 12_000;
export const tickMillisMax = 31_536_000_000;
export const shardsMax = 4096;

assert(agentsCeiling >= 10_000, "the documented population fits");
