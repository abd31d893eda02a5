import assert from "node:assert/strict";
import { test } from "node:test";
import type { Input } from "@wasm-engine/core";
import { forEachAcknowledgement } from "./acknowledged.js";
import { connectionCallsFrom } from "./control.js";
import type { WorldEvent } from "./control.js";
import { Settlement } from "./settlement.js";
import type { SettledRun } from "./settlement.js";

/** A run that has executed nothing and whose log is durable up to the input `durableSeq`. */
function runAt(durableSeq: number): SettledRun {
  const log = { durableSeq, durableTick: -1 };
  return { loop: { release: () => [] }, log, durability: "sync" } as unknown as SettledRun; // all that is asked
}

function inputAt(seq: number, tick: number): Input {
  return { seq, tick, body: { kind: "publish", topic: "t", encoding: 1, payload: new Uint8Array() } };
}

interface Told {
  readonly id: number;
  readonly seq: number;
  readonly tick: number;
  readonly duplicate?: boolean;
}

function settled(): {
  readonly settlement: Settlement;
  readonly events: WorldEvent[];
  readonly told: () => readonly Told[];
} {
  const events: WorldEvent[] = [];
  const settlement = new Settlement((event) => events.push(event), 100);
  const told = (): readonly Told[] =>
    events.splice(0).flatMap((event): Told[] => {
      const rows: Told[] = [];
      if (event.kind === "acknowledged")
        forEachAcknowledgement(event, (id, { seq, tick }) => rows.push({ id, seq, tick }));
      if (event.kind === "answer") rows.push({ id: event.id, ...(event.value as Omit<Told, "id">) }); // duplicates
      return rows;
    });
  return { settlement, events, told };
}

const plain = { method: "input" } as const;

test("[G3] a run of inputs is told as far as it is durable, each once, in one event", () => {
  const { settlement, events, told } = settled();
  for (let place = 0; place < 10; place += 1)
    settlement.expect(100 + place, plain, inputAt(1 + place, place < 6 ? 3 : 4));
  settlement.settle(runAt(0));
  assert.deepEqual(events, []);
  settlement.settle(runAt(4));
  assert.equal(events.length, 1);
  assert.deepEqual(
    told(),
    [1, 2, 3, 4].map((seq) => ({ id: 99 + seq, seq, tick: 3 })),
  );
  assert.ok(settlement.isWaiting);
  // What comes later goes on where the rest ends.
  settlement.expect(110, plain, inputAt(11, 4));
  settlement.settle(runAt(11));
  assert.equal(events.length, 1);
  const rest = [5, 6, 7, 8, 9, 10, 11].map((seq) => ({ id: 99 + seq, seq, tick: seq < 7 ? 3 : 4 }));
  assert.deepEqual(told(), rest);
  assert.ok(!settlement.isWaiting);
});

test("[G3] calls of connections, holes between ids and duplicates break runs, and lose nobody", () => {
  const { settlement, told } = settled();
  const connection = connectionCallsFrom + 7;
  const keyed = { method: "input", key: "k" } as const;
  settlement.expect(1, plain, inputAt(1, 0));
  settlement.expect(connection, plain, inputAt(2, 0));
  settlement.expect(2, plain, inputAt(3, 0));
  settlement.expect(9, keyed, inputAt(4, 0));
  settlement.expect(10, keyed, inputAt(5, 0));
  settlement.expect(11, plain, inputAt(6, 0));
  settlement.settle(runAt(5));
  const bySeq = (rows: readonly Told[]): readonly number[] => rows.map(({ id }) => id).sort((a, b) => a - b);
  const first = told();
  assert.deepEqual(bySeq(first), [1, 2, 9, 10, connection]);
  const duplicate = { id: 10, tick: 0, seq: 4, durability: "sync", duplicate: true };
  assert.deepEqual(
    first.find(({ id }) => id === 10),
    duplicate,
  );
  settlement.settle(runAt(6));
  assert.deepEqual(told(), [{ id: 11, seq: 6, tick: 0 }]);
});
