import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentHandle, AgentId, ModuleDigest } from "@wasm-engine/abi";
import { encodeCanonical } from "@wasm-engine/core";
import type { AgentImage } from "@wasm-engine/executor";
import { newHostState } from "./host-state.js";
import type { Totals } from "./host-state.js";
import { decodeContent, encodeContent, encodeHead, encodeHost, joinContent } from "./snapshot-content.js";

test("[G3] counters that a snapshot of an earlier release does not have begin at 0", () => {
  const host = newHostState(1, 1);
  host.totals.turns = 7;
  const older = Object.fromEntries(Object.entries(host.totals).filter(([name]) => name !== "toolCalls"));
  const written = { ...host, totals: older as unknown as Totals }; // as that release wrote it
  const nothing = new Uint8Array(0);
  const content = { world: nothing, stateHash: nothing, host: written, images: [] };
  assert.deepEqual(decodeContent(encodeContent(content)).host, host);
});

test("what is noted of an agent is the same whether it was noted before or not", () => {
  const limits = {
    memoryBytes: 65_536,
    mailboxMessages: 9,
    messagesPerTurnMax: 5,
    fuelPerSlice: 1000,
    fuelPerTurnMax: 1000,
  };
  const other = { ...limits, fuelPerSlice: 2000 };
  const module = "ab".repeat(32) as ModuleDigest; // brand: test data
  const image = (agent: number, ledger: AgentImage["ledger"], own: typeof limits): AgentImage => {
    const seed = seeds[agent] ?? new Uint8Array(32);
    const id = `agent-${agent}` as AgentId; // brand: test data
    const handle = (2 ** 33 + agent) as AgentHandle; // brand: test data
    const head = { agent: handle, id, module, limits: own, streamSeed: seed };
    return { ...head, ledger, memory: new Uint8Array(0), state: new Uint8Array(0), initialised: true };
  };
  const seeds = [0, 1].map((agent) => new Uint8Array(32).fill(agent));
  const cases = [
    image(0, { requests: 0, messages: 0, spawns: 0, streams: [] }, limits),
    image(1, { requests: 1, messages: 2, spawns: 3, streams: [["one", 64]] }, limits),
    image(
      0,
      {
        requests: 70_000,
        messages: 2 ** 40,
        spawns: 24,
        streams: [
          ["one", 64],
          ["two", 8],
        ],
      },
      limits,
    ),
    image(0, { requests: 70_000, messages: 2 ** 41, spawns: 25, streams: [] }, other),
    image(1, { requests: 2, messages: 300, spawns: 3, streams: [["one", 128]] }, limits),
  ];
  for (const each of cases) {
    const { agent, id, streamSeed, ledger, limits: own } = each;
    const plain = { agent, id, streamSeed, ledger: { ...ledger }, limits: { ...own } };
    assert.deepEqual(encodeHead(each), encodeCanonical(plain as Parameters<typeof encodeCanonical>[0])); // plain data
  }
  const [first] = cases;
  assert.ok(first !== undefined);
  const host = encodeHost(newHostState(1, 1));
  const nothing = new Uint8Array(0);
  const world = joinContent({ world: nothing, stateHash: nothing, host }, [encodeHead(first)]);
  const { agent, memory, state, initialised } = first;
  const [read] = decodeContent({ world, images: [{ agent, module, memory, state, initialised }] }).images;
  assert.deepEqual(read, first);
});
