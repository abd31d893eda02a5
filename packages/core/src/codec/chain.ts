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
import { encodeWorldInput, worldBytes } from "./input-codec.js";
import { messageInputBytesMax, writeMessageInput } from "./message-input-codec.js";

const genesisDomain = encodeUtf8("wasm-engine/genesis\0");
const chainDomain = encodeUtf8("wasm-engine/chain\0");
const inputsDomain = encodeUtf8("wasm-engine/inputs\0");
/** Of the length before each input. */
const lengthBytes = 4;
/** Inputs are hashed in pieces of about this much: a call for each would cost more than the hashing. */
const hashedBytes: number = 256 * 1024;
/** Pieces that a thread keeps: a tick with more inputs takes new ones. */
const keptPiecesMax = 32;

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
  const parts = beginDigest();
  for (const input of inputs) {
    const most = messageInputBytesMax(input);
    if (most === undefined || !appendMessage(input, most, parts)) appendBytes(encodeWorldInput(input), parts);
  }
  return endDigest(hasher, parts);
}

/** An input and the bytes that it was read from. */
export interface StoredInput {
  readonly input: Input;
  readonly bytes: Uint8Array;
}

/** The same for inputs of a log, whose bytes are there already. */
export function storedInputsDigest(hasher: Hasher, inputs: readonly StoredInput[]): Uint8Array | undefined {
  if (inputs.length === 0) return undefined;
  const parts = beginDigest();
  for (const { input, bytes } of inputs) appendBytes(worldBytes(input, bytes), parts);
  return endDigest(hasher, parts);
}

function beginDigest(): Uint8Array[] {
  taken = 0;
  piece = nextPiece(0);
  end = 0;
  return [inputsDomain];
}

function endDigest(hasher: Hasher, parts: Uint8Array[]): Uint8Array {
  parts.push(piece.subarray(0, end));
  return hasher.sha256(...parts);
}

/** Pieces of the ordinary length, kept for the next tick, and how many of them are in use. */
const pieces: Uint8Array[] = [];
let taken = 0;
/** What is hashed next: messages are written straight into it. */
let piece: Uint8Array = new Uint8Array(0);
let end = 0;

function appendMessage(input: Input, most: number, parts: Uint8Array[]): boolean {
  makeRoom(most, parts);
  const next = writeMessageInput(input, { into: piece, start: end + lengthBytes, form: "world" });
  if (next !== undefined) close(next);
  return next !== undefined;
}

function appendBytes(bytes: Uint8Array, parts: Uint8Array[]): void {
  makeRoom(bytes.length, parts);
  piece.set(bytes, end + lengthBytes);
  close(end + lengthBytes + bytes.length);
}

/** Room for an input and its length; a full piece is put aside. */
function makeRoom(bytes: number, parts: Uint8Array[]): void {
  if (end + lengthBytes + bytes <= piece.length) return;
  if (end > 0) parts.push(piece.subarray(0, end));
  piece = nextPiece(lengthBytes + bytes);
  end = 0;
}

function nextPiece(bytes: number): Uint8Array {
  if (bytes > hashedBytes || taken >= keptPiecesMax) return new Uint8Array(Math.max(hashedBytes, bytes));
  const next = pieces[taken] ?? new Uint8Array(hashedBytes);
  pieces[taken] = next;
  taken += 1;
  return next;
}

/** The input ends at `next`: its length goes before it. */
function close(next: number): void {
  const length = next - end - lengthBytes;
  for (let shift = 0; shift < 32; shift += 8) piece[end++] = length >>> shift;
  end = next;
}
