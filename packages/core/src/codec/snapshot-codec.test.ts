import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentHandle } from "@wasm-engine/abi";
import { concatBytes } from "../testing/bytes.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { sampleModule } from "../testing/sample.js";
import { decodeSnapshot, encodeSnapshot, type Snapshot } from "./snapshot-codec.js";

function sampleSnapshot(): Snapshot {
  const memory = new Uint8Array(3 * 65_536);
  memory[5] = 1;
  memory.fill(7, 40_000, 50_000);
  memory[memory.length - 1] = 9;
  const short = new Uint8Array(5000).fill(1, 4096);
  const image = { module: sampleModule, state: new Uint8Array([1, 2, 3]), initialised: true };
  return {
    genesisDigest: new Uint8Array(32).fill(1),
    tick: 17,
    chainHead: new Uint8Array(32).fill(2),
    inputSeq: 4,
    logRecords: 30,
    positions: [{ name: "out/scores.jsonl", position: 123 }],
    world: new Uint8Array([9, 8, 7]),
    images: [
      { ...image, agent: 3 as AgentHandle, memory },
      { ...image, agent: (2 ** 52) as AgentHandle, memory: new Uint8Array(65_536), initialised: false },
      { ...image, agent: 4 as AgentHandle, memory: short },
    ],
  };
}

test("[G3] a snapshot reads back and pages of zeros are not stored", () => {
  const snapshot = sampleSnapshot();
  const container = concatBytes(...encodeSnapshot(nodeHasher, snapshot));
  assert.deepEqual(decodeSnapshot(nodeHasher, container), snapshot);
  assert.ok(container.length < 30_000, `${container.length} bytes`);
  const before = { ...snapshot, tick: -1, images: [] };
  assert.equal(decodeSnapshot(nodeHasher, concatBytes(...encodeSnapshot(nodeHasher, before))).tick, -1);
});

test("[G10] every flipped byte and every truncation of a snapshot is found", () => {
  const snapshot = { ...sampleSnapshot(), images: [] };
  const container = concatBytes(...encodeSnapshot(nodeHasher, snapshot));
  for (let offset = 0; offset < container.length; offset += 1) {
    const flipped = container.slice();
    flipped[offset] = (flipped[offset] ?? 0) ^ 0x20;
    assert.throws(() => decodeSnapshot(nodeHasher, flipped), { code: "WE_SNAPSHOT_DAMAGED" });
    assert.throws(() => decodeSnapshot(nodeHasher, container.subarray(0, offset)), {
      code: "WE_SNAPSHOT_DAMAGED",
    });
  }
});
