/**
 * Digests that make the chain. Every digest starts with the name of its purpose, so that
 * no bytes mean two things:
 *   genesis digest = H("wasm-engine/genesis\0" ‖ canonical genesis)
 *                    = chain head before the first commit
 *   chain head     = H("wasm-engine/chain\0" ‖ previous head ‖ canonical commit)
 *   inputs digest  = H("wasm-engine/inputs\0" ‖ per input in log order:
 *                    u32 length ‖ canonical input without source)
 */

import { encodeUtf8 } from "@wasm-engine/abi";
import type { Commit, Genesis, Input } from "../model.js";
import type { Hasher } from "../ports.js";
import { encodeCommit } from "./commit-codec.js";
import { encodeGenesis } from "./genesis-codec.js";
import { encodeWorldInput } from "./input-codec.js";

const genesisDomain = encodeUtf8("wasm-engine/genesis\0");
const chainDomain = encodeUtf8("wasm-engine/chain\0");
const inputsDomain = encodeUtf8("wasm-engine/inputs\0");

/** Digest of a genesis: the chain head before the first commit. */
export function genesisDigest(hasher: Hasher, genesis: Genesis): Uint8Array {
  return genesisBytesDigest(hasher, encodeGenesis(genesis));
}

/** The same over bytes of `encodeGenesis`. */
export function genesisBytesDigest(hasher: Hasher, canonicalGenesis: Uint8Array): Uint8Array {
  return hasher.sha256(genesisDomain, canonicalGenesis);
}

/** Chain head after `commit`. */
export function nextChainHead(hasher: Hasher, head: Uint8Array, commit: Commit): Uint8Array {
  return hasher.sha256(chainDomain, head, encodeCommit(commit));
}

/** Digest over the inputs of one tick, in log order; undefined where there are none. */
export function inputsDigest(hasher: Hasher, inputs: readonly Input[]): Uint8Array | undefined {
  if (inputs.length === 0) return undefined;
  const parts: Uint8Array[] = [inputsDomain];
  for (const input of inputs) {
    const encoded = encodeWorldInput(input);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, encoded.length, true);
    parts.push(length, encoded);
  }
  return hasher.sha256(...parts);
}
