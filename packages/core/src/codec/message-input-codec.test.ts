/** The short way to an input's bytes gives the bytes of the long one, or none. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoding } from "@wasm-engine/abi";
import type { AgentId } from "@wasm-engine/abi";
import fc from "fast-check";
import type { Input } from "../model.js";
import { encodeCanonical } from "./cbor.js";
import { decodeInput, inputShape } from "./input-codec.js";
import { encodeMessageInput } from "./message-input-codec.js";
import { frameInput, openInputFrame } from "./input-frame.js";
import { sealRecords } from "./record.js";
import { encodeShape } from "./shape.js";

const count = fc.oneof(
  fc.nat(300),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/).map((text) => text as AgentId); // the pattern of ids
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.string({ minLength: 20, maxLength: 300 }),
);

const inputs: fc.Arbitrary<Input> = fc
  .record({
    seq: count.map((value) => Math.max(1, value)),
    tick: count,
    body: fc.record({
      kind: fc.constant("message" as const),
      to: id,
      topic: text,
      encoding: fc.constantFrom(...Object.values(Encoding)),
      payload: fc.uint8Array({ maxLength: 5000 }),
      answerWanted: fc.boolean(),
    }),
    key: fc.option(text, { nil: undefined }),
    source: fc.option(fc.tuple(count, count), { nil: undefined }),
  })
  .map(({ key, source, body, ...input }) => ({
    ...input,
    body: { ...body },
    ...(key === undefined ? {} : { key }),
    ...(source === undefined ? {} : { source }),
  }));

test("messages have one encoding, whichever way it is made", () => {
  let short = 0;
  fc.assert(
    fc.property(inputs, (input) => {
      const bytes = encodeMessageInput(input);
      if (bytes === undefined) return;
      short += 1;
      assert.deepEqual(bytes, encodeCanonical(encodeShape(inputShape, "input", input)));
      assert.deepEqual(decodeInput(bytes), input);
    }),
    { numRuns: 1000 },
  );
  assert.ok(short > 100, `${short} of 1000 took the short way`);
});

test("what is out of the ordinary is left to the shapes", () => {
  const body = { kind: "message", to: "a" as AgentId, topic: "t", encoding: 0, answerWanted: false } as const; // an id
  const good: Input = { seq: 1, tick: 0, body: { ...body, payload: new Uint8Array(3) } };
  assert.ok(encodeMessageInput(good) !== undefined);
  const odd: readonly unknown[] = [
    { ...good, seq: 0 },
    { ...good, seq: 1.5 },
    { ...good, tick: -1 },
    { ...good, tick: -0 },
    { ...good, key: 7 },
    { ...good, key: "\u00e9" },
    { ...good, source: [1] },
    { ...good, source: [1, -1] },
    { ...good, body: { ...good.body, to: "no id" } },
    { ...good, body: { ...good.body, topic: "\ud800" } },
    { ...good, body: { ...good.body, topic: undefined } },
    { ...good, body: { ...good.body, encoding: 99 } },
    { ...good, body: { ...good.body, payload: [1] } },
    { ...good, body: { ...good.body, answerWanted: 1 } },
    { ...good, body: { kind: "stop", agent: "a" } },
  ];
  for (const input of odd) assert.equal(encodeMessageInput(input as Input), undefined, JSON.stringify(input));
});

/** Where records begin in a log: those behind them have safe positions, too. */
const begins = fc.integer({ min: 0, max: 2 ** 52 });

test("records that are framed in place and sealed later have the bytes of those that are made at once", () => {
  fc.assert(
    fc.property(fc.array(inputs, { maxLength: 6 }), fc.nat(40), begins, (many, offset, position) => {
      const into = new Uint8Array(40_000).fill(0xee);
      let end = offset;
      const expected: Uint8Array[] = [];
      for (const input of many) {
        const next = openInputFrame(input, into, end);
        if (next === undefined) continue;
        expected.push(frameInput(input, position + end - offset));
        end = next;
      }
      // Twice: a record that has its CRC keeps it.
      for (let times = 0; times < 2; times += 1) {
        sealRecords(into, { start: offset, end, position });
        assert.deepEqual(Buffer.from(into.subarray(offset, end)), Buffer.concat(expected));
      }
    }),
    { numRuns: 300 },
  );
});

test("a record is not begun where there is no room for all of it", () => {
  const body = { kind: "message", to: "a" as AgentId, topic: "t", encoding: 0, answerWanted: false } as const; // an id
  const input: Input = { seq: 1, tick: 0, body: { ...body, payload: new Uint8Array(300) } };
  const into = new Uint8Array(1000);
  assert.equal(openInputFrame(input, into, 600), undefined);
  assert.ok(into.every((byte) => byte === 0));
  assert.ok(openInputFrame(input, into, 0) !== undefined);
});
