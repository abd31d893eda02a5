/**
 * Canonical form of a commit: the list [tick, fuel, effects digest, inputs digest or null, state hash
 * or null]. This is what the chain covers. The log stores the same list with the tick as difference
 * from the previous commit.
 */

import type { Commit } from "../model.js";
import { decodeCanonical, encodeCanonical, type CborValue } from "./cbor.js";
import { bytes, integer, shapeError } from "./shape.js";

/** Every digest in the formats is SHA-256. */
export const digestBytes = 32;

const digestShape = bytes(digestBytes);
const countShape = integer();

/** Canonical bytes of a commit. @throws {WE_CODEC_SHAPE} */
export function encodeCommit(commit: Commit): Uint8Array {
  return encodeWithTick(commit, commit.tick);
}

/** @throws {WE_CODEC_SHAPE} @throws {WE_CBOR_MALFORMED} */
export function decodeCommit(encoded: Uint8Array): Commit {
  return decodeWithTick(encoded, 0);
}

/** Stored form: the tick counts from the previous commit (-1 before the first), so a quiet stretch costs nothing. */
export function encodeStoredCommit(commit: Commit, previousTick: number): Uint8Array {
  return encodeWithTick(commit, commit.tick - previousTick);
}

export function decodeStoredCommit(encoded: Uint8Array, previousTick: number): Commit {
  const commit = decodeWithTick(encoded, previousTick);
  if (commit.tick <= previousTick) throw shapeError("a later tick", commit.tick, ["commit", "tick"]);
  return commit;
}

function encodeWithTick(commit: Commit, tick: number): Uint8Array {
  return encodeCanonical([
    countShape.encode(tick, ["commit", "tick"]),
    countShape.encode(commit.fuel, ["commit", "fuel"]),
    digestShape.encode(commit.effectsDigest, ["commit", "effectsDigest"]),
    encodeDigest(commit.inputsDigest, "inputsDigest"),
    encodeDigest(commit.stateHash, "stateHash"),
  ]);
}

function encodeDigest(digest: Uint8Array | undefined, name: string): CborValue {
  return digest === undefined ? null : digestShape.encode(digest, ["commit", name]);
}

function decodeWithTick(encoded: Uint8Array, baseTick: number): Commit {
  const value = decodeCanonical(encoded);
  if (!Array.isArray(value) || value.length !== 5) throw shapeError("a list of 5", value, ["commit"]);
  const [tick, fuel, effects, inputs, state] = value as readonly CborValue[]; // its length was checked
  return {
    tick: countShape.decode(tick ?? null, ["commit", "tick"]) + baseTick,
    fuel: countShape.decode(fuel ?? null, ["commit", "fuel"]),
    effectsDigest: digestShape.decode(effects ?? null, ["commit", "effectsDigest"]),
    ...(inputs === null || inputs === undefined
      ? {}
      : { inputsDigest: digestShape.decode(inputs, ["commit", "inputsDigest"]) }),
    ...(state === null || state === undefined
      ? {}
      : { stateHash: digestShape.decode(state, ["commit", "stateHash"]) }),
  };
}
