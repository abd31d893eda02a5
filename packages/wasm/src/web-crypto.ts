/**
 * The asynchronous signature port over WebCrypto, for browsers and every runtime that has `crypto.subtle` with
 * Ed25519. It only passes bytes on; nothing is computed here.
 */

import type { AsyncSignatureCrypto } from "./wasm-contract.js";

const SEED_BYTES = 32;
const ED25519 = "Ed25519";
/** PKCS #8 of an Ed25519 key (RFC 8410), up to the 32 seed bytes. */
const privatePrefix: readonly number[] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

/** What is used of `SubtleCrypto`. */
export interface SubtleEd25519<Key = unknown> {
  digest(algorithm: "SHA-256", data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  importKey(
    format: "raw" | "pkcs8",
    keyData: Uint8Array<ArrayBuffer>,
    algorithm: typeof ED25519,
    extractable: boolean,
    keyUsages: ("sign" | "verify")[],
  ): Promise<Key>;
  sign(algorithm: typeof ED25519, key: Key, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  verify(
    algorithm: typeof ED25519,
    key: Key,
    signature: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>;
}

/**
 * Signatures over WebCrypto: pass `crypto.subtle`. Bytes are copied, because WebCrypto takes no shared memory.
 * @example `await verifyAsync(bytes, [publicKey], webCryptoSignatures(crypto.subtle))`
 */
export function webCryptoSignatures<Key>(subtle: SubtleEd25519<Key>): AsyncSignatureCrypto {
  return {
    sha256: async (bytes) => new Uint8Array(await subtle.digest("SHA-256", Uint8Array.from(bytes))),
    async sign(message, secretKey) {
      const der = Uint8Array.from([...privatePrefix, ...secretKey.subarray(0, SEED_BYTES)]);
      const key = await subtle.importKey("pkcs8", der, ED25519, false, ["sign"]);
      return new Uint8Array(await subtle.sign(ED25519, key, Uint8Array.from(message)));
    },
    async verify(message, signature, publicKey) {
      const key = await subtle.importKey("raw", Uint8Array.from(publicKey), ED25519, false, ["verify"]);
      return subtle.verify(ED25519, key, Uint8Array.from(signature), Uint8Array.from(message));
    },
  };
}
