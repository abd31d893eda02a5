/** Whatever is written into a region is read from it, from one byte of room on and in shared memory too. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MailRegion } from "./mail-region.js";
import {
  OUTCOME_HASHED_OFFSET,
  OUTCOME_HEAD_BYTES,
  OutcomeReader,
  OutcomeRegion,
  type TurnFigures,
} from "./outcome-region.js";
import { EntryCode, TurnReader, TurnRegion } from "./turn-region.js";
import type { AllocateBytes } from "./region.js";

const handleGenerator = fc.integer({ min: 1, max: 2 ** 53 - 1 });
const u32Generator = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const countGenerator = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const bytesGenerator = fc.uint8Array({ minLength: 1, maxLength: 200 });

function allocator(shared: boolean): AllocateBytes {
  return (bytes) => (shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

const invocationGenerator = fc.oneof(
  fc.record({
    kind: fc.constant("bare" as const),
    entry: fc.constantFrom(EntryCode.INIT, EntryCode.SHUTDOWN),
  }),
  fc.record({ kind: fc.constant("inline" as const), message: bytesGenerator }),
  fc.record({ kind: fc.constant("mail" as const), message: bytesGenerator }),
);
const turnGenerator = fc.record({
  agent: handleGenerator,
  invocations: fc.array(invocationGenerator, { maxLength: 8 }),
});

test("turns, their invocations and their messages come back in order, twice from one region", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(turnGenerator, { maxLength: 8 }), { maxLength: 3 }),
      fc.boolean(),
      (ticks, shared) => {
        const turns = new TurnRegion(allocator(shared), 24);
        const mail = new MailRegion(allocator(shared), 1 << 16, 1 << 16);
        const reader = new TurnReader();
        ticks.forEach((tickTurns, tick) => {
          mail.begin();
          turns.begin(tick, -7n);
          tickTurns.forEach(({ agent, invocations }, planIndex) => {
            turns.beginTurn(agent, planIndex);
            for (const invocation of invocations) {
              if (invocation.kind === "bare") turns.invoke(invocation.entry);
              else if (invocation.kind === "inline")
                turns.invokeWithMessage(EntryCode.STEP, invocation.message);
              else {
                const place = mail.claim(invocation.message.length);
                mail.region.bytes.set(invocation.message, place);
                turns.invokeWithMail(EntryCode.RECEIVE, place, invocation.message.length);
              }
            }
          });
          reader.open(turns.region);
          assert.deepEqual([reader.tick, reader.timeNanos, reader.turnCount], [tick, -7n, tickTurns.length]);
          tickTurns.forEach(({ agent, invocations }, planIndex) => {
            assert.ok(reader.nextTurn());
            assert.deepEqual(
              [reader.agent, reader.planIndex, reader.invocationCount],
              [agent, planIndex, invocations.length],
            );
            for (const invocation of invocations) {
              reader.nextInvocation(mail.region.bytes);
              const { messageStart: start, messageBytes } = reader;
              const message = Array.from(reader.messageSource.slice(start, start + messageBytes));
              assert.deepEqual(message, invocation.kind === "bare" ? [] : Array.from(invocation.message));
              assert.equal(start % 8, 0);
            }
          });
          assert.ok(!reader.nextTurn());
        });
      },
    ),
  );
});

const outcomeGenerator = fc.record({
  agent: handleGenerator,
  figures: fc.record({
    completed: u32Generator,
    fuel: countGenerator,
    faultCode: u32Generator,
    guestCode: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    requests: countGenerator,
    messages: countGenerator,
    spawns: countGenerator,
  }),
  effects: fc.uint8Array({ maxLength: 12 }).map((bytes) => Uint8Array.from(bytes, (_, index) => index * 31)),
  streams: fc.option(bytesGenerator, { nil: undefined }),
});

function figuresOf(reader: OutcomeReader): TurnFigures {
  const { completed, fuel, faultCode, guestCode, requests, messages, spawns } = reader;
  return { completed, fuel, faultCode, guestCode, requests, messages, spawns };
}

test("outcomes come back in the order of the plan, whatever places of the plan a region has", () => {
  fc.assert(
    fc.property(fc.array(outcomeGenerator, { maxLength: 10 }), fc.boolean(), (outcomes, shared) => {
      const region = new OutcomeRegion(allocator(shared), 8);
      const reader = new OutcomeReader(region.region);
      for (const round of [0, 1]) {
        region.begin();
        reader.begin();
        outcomes.forEach(({ agent, figures, effects, streams }, index) => {
          const start = region.beginTurn(agent, index * 3 + round);
          const effectBytes = effects.length * 8;
          region.region.reserve(start + effectBytes);
          region.region.bytes.fill(index, start, start + effectBytes);
          region.finishTurn(figures, effectBytes, streams);
        });
        outcomes.forEach(({ agent, figures, effects, streams }, index) => {
          reader.advance(index * 3 + round);
          assert.equal(reader.agent, agent);
          assert.deepEqual(figuresOf(reader), { ...figures });
          assert.deepEqual(
            [reader.effectBytes, reader.streamsBytes],
            [effects.length * 8, streams?.length ?? 0],
          );
          const { bytes } = reader.region;
          const last = reader.effectsStart + reader.effectBytes;
          assert.ok(bytes.slice(reader.effectsStart, last).every((byte) => byte === index));
          assert.deepEqual(
            Array.from(bytes.slice(reader.streamsStart, reader.streamsStart + reader.streamsBytes)),
            Array.from(streams ?? []),
          );
        });
      }
    }),
  );
});

test("what the effects digest covers stands in one piece: handle, completed, fuel, fault, effects", () => {
  const region = new OutcomeRegion(allocator(false), 8);
  const effects = region.beginTurn(0x1f_2345_6789_abcd, 0);
  region.region.reserve(effects + 8);
  region.region.bytes.set([1, 2, 3, 4, 5, 6, 7, 8], effects);
  const figures = { completed: 2, fuel: 0x1_0000_0003, faultCode: 5, guestCode: -2 };
  region.finishTurn({ ...figures, requests: 9, messages: 9, spawns: 9 }, 8, Uint8Array.of(9));
  const covered = region.region.bytes.slice(OUTCOME_HASHED_OFFSET, OUTCOME_HEAD_BYTES + 8);
  assert.equal(
    Buffer.from(covered).toString("hex"),
    "cdab896745231f00020000000300000001000000" + "05000000feffffff" + "080000000102030405060708",
  );
});

test("a cursor refuses an outcome that is not the next one", () => {
  const region = new OutcomeRegion(allocator(false), 8);
  const figures = { completed: 0, fuel: 0, faultCode: 0, guestCode: 0, requests: 0, messages: 0, spawns: 0 };
  region.beginTurn(1, 4);
  region.finishTurn(figures, 0);
  const reader = new OutcomeReader(region.region);
  assert.throws(() => {
    reader.advance(3);
  }, /outcomes follow the plan/);
});

test("a mail region gives aligned places, refuses what finds none, and grows to what was wanted", () => {
  const mail = new MailRegion(allocator(true), 32, 96);
  mail.begin();
  assert.deepEqual([mail.claim(1), mail.claim(9), mail.claim(9), mail.claim(8)], [0, 8, -1, 24]);
  mail.begin();
  assert.deepEqual([mail.usedBytes, mail.region.capacity], [0, 64]);
  assert.deepEqual([mail.claim(60), mail.claim(200)], [0, -1]);
  mail.begin();
  assert.equal(mail.region.capacity, 128, "the bound, rounded up to a double");
  mail.begin();
  assert.equal(mail.region.capacity, 128);
});
