import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteRing } from "./byte-ring.js";

const place = { head: 0, tail: 1, offset: 64, size: 256 };

function ends(): { readonly writer: ByteRing; readonly reader: ByteRing; readonly words: Int32Array } {
  const buffer = new SharedArrayBuffer(64 + 256);
  return {
    writer: new ByteRing(buffer, place),
    reader: new ByteRing(buffer, place),
    words: new Int32Array(buffer, 0, 16),
  };
}

/** In both ways: at once, and in a place that is filled first. */
function write(ring: ByteRing, operation: number, bytes: readonly number[]): boolean {
  if (operation % 2 === 0) return ring.offer(operation, Uint8Array.from(bytes));
  const target = ring.reserve(operation, bytes.length);
  if (target === undefined) return false;
  target.set(bytes);
  ring.publish();
  return true;
}

function read(ring: ByteRing): readonly number[] | undefined {
  const frame = ring.peek();
  if (frame === undefined) return undefined;
  const bytes = [frame.operation, ...frame.payload];
  ring.release(frame);
  return bytes;
}

test("frames come out as they went in, over many turns of the ring and the wrap of its counters", () => {
  const { writer, reader, words } = ends();
  // Both counters stand shortly before 2^32.
  words.fill(-512, 0, 2);
  const waiting: number[][] = [];
  let written = 0;
  let count = 0;
  while (count < 3000) {
    const bytes = Array.from({ length: (written * 7) % 61 }, (_, index) => (written + index) % 256);
    if (write(writer, 1 + (written % 3), bytes)) {
      waiting.push([1 + (written % 3), ...bytes]);
      written += 1;
    } else {
      for (let taken = 0; taken <= written % 3; taken += 1) {
        const expected = waiting.shift();
        assert.deepEqual(read(reader), expected);
        if (expected !== undefined) count += 1;
      }
    }
  }
});

test("what is reserved and not published is not seen; a full ring gives no room until something is released", () => {
  const { writer, reader } = ends();
  assert.notEqual(writer.reserve(1, 8), undefined);
  assert.equal(reader.peek(), undefined);
  writer.publish();
  let frames = 1;
  while (write(writer, 2, [1, 2, 3])) frames += 1;
  assert.equal(frames, 256 / 16);
  assert.equal(writer.reserve(2, 3), undefined);
  assert.deepEqual(read(reader)?.slice(0, 1), [1]);
  assert.equal(write(writer, 3, []), true);
});

test("a frame of half the ring fits wherever the ring stands", () => {
  for (let skipped = 0; skipped < 31; skipped += 1) {
    const { writer, reader } = ends();
    for (let frame = 0; frame < skipped; frame += 1) {
      write(writer, 1, []);
      read(reader);
    }
    const bytes = Array.from({ length: 120 }, (_, index) => index);
    assert.equal(write(writer, 9, bytes), true, `after ${skipped} frames`);
    assert.deepEqual(read(reader), [9, ...bytes]);
  }
});
