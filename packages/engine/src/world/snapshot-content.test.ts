import assert from "node:assert/strict";
import { test } from "node:test";
import { newHostState } from "./host-state.js";
import type { Totals } from "./host-state.js";
import { decodeContent, encodeContent } from "./snapshot-content.js";

test("[G3] counters that a snapshot of an earlier release does not have begin at 0", () => {
  const host = newHostState(1, 1);
  host.totals.turns = 7;
  const older = Object.fromEntries(Object.entries(host.totals).filter(([name]) => name !== "toolCalls"));
  const written = { ...host, totals: older as unknown as Totals }; // as that release wrote it
  const nothing = new Uint8Array(0);
  const content = { world: nothing, stateHash: nothing, host: written, images: [] };
  assert.deepEqual(decodeContent(encodeContent(content)).host, host);
});
