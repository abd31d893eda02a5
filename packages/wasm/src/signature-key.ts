/** Ed25519 keys as files and as ids. Making keys is the host's business, because it needs randomness. */

import { assert, encodeUtf8 } from "@wasm-engine/abi";
import type { EngineError, Sha256 } from "@wasm-engine/abi";
import { performSteps, sha256Step } from "./crypto-steps.js";
import type { CryptoSteps } from "./crypto-steps.js";
import { concatBytes, hexOf } from "./custom-section.js";
import { wasmError } from "./errors.js";

export const PUBLIC_KEY_BYTES = 32;
/** Seed, then public key. */
export const SECRET_KEY_BYTES = 64;
const PUBLIC_TAG = 0x01;
const SECRET_TAG = 0x81;
const KEY_ID_BYTES = 12;
const HMAC_BLOCK_BYTES = 64;
const SCALAR_BYTES = 32;

/** 2^252 + 27742317777372353535851937790883648493, little endian. */
const groupOrder: readonly number[] = [
  ...[0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10],
];

/** y coordinates of the points of small order, little endian: such a key verifies signatures that nobody made. */
const smallOrder: readonly string[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

function keyError(reason: string): EngineError {
  return wasmError("WE_SIGNATURE_KEY", { reason });
}

/**
 * Refuses what some verifiers accept and others do not: wrong length, non-canonical form, small order.
 * @throws {WE_SIGNATURE_KEY}
 */
export function checkPublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw keyError(`a public key has 32 bytes, this one has ${publicKey.length}`);
  }
  const y = Uint8Array.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  // The field's prime is 2^255 - 19: only values with all high bits set can reach it.
  const low = y[0] ?? 0;
  if (low >= 0xed && y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff)) {
    throw keyError("the public key is not in canonical form");
  }
  if (smallOrder.includes(hexOf(y))) throw keyError("the public key has small order");
}

/** Public key file: 01, then the key. */
export function encodePublicKey(publicKey: Uint8Array): Uint8Array {
  checkPublicKey(publicKey);
  return concatBytes([Uint8Array.of(PUBLIC_TAG), publicKey]);
}

/** @throws {WE_SIGNATURE_KEY} */
export function decodePublicKey(file: Uint8Array): Uint8Array {
  if (file[0] === SECRET_TAG) throw keyError("this is a secret key, a public key is expected");
  if (file.length !== PUBLIC_KEY_BYTES + 1 || file[0] !== PUBLIC_TAG) {
    throw keyError("a public key file has 33 bytes and begins with 01");
  }
  const publicKey = file.slice(1);
  checkPublicKey(publicKey);
  return publicKey;
}

/** Secret key file: 81, seed, public key. */
export function encodeSecretKey(secretKey: Uint8Array): Uint8Array {
  checkSecretKey(secretKey);
  return concatBytes([Uint8Array.of(SECRET_TAG), secretKey]);
}

/** @throws {WE_SIGNATURE_KEY} */
export function decodeSecretKey(file: Uint8Array): Uint8Array {
  if (file[0] === PUBLIC_TAG) throw keyError("this is a public key, a secret key is expected");
  if (file.length !== SECRET_KEY_BYTES + 1 || file[0] !== SECRET_TAG) {
    throw keyError("a secret key file has 65 bytes and begins with 81");
  }
  const secretKey = file.slice(1);
  checkSecretKey(secretKey);
  return secretKey;
}

/** @throws {WE_SIGNATURE_KEY} */
export function checkSecretKey(secretKey: Uint8Array): void {
  if (secretKey.length !== SECRET_KEY_BYTES) {
    throw keyError(`a secret key has 64 bytes, this one has ${secretKey.length}`);
  }
  checkPublicKey(publicKeyOf(secretKey));
}

/** Second half of a secret key. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return secretKey.slice(PUBLIC_KEY_BYTES);
}

/** First 12 bytes of HMAC-SHA256(public key, "key_id"). A hint only: never trusted. */
export function keyIdOf(publicKey: Uint8Array, sha256: Sha256): Uint8Array {
  return performSteps(keyIdSteps(publicKey), { sha256, sign: notAsked, verify: notAsked });
}

/** {@link keyIdOf}, for hosts of either kind. */
export function* keyIdSteps(publicKey: Uint8Array): CryptoSteps<Uint8Array> {
  assert(publicKey.length <= HMAC_BLOCK_BYTES, "the key fits into a block");
  const block = new Uint8Array(HMAC_BLOCK_BYTES);
  block.set(publicKey);
  const message = encodeUtf8("key_id");
  const inner = yield* sha256Step(concatBytes([block.map((byte) => byte ^ 0x36), message]));
  const outer = yield* sha256Step(concatBytes([block.map((byte) => byte ^ 0x5c), inner]));
  return outer.slice(0, KEY_ID_BYTES);
}

function notAsked(): never {
  assert(false, "a key id needs hashes only");
}

/**
 * True where S, the second half of an Ed25519 signature, is below the order of the group. Else adding that order gives
 * a second signature of the same message, which some verifiers accept.
 */
export function hasCanonicalScalar(signature: Uint8Array): boolean {
  for (let index = SCALAR_BYTES - 1; index >= 0; index--) {
    const byte = signature[SCALAR_BYTES + index] ?? 0;
    const limit = groupOrder[index] ?? 0;
    if (byte !== limit) return byte < limit;
  }
  return false;
}
