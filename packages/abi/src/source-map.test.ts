/** Source maps: what is encoded is decoded, known texts mean what the format says, and anything else maps nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeMappings, encodeMappings, originOf, parseSourceMap } from "./source-map.js";
import type { MappedLines } from "./source-map.js";

const number = fc.integer({ min: 0, max: 1_000_000 });
const mapping = fc.record(
  { column: number, source: number, sourceLine: number, sourceColumn: number },
  { noNullPrototype: true },
);
const lines = fc.array(fc.array(mapping, { maxLength: 4 }), { minLength: 1, maxLength: 6 });

test("what is encoded is decoded", () => {
  fc.assert(
    fc.property(lines, (given) => {
      assert.deepEqual(decodeMappings(encodeMappings(given)), given);
    }),
  );
});

test("known texts", () => {
  const first = { column: 0, source: 0, sourceLine: 0, sourceColumn: 0 };
  const second = { column: 8, source: 0, sourceLine: 16, sourceColumn: 3 };
  assert.deepEqual(decodeMappings("AAAA,QAgBG;;A"), [[first, second], [], []]);
  assert.equal(encodeMappings([[first, second], [], []]), "AAAA,QAgBG;;");
});

test("[G10] any text maps something or nothing, and never fails", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const map = { sources: ["a.ts"], lines: decodeMappings(text) };
      originOf(map, 1, 1);
      parseSourceMap(text);
    }),
  );
  const map = { version: 3, sources: ["a.ts"], names: ["n"], mappings: "AAAA" };
  assert.deepEqual(parseSourceMap(JSON.stringify(map)), { ...map, file: "", names: [] });
  for (const bad of ["", "null", "7", `{"version":3}`, JSON.stringify({ ...map, sources: [7] })])
    assert.equal(parseSourceMap(bad), undefined, bad);
});

test("a place lies behind the last mapping before it, on its own line only", () => {
  const at = (column: number, sourceLine: number): MappedLines[number][number] => ({
    column,
    source: 0,
    sourceLine,
    sourceColumn: 2,
  });
  const map = { sources: ["a.ts"], lines: [[at(4, 10), at(8, 20)], []] };
  const lineAt = (line: number, column: number): number | undefined => originOf(map, line, column)?.line;
  assert.deepEqual([lineAt(1, 1), lineAt(1, 5), lineAt(1, 8), lineAt(1, 9)], [11, 11, 11, 21]);
  assert.deepEqual([lineAt(2, 1), lineAt(3, 1), lineAt(0, 1)], [undefined, undefined, undefined]);
  assert.equal(originOf({ ...map, sources: [] }, 1, 5), undefined);
});
