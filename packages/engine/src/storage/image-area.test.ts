import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentHandle, ModuleDigest } from "@wasm-engine/abi";
import { imageAreaBytesKept, imagePartBytesMin } from "./limits.js";
import { ImageArea, readImages } from "./image-area.js";
import type { DraftImage } from "./snapshot-draft.js";

const pageBytes = 4096;

/** An image of which every byte depends on its number. */
function image(number: number, sizes: { readonly pages: number; readonly changed: number }): DraftImage {
  const filled = (bytes: number, salt: number): Uint8Array =>
    Uint8Array.from({ length: bytes }, (_, at) => (number * 31 + at * 7 + salt) & 255);
  const { pages, changed } = sizes;
  return {
    agent: (2 ** 40 + number) as AgentHandle, // brand: test data
    module: String(number % 3).repeat(64) as ModuleDigest, // brand: test data
    initialised: number % 2 === 0,
    memoryBytes: 65_536 * (1 + number),
    state: filled(number % 19, 1),
    pages: Array.from({ length: pages }, (_, at) => at * 2 + number),
    digests: filled(32 * pages, 2),
    changed: Array.from({ length: changed }, (_, at) => at),
    bytes: filled(changed * pageBytes, 3),
  };
}

function read(area: ImageArea): readonly DraftImage[] {
  return readImages(area.list).map((found) => {
    const { state, digests, bytes } = found;
    return { ...found, state: state.slice(), digests: digests.slice(), bytes: bytes.slice() };
  });
}

test("images are read as they were added, whatever their size, and memory is used again", () => {
  const area = new ImageArea();
  assert.deepEqual(readImages(area.list), []);
  const partPages = imagePartBytesMin / pageBytes;
  const before: DraftImage[] = [];
  for (let number = 0; number < 40; number += 1) {
    before.push(image(number, { pages: number, changed: number % 5 === 0 ? number : 0 }));
  }
  before.push(
    image(40, { pages: 2 * partPages, changed: 2 * partPages }),
    image(41, { pages: 1, changed: 1 }),
  );
  for (const added of before) area.add(added);
  assert.deepEqual(read(area), before);
  const buffers = new Set(area.list.parts.map(({ buffer }) => buffer));
  assert.ok(buffers.size > 1);
  area.clear();
  assert.deepEqual(readImages(area.list), []);
  const behind = [image(7, { pages: 3, changed: 2 }), image(5, { pages: partPages, changed: partPages })];
  for (const added of behind) area.add(added);
  assert.deepEqual(read(area), behind);
  assert.ok(area.list.parts.every(({ buffer }) => buffers.has(buffer)));
});

test("memory beyond a bound is not kept for the next snapshot", () => {
  const area = new ImageArea();
  const count = imageAreaBytesKept / pageBytes + 1;
  const large = {
    ...image(2, { pages: 0, changed: 0 }),
    pages: Array.from({ length: count }, (_, at) => at),
    changed: Array.from({ length: count }, (_, at) => at),
    digests: new Uint8Array(32 * count),
    bytes: new Uint8Array(count * pageBytes),
  };
  for (const added of [image(1, { pages: 1, changed: 1 }), large]) area.add(added);
  const [kept, dropped] = area.list.parts.map(({ buffer }) => buffer);
  area.clear();
  for (const added of [image(3, { pages: 1, changed: 1 }), large]) area.add(added);
  const [again, other] = area.list.parts.map(({ buffer }) => buffer);
  assert.equal(again, kept);
  assert.notEqual(other, dropped);
  assert.deepEqual(
    readImages(area.list).map(({ agent }) => agent),
    [image(3, { pages: 0, changed: 0 }).agent, large.agent],
  );
});
