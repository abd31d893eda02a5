import assert from "node:assert/strict";
import { test } from "node:test";
import { samePage } from "./same-page.js";

const pageBytes = 4096;

test("a page is the same where every byte is, wherever it lies in memory", () => {
  const memory = Uint8Array.from({ length: 3 * pageBytes }, (_, index) => (index * 7) & 0xff);
  const page = memory.slice(pageBytes, 2 * pageBytes);
  assert.equal(samePage(memory, pageBytes, page), true);
  assert.equal(samePage(memory.fill(1, 0, pageBytes), pageBytes, page), true);
  for (const at of [0, 1, 2047, 4095]) {
    page[at] = (page[at] ?? 0) ^ 0x80;
    assert.equal(samePage(memory, pageBytes, page), false, `byte ${at}`);
    page[at] = (page[at] ?? 0) ^ 0x80;
  }
});
