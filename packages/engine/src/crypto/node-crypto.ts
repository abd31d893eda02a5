/**
 * SHA-256 and Ed25519 of the host, as the pure packages want them: raw keys and signatures, synchronous. Raw keys
 * are wrapped into the fixed DER prefixes of RFC 8410, which is all that node:crypto needs to read them.
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  verify,
} from "node:crypto";
import { assert } from "@wasm-engine/abi";
import type { Hasher } from "@wasm-engine/core";
import type { SignatureCrypto } from "@wasm-engine/wasm";

const seedBytes = 32;
const publicKeyBytes = 32;
/** SubjectPublicKeyInfo of an Ed25519 key, up to the 32 key bytes. */
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");
/** PKCS #8 of an Ed25519 key, up to the 32 seed bytes. */
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");

const digestBytes = 32;
/** Parts up to this much together are hashed at one go. */
const joinedBytesMax = 16 * 1024;
const joined = new Uint8Array(joinedBytesMax);

/** SHA-256 over node:crypto. */
export const nodeHasher: Hasher = {
  sha256(...parts) {
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return digestOf(first);
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    if (bytes > joinedBytesMax) return streamed(parts);
    let end = 0;
    for (const part of parts) {
      joined.set(part, end);
      end += part.length;
    }
    return digestOf(joined.subarray(0, end));
  },
};

/** The digest comes as text: a string is made faster than a buffer, and most of what a world hashes is short. */
function digestOf(bytes: Uint8Array): Uint8Array {
  const text = hash("sha256", bytes, "binary");
  const digest = new Uint8Array(digestBytes);
  for (let index = 0; index < digestBytes; index += 1) digest[index] = text.charCodeAt(index);
  return digest;
}

function streamed(parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash("sha256");
  for (const part of parts) state.update(part);
  const digest = state.digest();
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.length);
}

/** Signatures over node:crypto. */
export const nodeSignatureCrypto: SignatureCrypto = {
  sha256: (bytes) => nodeHasher.sha256(bytes),
  sign(message, secretKey) {
    assert(secretKey.length === seedBytes + publicKeyBytes, "a secret key is seed and public key");
    const der = Buffer.concat([privatePrefix, secretKey.subarray(0, seedBytes)]);
    return sign(null, message, createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  },
  verify(message, signature, publicKey) {
    if (publicKey.length !== publicKeyBytes || signature.length !== 64) return false;
    const der = Buffer.concat([publicPrefix, publicKey]);
    return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  },
};

/** SHA-256 of one piece, as a plain function. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nodeHasher.sha256(bytes);
}

/** Lower-case hexadecimal. */
export function hexOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Lower-case hexadecimal SHA-256. */
export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return hexOfBytes(nodeHasher.sha256(...parts));
}

/** A new Ed25519 pair; the secret key is the 32-byte seed followed by the 32-byte public key. */
export function generateKeyPair(): { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array } {
  const pair = generateKeyPairSync("ed25519");
  const seed = pair.privateKey.export({ format: "der", type: "pkcs8" }).subarray(privatePrefix.length);
  const publicKey = pair.publicKey.export({ format: "der", type: "spki" }).subarray(publicPrefix.length);
  assert(seed.length === seedBytes && publicKey.length === publicKeyBytes, "Ed25519 keys are 32 bytes");
  return { secretKey: Buffer.concat([seed, publicKey]), publicKey: Buffer.from(publicKey) };
}
