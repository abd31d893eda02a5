import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Words, copyAligned } from "./aligned-copy.js";
import { Region } from "./region.js";

test("a copy moves exactly its bytes, short and long, aligned or not, within and across buffers", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 450 }),
      fc.integer({ min: 0, max: 15 }),
      fc.integer({ min: 0, max: 15 }),
      fc.boolean(),
      (bytes, sourceWord, targetWord, shared) => {
        const allocate = (size: number): ArrayBufferLike =>
          shared ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
        const [source, target] = [new Region(allocate, 512), new Region(allocate, 512)];
        source.bytes.set(Uint8Array.from({ length: 512 }, (_, index) => (index * 7 + 3) & 255));
        target.bytes.fill(0xee);
        const expected = target.bytes.slice();
        expected.set(source.bytes.slice(sourceWord * 4, sourceWord * 4 + bytes), targetWord * 4);
        copyAligned(source.words, sourceWord * 4, target.words, targetWord * 4, bytes);
        assert.deepEqual(target.bytes.slice(), expected);
      },
    ),
  );
});

test("bytes beyond 2 GiB are copied like others: a guest may have 4 GiB", () => {
  const far = 2 ** 31 + 64;
  // Pages that nobody touches cost nothing.
  const large = new Words(new Uint8Array(far + 128));
  const small = new Words(Uint8Array.from({ length: 64 }, (_, index) => index + 1));
  const back = new Words(new Uint8Array(64));
  assert.equal(large.longs.length, far / 8 + 16);
  copyAligned(small, 0, large, far, 20);
  assert.deepEqual(large.bytes.slice(far, far + 24), Uint8Array.of(...small.bytes.slice(0, 20), 0, 0, 0, 0));
  copyAligned(large, far, back, 8, 20);
  assert.deepEqual(back.bytes.slice(8, 28), small.bytes.slice(0, 20));
});

test("views of a region follow its growth", () => {
  const region = new Region((bytes) => new ArrayBuffer(bytes), 8);
  region.words.longs[0] = 7n << 32n;
  region.reserve(100);
  assert.deepEqual([region.capacity, region.words.longs.length, region.words.bytes[4]], [128, 16, 7]);
  assert.equal(region.view.getInt32(4, true), 7);
  assert.throws(() => new Region((bytes) => new ArrayBuffer(bytes), 12), /made of words/);
});
