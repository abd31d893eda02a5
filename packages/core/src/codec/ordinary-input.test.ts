/** The short way from an input's bytes gives what the long one gives, or nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import fc from "fast-check";
import type { Input } from "../model.js";
import { decodeCanonical, encodeCanonical } from "./cbor.js";
import { inputsDigest, storedInputsDigest } from "./chain.js";
import { decodeInput, encodeInput, encodeWorldInput, inputShape } from "./input-codec.js";
import { readOrdinaryInput } from "./ordinary-input.js";
import { decodeShape, encodeShape } from "./shape.js";
import { nodeHasher } from "../testing/node-hasher.js";

const count = fc.oneof(
  fc.nat(300),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const text = fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: "grapheme", maxLength: 8 }));
const payload = fc.uint8Array({ maxLength: 300 });
const encoding = fc.constantFrom(...Object.values(Encoding));
const message = fc.record({
  kind: fc.constant("message" as const),
  to: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/).map((id) => id as AgentId), // the pattern of ids
  topic: text,
  encoding,
  payload,
  answerWanted: fc.boolean(),
});
const result = fc.record({
  kind: fc.constant("result" as const),
  agent: count.map((handle) => handle as AgentHandle), // any count is one
  requestId: fc.integer({ min: 1, max: 0x7fff_ffff }),
  source: fc.constantFrom("inference" as const, "token" as const, "tool" as const),
  ok: fc.boolean(),
  last: fc.boolean(),
  encoding,
  payload,
});
const inputs: fc.Arbitrary<Input> = fc
  .record({
    seq: count.map((value) => Math.max(1, value)),
    tick: count,
    body: fc.oneof(message, result).map((body) => ({ ...body })),
    key: fc.option(text, { nil: undefined }),
    source: fc.option(fc.tuple(count, count), { nil: undefined }),
  })
  .map(({ key, source, ...input }) => ({
    ...input,
    ...(key === undefined ? {} : { key }),
    ...(source === undefined ? {} : { source }),
  }));

/** The input that the long way gives; undefined where it refuses the bytes. */
function longWay(bytes: Uint8Array): Input | undefined {
  try {
    return decodeShape(inputShape, "input", decodeCanonical(bytes));
  } catch {
    return undefined;
  }
}

test("messages and results are read as CBOR and shapes read them, and mostly without", () => {
  let short = 0;
  fc.assert(
    fc.property(inputs, (input) => {
      const bytes = encodeCanonical(encodeShape(inputShape, "input", input));
      const read = readOrdinaryInput(Buffer.from(bytes));
      if (read === undefined) return;
      short += 1;
      assert.deepEqual(read, input);
      assert.equal(read.body.kind === "message" || read.body.kind === "result", true);
    }),
    { numRuns: 500 },
  );
  assert.ok(short > 200, `${short} of 500 took the short way`);
});

test("bytes with one of them changed, or cut off, are read alike both ways or left to the long one", () => {
  fc.assert(
    fc.property(inputs, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, place, change) => {
      const bytes = encodeInput(input).slice();
      const cut = bytes.subarray(0, place % bytes.length);
      assert.equal(readOrdinaryInput(cut), undefined);
      const index = place % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ change;
      const read = readOrdinaryInput(bytes);
      if (read !== undefined) assert.deepEqual(read, longWay(bytes));
    }),
    { numRuns: 2000 },
  );
});

test("what is not in its shortest form, out of order or beyond a limit is left to the long way", () => {
  const body = { kind: "result", ok: true, last: true, source: "tool", encoding: 0, requestId: 1 } as const;
  const good: Input = {
    seq: 1,
    tick: 7,
    body: { ...body, agent: 9 as AgentHandle, payload: Uint8Array.of(1, 2) }, // any count is one
  };
  const bytes = encodeInput(good);
  assert.deepEqual(readOrdinaryInput(bytes), good);
  const last = bytes.length - 1;
  assert.equal(bytes[last], 7);
  const longer = Uint8Array.of(...bytes.subarray(0, last), 0x18, 7);
  assert.equal(readOrdinaryInput(longer), undefined);
  assert.equal(readOrdinaryInput(Uint8Array.of(...bytes, 0)), undefined);
  const wide = { seq: 1, tick: 2n ** 60n, body: { ...body, agent: 9, payload: Uint8Array.of(1, 2) } };
  assert.equal(readOrdinaryInput(encodeCanonical(wide)), undefined);
  assert.equal(readOrdinaryInput(encodeCanonical({})), undefined);
});

test("the digest of inputs of a log is that of the inputs, and a payload is no part of the file", () => {
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 6 }), (list) => {
      const file = Buffer.concat(list.map((input) => encodeInput(input)));
      let offset = 0;
      const stored = list.map((input) => {
        const bytes = file.subarray(offset, (offset += encodeInput(input).length));
        return { input: decodeInput(bytes), bytes };
      });
      const before = Buffer.from(file);
      assert.deepEqual(storedInputsDigest(nodeHasher, stored), inputsDigest(nodeHasher, list));
      assert.deepEqual(Buffer.from(file), before, "a file is only read");
      file.fill(0);
      for (const [index, { input }] of stored.entries()) {
        assert.deepEqual(input, list[index]);
        assert.deepEqual(encodeWorldInput(input), encodeWorldInput(list[index] ?? input));
      }
    }),
    { numRuns: 200 },
  );
});
