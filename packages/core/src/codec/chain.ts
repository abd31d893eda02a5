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
/** Of the length before each input. */
const lengthBytes = 4;
/** Inputs are hashed in pieces of about this much: a call for each would cost more than the hashing. */
const hashedBytesMin: number = 256 * 1024;

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
  let group: Uint8Array[] = [];
  let groupBytes = 0;
  for (const input of inputs) {
    const bytes = encodeWorldInput(input);
    group.push(bytes);
    groupBytes += lengthBytes + bytes.length;
    if (groupBytes < hashedBytesMin) continue;
    parts.push(framed(group, groupBytes));
    group = [];
    groupBytes = 0;
  }
  parts.push(framed(group, groupBytes));
  return hasher.sha256(...parts);
}

/** The inputs one after the other, each with its length before it. */
function framed(inputs: readonly Uint8Array[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let end = 0;
  for (const input of inputs) {
    view.setUint32(end, input.length, true);
    bytes.set(input, end + lengthBytes);
    end += lengthBytes + input.length;
  }
  return bytes;
}
