/** What a thread that hears no event learns about the threads that were started for it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { RemoteThreadHost, serveThreads } from "./thread-host.js";

const dies = `data:text/javascript,${encodeURIComponent(`throw new RangeError("no room");`)}`;
const leaves = `data:text/javascript,process.exit(3)`;
const isNoAddress = "not an address";
const sleeps = `data:text/javascript,${encodeURIComponent(
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`,
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
    const end = { buffer, stateWord: 0, state: 9, bellWord: 1, bellStep: 5 };
    const started = host.start({ program, data: {}, transfer: [], heapMb: 64, end });
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
