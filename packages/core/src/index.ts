/** World, scheduler, commits, log and snapshot formats, replay, ports; no I/O. */

export type * from "./model.js";
export type * from "./ports.js";
export { EMPTY_LEDGER } from "./ports.js";
export type * from "./world-contract.js";
export { CORE_ERRORS } from "./errors.js";
export { decodeCanonical, encodeCanonical, equalBytes } from "./codec/cbor.js";
export type { CborValue } from "./codec/cbor.js";
export { decodeGenesis, encodeGenesis } from "./codec/genesis-codec.js";
export { decodeInput, encodeInput, encodeWorldInput } from "./codec/input-codec.js";
export { decodeCommit, digestBytes, encodeCommit } from "./codec/commit-codec.js";
export { genesisBytesDigest, genesisDigest, inputsDigest, nextChainHead } from "./codec/chain.js";
