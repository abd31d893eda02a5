/** What a thread that hears no event learns about the threads that were started for it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { LocalThreadHost, RemoteThreadHost, serveThreads } from "./thread-host.js";

const dies = `data:text/javascript,${encodeURIComponent(`throw new RangeError("no room");`)}`;
const leaves = `data:text/javascript,process.exit(3)`;
const isNoAddress = "not an address";
const sleeps = `data:text/javascript,${encodeURIComponent(
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`,
)}`;

const leavesWhenAsked = `data:text/javascript,${encodeURIComponent(
  `import { workerData } from "node:worker_threads";
  const words = new Int32Array(workerData.buffer);
  Atomics.wait(words, 3, 0);
  process.exit(words[2] === 1 ? 4 : 5);`,
)}`;

/** Waits without blocking: in a test the thread that serves is this one. */
async function untilRung(words: Int32Array): Promise<void> {
  while (Atomics.load(words, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("the end of a thread sets its word, rings the bell and tells the cause", async () => {
  const { port1, port2 } = new MessageChannel();
  serveThreads(port1);
  const host = new RemoteThreadHost(port2);
  const cases = [
    [dies, /RangeError: no room/],
    [leaves, /it ended with code 3/],
    [isNoAddress, /Invalid URL/],
    [sleeps, /it ended with code [01]/],
  ] as const;
  for (const [program, cause] of cases) {
    const buffer = new SharedArrayBuffer(8);
    const words = new Int32Array(buffer);
    const end = { buffer, word: 0, value: 9, bells: [{ buffer, word: 1, step: 5 }] };
    const resourceLimits = { maxOldGenerationSizeMb: 64 };
    const started = host.start({ program, data: {}, resourceLimits, end });
    assert.equal(started.cause, "");
    if (program === sleeps) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      started.kill();
    }
    await untilRung(words);
    assert.deepEqual([...words], [9, 5]);
    assert.match(started.cause, cause);
  }
  port1.close();
});

test("a thread that can be asked to leave is not terminated: it finishes what it does", async () => {
  const host = new LocalThreadHost();
  for (const way of ["kill", "close"] as const) {
    const buffer = new SharedArrayBuffer(16);
    const words = new Int32Array(buffer);
    const end = { buffer, word: 0, value: 9, bells: [{ buffer, word: 1, step: 5 }] };
    const leave = { buffer, word: 2, value: 1, bells: [{ buffer, word: 3, step: 1 }] };
    const started = host.start({ program: leavesWhenAsked, data: { buffer }, end, leave });
    assert.equal(host.mustWait, true);
    if (way === "kill") started.kill();
    else host.close();
    await untilRung(words);
    assert.deepEqual([...words], [9, 5, 1, 1]);
    assert.equal(started.cause, "it ended with code 4", "it ended by itself");
    assert.equal(host.mustWait, false);
  }
});

test("a closed host starts nothing more, and says so", () => {
  const host = new LocalThreadHost();
  host.close();
  const buffer = new SharedArrayBuffer(16);
  const end = { buffer, word: 0, value: 9, bells: [{ buffer, word: 1, step: 5 }] };
  const leave = { buffer, word: 2, value: 1, bells: [] };
  const started = host.start({ program: leavesWhenAsked, data: { buffer }, end, leave });
  assert.equal(started.cause, "no thread is started any more");
  assert.deepEqual([...new Int32Array(buffer)], [9, 5, 0, 0]);
  assert.equal(host.mustWait, false);
});
