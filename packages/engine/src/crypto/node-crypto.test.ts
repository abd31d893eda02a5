import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { generateKeyPair, nodeHasher, nodeSignatureCrypto, sha256Hex } from "./node-crypto.js";

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");

test("Ed25519 with raw keys gives the signature of RFC 8032, test 2", () => {
  const seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
  const publicKey = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
  const signature = nodeSignatureCrypto.sign(hex("72"), hex(seed + publicKey));
  assert.equal(
    Buffer.from(signature).toString("hex"),
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  assert.ok(nodeSignatureCrypto.verify(hex("72"), signature, hex(publicKey)));
  assert.ok(!nodeSignatureCrypto.verify(hex("73"), signature, hex(publicKey)));
  assert.ok(!nodeSignatureCrypto.verify(hex("72"), signature.subarray(1), hex(publicKey)));
  assert.ok(!nodeSignatureCrypto.verify(hex("72"), signature, hex("00")));
});

test("a generated pair signs and verifies", () => {
  const pair = generateKeyPair();
  const signature = nodeSignatureCrypto.sign(hex("00"), pair.secretKey);
  assert.ok(nodeSignatureCrypto.verify(hex("00"), signature, pair.publicKey));
  assert.notDeepEqual(generateKeyPair().publicKey, pair.publicKey);
});

test("SHA-256 covers the concatenation of its parts", () => {
  assert.equal(sha256Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(sha256Hex(hex("61"), hex("6263")), sha256Hex(hex("616263")));
  for (const bytes of [0, 1, 63, 4096, 16_384, 16_385, 100_000]) {
    const data = Uint8Array.from({ length: bytes }, (_, index) => (index * 31) & 255);
    const expected = new Uint8Array(createHash("sha256").update(data).digest());
    for (const cut of [0, bytes >> 1, bytes]) {
      assert.deepEqual(nodeHasher.sha256(data.subarray(0, cut), data.subarray(cut)), expected);
    }
    assert.deepEqual(nodeHasher.sha256(data), expected);
  }
});
