import assert from "node:assert/strict";
import { test } from "node:test";
import { chacha20Block, chacha20Key } from "./chacha20.js";

/** RFC 8439: block function and key streams of section 2.3.2 and appendix A.1. */
const VECTORS = [
  {
    name: "2.3.2",
    key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    counter: 1,
    nonce: [0x09000000, 0x4a000000, 0] as const,
    block:
      "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e" +
      "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
  },
  {
    name: "A.1 #1",
    key: "00".repeat(32),
    counter: 0,
    nonce: [0, 0, 0] as const,
    block:
      "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7" +
      "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
  },
  {
    name: "A.1 #2",
    key: "00".repeat(32),
    counter: 1,
    nonce: [0, 0, 0] as const,
    block:
      "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed" +
      "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
  },
  {
    name: "A.1 #3",
    key: `${"00".repeat(31)}01`,
    counter: 1,
    nonce: [0, 0, 0] as const,
    block:
      "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a" +
      "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
  },
  {
    name: "A.1 #4",
    key: `00ff${"00".repeat(30)}`,
    counter: 2,
    nonce: [0, 0, 0] as const,
    block:
      "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca" +
      "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
  },
  {
    name: "A.1 #5",
    key: "00".repeat(32),
    counter: 0,
    nonce: [0, 0, 0x02000000] as const,
    block:
      "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7" +
      "8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d",
  },
];

for (const vector of VECTORS) {
  test(`[G1] the ChaCha20 block function gives the block of RFC 8439 ${vector.name}`, () => {
    const out = new Uint8Array(64);
    chacha20Block(chacha20Key(Buffer.from(vector.key, "hex")), vector.counter, out, vector.nonce);
    assert.equal(Buffer.from(out).toString("hex"), vector.block);
  });
}

test("the 64-bit counter carries into word 13", () => {
  const key = chacha20Key(new Uint8Array(32));
  const carried = new Uint8Array(64);
  const explicit = new Uint8Array(64);
  chacha20Block(key, 2 ** 32 + 5, carried);
  chacha20Block(key, 5, explicit, [1, 0, 0]);
  assert.deepEqual(carried, explicit);
});
