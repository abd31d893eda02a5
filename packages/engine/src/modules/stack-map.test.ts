/** Stack traces in places of sources: known scripts alone, several modules, damaged maps. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SOURCE_MAP_SECTION, encodeMappings, encodeUtf8 } from "@wasm-engine/abi";
import { sourceMapBytesMax } from "./limits.js";
import { StackMap } from "./stack-map.js";

const mapOf = (file: string, source: string, sourceLine: number): string =>
  JSON.stringify({
    version: 3,
    file,
    sources: [source],
    names: [],
    mappings: encodeMappings([[], [{ column: 0, source: 0, sourceLine, sourceColumn: 0 }]]),
  });

/** A module of one custom section. */
function moduleWith(payload: string): Uint8Array {
  const content = [...encodeUtf8(SOURCE_MAP_SECTION), ...encodeUtf8(payload)];
  const length = content.length + 1;
  const size = [length & 127, (length >> 7) & 127, (length >> 14) & 127, length >> 21].map((low, index) =>
    index < 3 ? low | 128 : low,
  );
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    0,
    ...size,
    SOURCE_MAP_SECTION.length,
    ...content,
  ]);
}

test("places of known scripts become places of their sources, everything else stays", () => {
  let asked = 0;
  const stacks = new StackMap(() => {
    asked += 1;
    return [
      moduleWith(mapOf("bundle-00000001.js", "one.ts", 6)),
      moduleWith(mapOf("bundle-00000002.js", "lib/two.ts", 40)),
      moduleWith("{"),
      moduleWith(mapOf("bundle-00000004.js", "x".repeat(sourceMapBytesMax), 1)),
      new Uint8Array(5),
    ];
  });
  assert.equal(stacks.map("at f (agent.js:2:3)"), "at f (agent.js:2:3)");
  assert.equal(asked, 0, "modules are read when there is something to map");
  const trace = "RangeError: no\n  at f (bundle-00000001.js:2:14)\n  at bundle-00000002.js:2\n";
  assert.equal(stacks.map(trace), "RangeError: no\n  at f (one.ts:7)\n  at lib/two.ts:41\n");
  for (const unknown of [
    "bundle-00000003.js:2:1",
    "bundle-00000001.js:99:1",
    "bundle-00000004.js:2:1",
    "bundle-00000001.js",
    "bundle-1.js:2:1",
  ])
    assert.equal(stacks.map(unknown), unknown);
  assert.equal(asked, 1);
});
