/** The signature port on node:crypto, for tests. */

import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SignatureCrypto } from "../wasm-contract.js";

const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: "der", type: "pkcs8" });
}

/** Exhaustive tests verify with few keys and often. */
const publicKeys = new Map<string, KeyObject>();

function publicKey(bytes: Uint8Array): KeyObject {
  const text = Buffer.from(bytes).toString("hex");
  const known = publicKeys.get(text);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: "der", type: "spki" });
  publicKeys.set(text, key);
  return key;
}

export const nodeCrypto: SignatureCrypto = {
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  sign: (message, secretKey) => new Uint8Array(sign(null, message, privateKey(secretKey.subarray(0, 32)))),
  verify: (message, signature, key) => verify(null, message, publicKey(key), signature),
};

/** Seed followed by the public key. */
export function secretKeyOfSeed(seed: Uint8Array): Uint8Array {
  const der = createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
  return new Uint8Array(Buffer.concat([seed, der.subarray(-32)]));
}
