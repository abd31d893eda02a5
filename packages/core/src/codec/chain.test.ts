import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding, encodeUtf8, type AgentHandle, type AgentId } from "@wasm-engine/abi";
import type { Genesis, Input, InputBody } from "../model.js";
import { nodeHasher } from "../testing/node-hasher.js";
import { sampleCommit, sampleGenesis, sampleInput, sampleModule, sampleSpec } from "../testing/sample.js";
import { genesisDigest, inputsDigest, nextChainHead } from "./chain.js";
import { decodeCommit, decodeStoredCommit, encodeCommit, encodeStoredCommit } from "./commit-codec.js";
import { decodeGenesis, encodeGenesis } from "./genesis-codec.js";
import { decodeInput, encodeInput, encodeWorldInput } from "./input-codec.js";

const agent = "ORD" as AgentId;
const payload = encodeUtf8("{}");
const bodies: readonly InputBody[] = [
  { kind: "message", to: agent, topic: "t", encoding: Encoding.JSON, payload, answerWanted: true },
  { kind: "publish", topic: "t", encoding: Encoding.TEXT, payload },
  {
    kind: "task",
    task: {
      taskId: "t1",
      agentId: agent,
      priority: 3,
      encoding: Encoding.CBOR,
      payload,
      dependsOn: ["t0"],
      onDependencyFailure: "skip",
      notBefore: 2 ** 40,
    },
  },
  { kind: "spawn", spec: sampleSpec("new") },
  { kind: "stop", agent },
  { kind: "terminate", agent },
  { kind: "pause", agent },
  { kind: "resume", agent },
  { kind: "upgrade", agent, module: sampleModule },
  { kind: "upgrade", agent, module: sampleModule, drainTicks: 600 },
  { kind: "join", agent, topic: "t" },
  { kind: "leave", agent, topic: "t" },
  { kind: "cut", agent },
  { kind: "cut-topic", topic: "t" },
  { kind: "model-swapped", model: "m", by: "m-2" },
  { kind: "provider-changed", model: "m", from: "cuda", to: "wasm", reason: "run-failed" },
  {
    kind: "result",
    agent: (2 ** 52) as AgentHandle,
    requestId: 7,
    source: "token",
    ok: true,
    last: false,
    encoding: Encoding.TENSOR,
    payload,
  },
];

test("[G1] every kind of input survives its canonical form", () => {
  bodies.forEach((body, index) => {
    const input: Input = { seq: index + 1, tick: index, body, key: "k", source: [1, index] };
    assert.deepEqual(decodeInput(encodeInput(input)), input);
    const bare: Input = { seq: index + 1, tick: index, body };
    assert.deepEqual(decodeInput(encodeInput(bare)), bare);
    assert.deepEqual(encodeWorldInput({ ...bare, source: [9, 9] }), encodeInput(bare));
  });
});

test("[G10] inputs of a wrong shape are refused in both directions, with the path", () => {
  const good = sampleInput(1, 0);
  const wrong: readonly [unknown, RegExp][] = [
    [{ ...good, seq: 0 }, /input\.seq/],
    [{ ...good, tick: 1.5 }, /input\.tick/],
    [{ ...good, source: [1] }, /input\.source/],
    [{ ...good, body: { kind: "nonsense" } }, /input\.body\.kind/],
    [{ ...good, body: { ...good.body, to: "no spaces" } }, /input\.body\.to/],
    [{ ...good, body: { ...good.body, encoding: 9 } }, /input\.body\.encoding/],
    [{ seq: 1, tick: 0 }, /input\.body/],
    [{ ...good, body: { kind: "spawn", spec: { ...sampleSpec("a"), args: { n: 1n } } } }, /spec\.args\.n/],
  ];
  for (const [value, path] of wrong) {
    assert.throws(() => encodeInput(value as Input), { code: "WE_CODEC_SHAPE", message: path });
  }
  const extra = { ...good, surprise: 1 };
  assert.deepEqual(decodeInput(encodeInput(extra)), good, "fields that the format lacks are not written");
});

test("[G1] the genesis survives its canonical form and is independent of property order", () => {
  const bytes = encodeGenesis(sampleGenesis);
  assert.deepEqual(decodeGenesis(bytes), sampleGenesis);
  const shuffled = Object.fromEntries(Object.entries(sampleGenesis).reverse()) as unknown as Genesis;
  assert.deepEqual(encodeGenesis(shuffled), bytes);
  const changed = genesisDigest(nodeHasher, { ...sampleGenesis, seed: 2002 });
  assert.notDeepEqual(changed, genesisDigest(nodeHasher, sampleGenesis));
});

test("[G1] commits survive both forms; the stored one counts ticks from the previous commit", () => {
  for (const tick of [0, 1, 4, 2 ** 40]) {
    const commit = sampleCommit(tick, tick === 1 ? new Uint8Array(32).fill(1) : undefined);
    assert.deepEqual(decodeCommit(encodeCommit(commit)), commit);
    assert.deepEqual(decodeStoredCommit(encodeStoredCommit(commit, tick - 1), tick - 1), commit);
  }
  const commit = sampleCommit(5);
  assert.throws(() => decodeStoredCommit(encodeStoredCommit(commit, 5), 5), { code: "WE_CODEC_SHAPE" });
});

test("[G1] the chain depends on every field of a commit and not on where inputs came from", () => {
  const head = genesisDigest(nodeHasher, sampleGenesis);
  const commit = sampleCommit(4, new Uint8Array(32).fill(1));
  const variants = [
    commit,
    { ...commit, tick: 8 },
    { ...commit, fuel: 0 },
    { ...commit, effectsDigest: new Uint8Array(32) },
    { ...commit, inputsDigest: new Uint8Array(32) },
    { tick: 4, fuel: commit.fuel, effectsDigest: commit.effectsDigest },
  ];
  const heads = variants.map((variant) =>
    Buffer.from(nextChainHead(nodeHasher, head, variant)).toString("hex"),
  );
  assert.equal(new Set(heads).size, variants.length);
  const inputs = [sampleInput(1, 0), sampleInput(2, 0)];
  const elsewhere = inputs.map((input): Input => ({ ...input, source: [5, 5] }));
  assert.deepEqual(inputsDigest(nodeHasher, inputs), inputsDigest(nodeHasher, elsewhere));
  assert.equal(inputsDigest(nodeHasher, []), undefined);
});
