/** World, scheduler, commits, log and snapshot formats, replay, ports; no I/O. */

export type * from "./model.js";
export type * from "./ports.js";
export { EMPTY_LEDGER } from "./ports.js";
export type * from "./world-contract.js";
