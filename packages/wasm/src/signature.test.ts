/** Signatures: the known-answer vector, every pitfall of the format, keys. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { concatBytes, encodeCustomSection } from "./custom-section.js";
import { digestOf } from "./module-digest.js";
import { decodeSignatures, encodeSignatures, signatureRecord } from "./signature-format.js";
import {
  decodePublicKey,
  decodeSecretKey,
  encodePublicKey,
  encodeSecretKey,
  keyIdOf,
  publicKeyOf,
} from "./signature-key.js";
import {
  appendDelimiter,
  attachSignature,
  detachSignature,
  readSignatures,
  sign,
  verifyDetached,
  verify,
} from "./signature.js";
import { HEADER, custom, moduleOf, section } from "./testing/module-bytes.js";
import { nodeCrypto, secretKeyOfSeed } from "./testing/node-crypto.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));
const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes);

/** Known-answer vector: seed 00 to 1f, a module with one custom section. */
const secretKey = secretKeyOfSeed(Uint8Array.from({ length: 32 }, (_, index) => index));
const publicKey = publicKeyOf(secretKey);
const otherSecretKey = secretKeyOfSeed(new Uint8Array(32).fill(7));
const otherPublicKey = publicKeyOf(otherSecretKey);
const unsigned = bytesOf("0061736d01000000 000301742a");
const hash = "0c622c19d7f6915b0af3954bfd46bd378a610b0df0517293e006c5e8ff9bc22d";
const signature =
  "ca84e6c5b3e1bc47c4249f2783e91056de3e045fa45facc6adc150ae1075951913" +
  "88cd81e754c4aa961100a5a332bd0165afcbb5b134fae4a4634bab3df8950b";

function fails(code: string, action: () => unknown, reason?: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(EngineError.is(error), String(error));
    assert.equal(error.code, code, error.message);
    if (reason !== undefined) assert.match(error.message, reason);
    return true;
  });
}

test("known answer: keys and key ids", () => {
  assert.equal(hex(publicKey), "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
  assert.equal(hex(keyIdOf(publicKey, sha256)), "a87b10d4934d3a04633a3faf");
  assert.equal(hex(encodePublicKey(publicKey)), `01${hex(publicKey)}`);
  assert.equal(hex(encodeSecretKey(secretKey)), `81${hex(secretKey)}`);
  assert.deepEqual(decodePublicKey(encodePublicKey(publicKey)), publicKey);
  assert.deepEqual(decodeSecretKey(encodeSecretKey(secretKey)), secretKey);
});

test("known answer: signed modules with and without key id", () => {
  const bare = sign(unsigned, secretKey, nodeCrypto, { keyId: "none" });
  const payload = `01010101 66 01${hash} 01 43 00 01 40${signature}`.replace(/\s/g, "");
  const framed = `0061736d01000000 00 75 09 ${hex(Buffer.from("signature"))} ${payload} 000301742a`;
  assert.equal(hex(bare), framed.replace(/\s/g, ""));
  const named = sign(unsigned, secretKey, nodeCrypto);
  const withId = `01010101 72 01${hash} 01 4f 0c a87b10d4934d3a04633a3faf 01 40${signature}`.replace(
    /\s/g,
    "",
  );
  assert.equal(withId.length / 2, 119);
  assert.equal(
    hex(named),
    `0061736d01000000 00 8101 09 ${hex(Buffer.from("signature"))} ${withId} 000301742a`.replace(/\s/g, ""),
  );
  for (const module of [bare, named]) {
    assert.deepEqual(verify(module, [publicKey], nodeCrypto).publicKeys, [publicKey]);
    assert.equal(digestOf(module, sha256), digestOf(unsigned, sha256));
  }
  assert.equal(digestOf(unsigned, sha256), hex(sha256(unsigned)));
});

test("[G10] an unsigned module is refused with its own code", () => {
  fails("WE_SIGNATURE_MISSING", () => verify(unsigned, [publicKey], nodeCrypto));
  const empty = moduleOf(custom("signature", 1, 1, 1, 0), custom("t", 42));
  fails("WE_SIGNATURE_MISSING", () => verify(empty, [publicKey], nodeCrypto));
  fails("WE_MODULE_HEADER", () => verify(Uint8Array.of(1, 2, 3), [publicKey], nodeCrypto));
});

test("[G6] a module cut off at a delimiter is refused although its part was signed", () => {
  const first = appendDelimiter(unsigned, new Uint8Array(16).fill(1));
  const whole = concatBytes([first, custom("u", 43)]);
  const signed = sign(whole, secretKey, nodeCrypto);
  assert.equal(readSignatures(signed)[0]?.hashes.length, 2);
  assert.equal(verify(signed, [publicKey], nodeCrypto).publicKeys.length, 1);
  const cut = signed.slice(0, signed.length - custom("u", 43).length);
  fails("WE_SIGNATURE_INVALID", () => verify(cut, [publicKey], nodeCrypto), /cut off after part 1 of 2/);
  const longer = concatBytes([signed, custom("v", 44)]);
  fails("WE_SIGNATURE_INVALID", () => verify(longer, [publicKey], nodeCrypto), /another hash/);
  const extended = concatBytes([appendDelimiter(signed, new Uint8Array(16)), custom("v", 44)]);
  fails("WE_SIGNATURE_INVALID", () => verify(extended, [publicKey], nodeCrypto));
});

test("a signature over the first part only does not vouch for the whole", () => {
  const first = sign(appendDelimiter(unsigned, new Uint8Array(16)), secretKey, nodeCrypto);
  assert.equal(verify(first, [publicKey], nodeCrypto).publicKeys.length, 1);
  const longer = concatBytes([first, custom("u", 43)]);
  fails("WE_SIGNATURE_INVALID", () => verify(longer, [publicKey], nodeCrypto), /only 1 of its 2 parts/);
  const both = sign(longer, otherSecretKey, nodeCrypto);
  assert.equal(readSignatures(both).length, 2);
  assert.deepEqual(verify(both, [otherPublicKey], nodeCrypto).publicKeys, [otherPublicKey]);
  fails("WE_SIGNATURE_UNTRUSTED", () => verify(both, [publicKey], nodeCrypto));
});

test("several signers share a list; signing twice is an error", () => {
  const once = sign(unsigned, secretKey, nodeCrypto);
  const twice = sign(once, otherSecretKey, nodeCrypto);
  const [list, ...rest] = readSignatures(twice);
  assert.equal(rest.length, 0);
  assert.equal(list?.signatures.length, 2);
  const { publicKeys, keyIds } = verify(twice, [otherPublicKey, publicKey], nodeCrypto);
  assert.deepEqual(publicKeys, [otherPublicKey, publicKey]);
  assert.equal(keyIds[1], "a87b10d4934d3a04633a3faf");
  fails("WE_SIGNATURE_DUPLICATE", () => sign(twice, secretKey, nodeCrypto));
});

test("a trusted key that is listed twice is one signer", () => {
  const signed = sign(unsigned, secretKey, nodeCrypto);
  assert.equal(verify(signed, [publicKey, publicKey.slice()], nodeCrypto).publicKeys.length, 1);
});

test("untrusted and forged signatures", () => {
  const signed = sign(unsigned, secretKey, nodeCrypto);
  fails("WE_SIGNATURE_UNTRUSTED", () => verify(signed, [otherPublicKey], nodeCrypto), /key a87b10d4934d3a0/);
  fails("WE_SIGNATURE_UNTRUSTED", () => verify(signed, [], nodeCrypto));
  const forged = attachSignature(
    unsigned,
    encodeSignatures([
      {
        hashes: [sha256(unsigned.slice(8))],
        signatures: [signatureRecord(keyIdOf(publicKey, sha256), new Uint8Array(64).fill(9))],
      },
    ]),
  );
  fails("WE_SIGNATURE_INVALID", () => verify(forged, [publicKey], nodeCrypto), /a87b10d4934d3a04633a3faf/);
  const alsoSigned = sign(forged, otherSecretKey, nodeCrypto);
  fails("WE_SIGNATURE_INVALID", () => verify(alsoSigned, [otherPublicKey, publicKey], nodeCrypto), /wrong/);
  assert.equal(
    verify(alsoSigned, [otherPublicKey], nodeCrypto).publicKeys.length,
    1,
    "nobody trusts that key",
  );
});

test("a signature under the name of another key is refused, with or without that key", () => {
  const [list] = readSignatures(sign(unsigned, secretKey, nodeCrypto, { keyId: "none" }));
  const made = list?.signatures[0]?.signature;
  assert.ok(list !== undefined && made !== undefined);
  const renamed = attachSignature(
    unsigned,
    encodeSignatures([
      { hashes: list.hashes, signatures: [signatureRecord(keyIdOf(otherPublicKey, sha256), made)] },
    ]),
  );
  fails("WE_SIGNATURE_INVALID", () => verify(renamed, [publicKey], nodeCrypto), /a87b\w+ names the key/);
  fails("WE_SIGNATURE_INVALID", () => verify(renamed, [publicKey, otherPublicKey], nodeCrypto), /is wrong/);
});

test("detached signatures", () => {
  const signed = sign(unsigned, secretKey, nodeCrypto);
  const { module, signature: file } = detachSignature(signed);
  assert.deepEqual(module, unsigned);
  assert.deepEqual(attachSignature(module, file), signed);
  const verified = verifyDetached({ bytes: module, signature: file }, [publicKey], nodeCrypto);
  assert.equal(verified.publicKeys.length, 1);
  fails("WE_SIGNATURE_MALFORMED", () =>
    verifyDetached({ bytes: signed, signature: file }, [publicKey], nodeCrypto),
  );
  fails("WE_SIGNATURE_MALFORMED", () => attachSignature(signed, file));
  fails("WE_SIGNATURE_MISSING", () => detachSignature(unsigned));
});

test("a signature section that is misplaced, doubled or padded is refused", () => {
  const signed = sign(unsigned, secretKey, nodeCrypto);
  const { signature: file } = detachSignature(signed);
  const embedded = encodeCustomSection("signature", file);
  const verifying = (bytes: Uint8Array) => () => verify(bytes, [publicKey], nodeCrypto);
  fails("WE_SIGNATURE_MALFORMED", verifying(concatBytes([unsigned, embedded])), /not the first section/);
  fails("WE_SIGNATURE_MALFORMED", verifying(concatBytes([signed, embedded])), /second signature section/);
  const padded = concatBytes([HEADER, bytesOf("00 818100"), embedded.slice(3), unsigned.slice(8)]);
  fails("WE_SIGNATURE_MALFORMED", verifying(padded), /shortest form/);
});

/** Payload bytes and what is wrong with them. */
const badPayloads: readonly (readonly [string, string, RegExp])[] = [
  ["020101 00", "WE_SIGNATURE_MALFORMED", /unknown version 2/],
  ["010201 00", "WE_SIGNATURE_MALFORMED", /unknown content type 2/],
  ["010102 00", "WE_SIGNATURE_MALFORMED", /unknown hash function 2/],
  ["010101", "WE_SIGNATURE_MALFORMED", /unexpected end/],
  ["010101 00 00", "WE_SIGNATURE_MALFORMED", /left over/],
  ["010101 8000", "WE_SIGNATURE_MALFORMED", /shortest form/],
  ["010101 ffffffff7f", "WE_SIGNATURE_MALFORMED", /too large/],
  ["010101 41", "WE_SIGNATURE_LIMIT", /signed hash lists is 65/],
  ["010101 01 02 00 00", "WE_SIGNATURE_MALFORMED", /without hashes/],
  ["010101 01 01 41", "WE_SIGNATURE_LIMIT", /hashes is 65/],
  ["010101 01 ff01 00", "WE_SIGNATURE_MALFORMED", /unexpected end/],
  [`010101 01 23 01${hash} 8102`, "WE_SIGNATURE_LIMIT", /signatures is 257/],
  [`010101 01 23 01${hash} 00 00`, "WE_SIGNATURE_MALFORMED", /left over/],
  [`010101 01 25 01${hash} 01 02 00 01`, "WE_SIGNATURE_MALFORMED", /unexpected end/],
  [`010101 01 26 01${hash} 01 03 00 01 00`, "WE_SIGNATURE_MALFORMED", /signature of 0 bytes/],
  [`010101 01 26 01${hash} 01 03 8002 01`, "WE_SIGNATURE_LIMIT", /key id bytes is 256/],
  [`010101 02 22 01${hash} 00 22 01${hash} 00`, "WE_SIGNATURE_MALFORMED", /two lists/],
  [`010101 01 2a 01${hash} 02 03 00 07 aa 03 00 07 aa`, "WE_SIGNATURE_MALFORMED", /the same signature twice/],
];

for (const [payload, code, reason] of badPayloads) {
  test(`payload is refused: ${reason.source}`, () => {
    fails(code, () => decodeSignatures(bytesOf(payload)), reason);
  });
}

test("signatures of unknown algorithms are skipped and kept", () => {
  const payload = bytesOf(`010101 01 28 01${hash} 01 05 00 07 aabbcc`);
  const [list] = decodeSignatures(payload);
  assert.equal(list?.signatures[0]?.signature, undefined);
  const module = attachSignature(unsigned, payload);
  fails("WE_SIGNATURE_UNTRUSTED", () => verify(module, [publicKey], nodeCrypto));
  const signed = sign(module, secretKey, nodeCrypto);
  assert.equal(verify(signed, [publicKey], nodeCrypto).publicKeys.length, 1);
  assert.equal(hex(readSignatures(signed)[0]?.signatures[0]?.raw ?? HEADER), "0007aabbcc");
});

test("limits hold before anything is allocated", () => {
  fails("WE_SIGNATURE_LIMIT", () => decodeSignatures(new Uint8Array(64 * 1024 + 1)), /payload bytes/);
  const large = moduleOf(encodeCustomSection("signature", new Uint8Array(70_000)));
  fails("WE_SIGNATURE_LIMIT", () => verify(large, [publicKey], nodeCrypto), /payload bytes/);
  const parts = Array.from({ length: 65 }, () => custom("signature_delimiter"));
  fails("WE_SIGNATURE_LIMIT", () => sign(moduleOf(...parts), secretKey, nodeCrypto), /parts is 65/);
});

test("unusable keys are refused", () => {
  const smallOrder = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  for (const key of smallOrder) fails("WE_SIGNATURE_KEY", () => encodePublicKey(bytesOf(key)), /small order/);
  const notCanonical = bytesOf(`ed${"ff".repeat(30)}7f`);
  fails("WE_SIGNATURE_KEY", () => encodePublicKey(notCanonical), /canonical/);
  fails("WE_SIGNATURE_KEY", () => verify(sign(unsigned, secretKey, nodeCrypto), [notCanonical], nodeCrypto));
  fails("WE_SIGNATURE_KEY", () => decodePublicKey(encodeSecretKey(secretKey)), /secret key/);
  fails("WE_SIGNATURE_KEY", () => decodeSecretKey(encodePublicKey(publicKey)), /public key/);
  fails("WE_SIGNATURE_KEY", () => decodePublicKey(publicKey), /33 bytes/);
  fails("WE_SIGNATURE_KEY", () => decodeSecretKey(secretKey), /65 bytes/);
  const mixed = concatBytes([secretKey.slice(0, 32), otherPublicKey]);
  fails("WE_SIGNATURE_KEY", () => sign(unsigned, mixed, nodeCrypto), /belong together/);
  fails("WE_SIGNATURE_KEY", () => sign(unsigned, new Uint8Array(3), nodeCrypto), /64 bytes/);
});

test("signing leaves every byte of the module as it was, padded sizes included", () => {
  const padded = concatBytes([HEADER, bytesOf("00 8480808000 0174 2a2a"), section(1, 0)]);
  const signed = sign(padded, secretKey, nodeCrypto);
  assert.deepEqual(detachSignature(signed).module, padded);
  assert.equal(verify(signed, [publicKey], nodeCrypto).publicKeys.length, 1);
});
