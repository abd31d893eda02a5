/** The queue and its order against plain sorting. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { KeptList } from "../kept-list.js";
import { orderOf } from "./policy.js";
import { RunnableQueue, sortRunnable } from "./runnable-queue.js";
import type { Runnable } from "./runnable.js";
import { TenantCredit } from "./tenant-credit.js";

const tenant = new TenantCredit(
  { name: "t", fuelPerTick: 1, turnsPerTick: 1, messagesPerTick: 1, elastic: false },
  true,
);

type Waiter = { -readonly [Key in keyof Runnable]: Runnable[Key] };

function waiter(idRank: number, runnableSince: number, urgency: number): Waiter {
  return {
    id: `a${idRank}`,
    idRank,
    rank: (idRank * 2_654_435_761) % 2 ** 32,
    runnableSince,
    urgency,
    tenant,
    reserveFuel: 1,
    reserveMessages: 1,
    queuePlace: -1,
    ownFuel: 0,
    ownMessages: 0,
    isChosen: false,
  };
}

const tickGenerator = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 2 ** 33, max: 2 ** 33 + 2 }),
  fc.constant(Number.MAX_SAFE_INTEGER),
);

const waitersGenerator = fc
  .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 60 })
  .chain((ranks) =>
    fc.tuple(
      ...ranks.map((rank) =>
        fc
          .tuple(tickGenerator, fc.integer({ min: -2, max: 2 }))
          .map(([since, urgency]) => waiter(rank, since, urgency)),
      ),
    ),
  );

for (const policy of ["fifo", "priority", "round-robin"] as const) {
  test(`under ${policy} the queue gives agents out in the order of the policy, at any tick`, () => {
    fc.assert(
      fc.property(waitersGenerator, fc.integer({ min: 0, max: 2 ** 33 }), (waiters, stride) => {
        const queue = new RunnableQueue<Waiter>();
        for (const agent of waiters) queue.add(agent);
        const drained = new KeptList<Waiter>();
        queue.drain(drained, () => false);
        sortRunnable(drained, { policy, stride });
        const expected = [...waiters].sort(orderOf(policy, stride));
        assert.deepEqual(
          drained.toArray().map(({ id }) => id),
          expected.map(({ id }) => id),
        );
        assert.equal(queue.size, 0);
      }),
    );
  });
}

test("who leaves the queue and comes back stands behind; who stays is not given out", () => {
  const queue = new RunnableQueue<Waiter>();
  const [a, b, c] = [waiter(0, 0, 0), waiter(1, 0, 0), waiter(2, 0, 0)];
  for (const agent of [a, b, c]) queue.add(agent);
  queue.remove(a);
  queue.remove(a);
  queue.add(a);
  assert.equal(queue.size, 3);
  assert.deepEqual(queue.toArray(), [b, c, a]);
  const drained = new KeptList<Waiter>();
  queue.drain(drained, (agent) => agent === c);
  assert.deepEqual(drained.toArray(), [b, a]);
  assert.deepEqual(queue.toArray(), [c]);
  assert.equal(queue.size, 1);
  drained.clear();
  assert.equal(drained.length, 0);
  assert.throws(() => drained.at(0), { code: "WE_INTERNAL_ASSERTION" });
});
