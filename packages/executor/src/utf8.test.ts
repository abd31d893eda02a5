import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8 } from "@wasm-engine/abi";
import fc from "fast-check";
import { cutAtCharacter, isUtf8 } from "./utf8.js";

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const repeat = `repeat with FUZZ_SEED=${seed} node --test packages/executor/dist/utf8.test.js`;

test("[G10] every lead byte with every second byte is judged as by the decoder", () => {
  for (let first = 0x7f; first < 256; first += 1) {
    for (let second = 0; second < 256; second += 1) {
      for (const tail of [[], [0x80], [0xbf, 0x80]]) {
        const bytes = Uint8Array.of(first, second, ...tail);
        assert.equal(isUtf8(bytes, 0, bytes.length), decodeUtf8(bytes) !== undefined, bytes.join(" "));
      }
    }
  }
});

test(`[G10] random bytes and texts are judged as by the decoder (${repeat})`, () => {
  const texts = fc.string({ unit: "binary" }).map((text) => new Uint8Array(Buffer.from(text)));
  const noise = fc.uint8Array({ maxLength: 12 });
  fc.assert(
    fc.property(fc.oneof(texts, noise), (bytes) => {
      assert.equal(isUtf8(bytes, 0, bytes.length), decodeUtf8(bytes) !== undefined);
    }),
    { seed, numRuns: 2000 },
  );
});

test(`cutting valid text leaves valid text and drops less than a character (${repeat})`, () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, bytesMax) => {
      const bytes = new Uint8Array(Buffer.from(text));
      const cut = cutAtCharacter(bytes, bytesMax);
      assert.ok(cut.length <= bytesMax);
      assert.ok(isUtf8(cut, 0, cut.length));
      assert.ok(cut.length === bytes.length || bytesMax - cut.length < 4);
    }),
    { seed, numRuns: 1000 },
  );
});
