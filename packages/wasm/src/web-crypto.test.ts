/** The asynchronous port over WebCrypto agrees with the synchronous one, bytes and refusals. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { keyIdOf, publicKeyOf } from "./signature-key.js";
import {
  detachSignature,
  sign,
  signAsync,
  verify,
  verifyAsync,
  verifyDetached,
  verifyDetachedAsync,
} from "./signature.js";
import { custom, moduleOf } from "./testing/module-bytes.js";
import { nodeCrypto, secretKeyOfSeed } from "./testing/node-crypto.js";
import type { SignatureCrypto } from "./wasm-contract.js";
import { webCryptoSignatures } from "./web-crypto.js";

const webCrypto = webCryptoSignatures(globalThis.crypto.subtle);
const secretKey = secretKeyOfSeed(new Uint8Array(32).fill(9));
const publicKey = publicKeyOf(secretKey);
const unsigned = moduleOf(custom("t", 42));

test("both ports make the same signatures and come to the same result", async () => {
  const signed = sign(unsigned, secretKey, nodeCrypto);
  assert.deepEqual(await signAsync(unsigned, secretKey, webCrypto), signed);
  const bare = sign(unsigned, secretKey, nodeCrypto, { keyId: "none" });
  assert.deepEqual(await signAsync(unsigned, secretKey, webCrypto, { keyId: "none" }), bare);
  const verified = verify(signed, [publicKey], nodeCrypto);
  assert.deepEqual(await verifyAsync(signed, [publicKey], webCrypto), verified);
  const { module: bytes, signature } = detachSignature(signed);
  const detached = { bytes, signature };
  assert.deepEqual(
    await verifyDetachedAsync(detached, [publicKey], webCrypto),
    verifyDetached(detached, [publicKey], nodeCrypto),
  );
});

test("the asynchronous functions reject with the same codes", async () => {
  const signed = sign(unsigned, secretKey, nodeCrypto);
  const changed = signed.with(-1, 43);
  await assert.rejects(verifyAsync(unsigned, [publicKey], webCrypto), { code: "WE_SIGNATURE_MISSING" });
  await assert.rejects(verifyAsync(changed, [publicKey], webCrypto), { code: "WE_SIGNATURE_INVALID" });
  await assert.rejects(verifyAsync(signed, [], webCrypto), { code: "WE_SIGNATURE_UNTRUSTED" });
  await assert.rejects(signAsync(signed, secretKey, webCrypto), { code: "WE_SIGNATURE_DUPLICATE" });
  await assert.rejects(signAsync(unsigned, publicKey, webCrypto), { code: "WE_SIGNATURE_KEY" });
});

test("a port that answers with something else is a programmer's error", () => {
  const odd: SignatureCrypto = { ...nodeCrypto, sha256: () => new Uint8Array(31) };
  assert.throws(() => verify(sign(unsigned, secretKey, nodeCrypto), [publicKey], odd), {
    code: "WE_INTERNAL_ASSERTION",
  });
  assert.throws(() => keyIdOf(publicKey, () => new Uint8Array(0)), { code: "WE_INTERNAL_ASSERTION" });
});
