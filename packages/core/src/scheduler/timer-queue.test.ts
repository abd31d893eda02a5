/** What is due, against a list that is searched through. */

import assert from "node:assert/strict";
import test from "node:test";
import type { AgentHandle } from "@wasm-engine/abi";
import { SeededRandom, repeatable, seeds } from "../testing/seeded-random.js";
import { TimerQueue, eachDue } from "./timer-queue.js";

interface Entry {
  readonly tick: number;
  readonly agent: number;
  readonly id: number;
}

const handles = [7, 2 ** 40 + 3, 2 ** 40 + 1, 12, 2 ** 31, 5];

test("[G1] entries are due by agent and id, whenever they were added, and the next tick is that of one", () => {
  let most = 0;
  for (const seed of seeds("timer-queue", 20)) {
    repeatable(seed, "scheduler/timer-queue.test.js", () => {
      const random = new SeededRandom(seed);
      const queue = new TimerQueue();
      let entries: Entry[] = [];
      let tick = 0;
      for (let step = 0; step < 300; step += 1) {
        const count = random.oneIn(20) ? 60 : random.below(4);
        for (let added = 0; added < count; added += 1) {
          const id = random.oneIn(3) ? 1 + random.below(5) : 0;
          const entry = { tick: tick + 1 + random.below(6), agent: random.pick(handles), id };
          entries.push(entry);
          queue.add(entry.tick, entry.agent as AgentHandle, id); // numbers of tests are handles
        }
        const ticks = entries.map((entry) => entry.tick);
        assert.equal(queue.nextTick(), ticks.length === 0 ? undefined : Math.min(...ticks));
        tick += random.below(3);
        const due = entries.filter((entry) => entry.tick <= tick);
        entries = entries.filter((entry) => entry.tick > tick);
        due.sort((left, right) => left.agent - right.agent || left.id - right.id);
        const looked: (readonly [number, number])[] = [];
        eachDue(queue.takeDue(tick), (agent, id) => looked.push([agent, id]));
        assert.deepEqual(
          looked,
          due.map(({ agent, id }) => [agent, id]),
        );
        most = Math.max(most, due.length);
      }
    });
  }
  assert.ok(most > 30, "many were due at once");
});

test("an entry that is taken back leaves the others; a tick without any is not due", () => {
  const queue = new TimerQueue();
  const agent = 7 as AgentHandle; // numbers of tests are handles
  for (const id of [0, 1, 2]) queue.add(5, agent, id);
  queue.add(4, agent, 1);
  queue.remove(4);
  assert.equal(queue.nextTick(), 5);
  queue.remove(5);
  assert.equal(queue.nextTick(), 5);
  queue.remove(5);
  queue.remove(5);
  assert.equal(queue.nextTick(), undefined);
  queue.add(5, agent, 3);
  const looked: number[] = [];
  eachDue(queue.takeDue(5), (_, id) => looked.push(id));
  assert.deepEqual(looked, [3]);
});
