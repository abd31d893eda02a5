/** Threads against one thread, through the port alone: every byte that a world could notice is the same. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createInProcessExecutor } from "@wasm-engine/executor";
import { nodeHasher } from "../crypto/node-crypto.js";
import { ExecutorScript, SCRIPT_MODULES } from "../testing/executor-script.js";
import { LocalThreadHost } from "./thread-host.js";
import { ThreadedExecutor } from "./threaded-executor.js";
import type { ThreadedOptions } from "./threaded-executor.js";

const depthBytes: number = 64 * 1024;

function alone(seed: number, isLate = false): readonly string[] {
  const executor = createInProcessExecutor({
    modules: (digest) => {
      const bytes = SCRIPT_MODULES.get(digest);
      return bytes === undefined ? undefined : { digest, bytes };
    },
    sha256: (bytes) => nodeHasher.sha256(bytes),
    depthBytes,
  });
  return new ExecutorScript(executor, seed, isLate).run();
}

function threaded(workers: number, options: Partial<ThreadedOptions> = {}): ThreadedExecutor {
  const modules = SCRIPT_MODULES;
  const host = new LocalThreadHost();
  return new ThreadedExecutor({ workers, host, modules, depthBytes, cores: 4, ...options });
}

function withThreads(
  seed: number,
  workers: number,
  options: Partial<ThreadedOptions> = {},
): readonly string[] {
  const executor = threaded(workers, options);
  try {
    return new ExecutorScript(executor, seed).run();
  } finally {
    executor.close({ wait: false });
  }
}

for (const workers of [2, 3, 4, 8]) {
  test(`[G2] ${workers} threads do what one does`, () => {
    for (const seed of [1, 2, 3]) {
      const expected = alone(seed);
      assert.ok(expected.length > 400, `${expected.length} lines`);
      assert.deepEqual(withThreads(seed, workers), expected, `seed ${seed}`);
    }
  });
}

test("[G2] digests that are computed while the world goes on are those of their moment", () => {
  for (const seed of [1, 2, 3, 10, 11]) {
    const expected = alone(seed);
    assert.ok(expected.some((line) => line.length > 100 && line.startsWith("digests")));
    assert.deepEqual(alone(seed, true), expected, `seed ${seed}, one thread`);
    const executor = threaded(3);
    try {
      assert.deepEqual(new ExecutorScript(executor, seed, true).run(), expected, `seed ${seed}, three`);
    } finally {
      executor.close({ wait: false });
    }
  }
});

test("[G7] regions of 24 bytes grow in every tick, in both directions, and show in nothing", () => {
  const tiny = { regionBytes: 24, mailBytes: 8 };
  assert.deepEqual(withThreads(4, 3, tiny), alone(4));
  assert.deepEqual(withThreads(5, 2, { ...tiny, mailBytesMax: 4096 }), alone(5));
});

test("[G1] threads that are late, in any order, show in nothing", () => {
  const expected = alone(6);
  for (const seed of [1, 2, 3]) {
    assert.deepEqual(withThreads(6, 4, { fault: { kind: "delay", seed } }), expected, `delays ${seed}`);
  }
});

test("more threads than cores: nobody spins, everything is as before", () => {
  assert.deepEqual(withThreads(7, 5, { cores: 1 }), alone(7));
});

test("[G1] agents that move to threads and back in the middle of a run do what they would have done", () => {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const seed of [8, 9]) {
    let ticks = 0;
    const watch = {
      note: () => {
        ticks += 1;
        return ticks % 16 > 4;
      },
    };
    const executor = threaded(4, { startsAlone: true, watch });
    try {
      const workers: number[] = [];
      const lines = new ExecutorScript(executor, seed).run(() => {
        // Threads take a while to come: as long as this machine needs.
        while (executor.isStarting) Atomics.wait(pause, 0, 0, 1);
        workers.push(executor.workers);
      });
      const changes = workers.filter((count, index) => index > 0 && count !== workers[index - 1]);
      assert.ok(changes.length >= 3, `workers ${workers.join(" ")}`);
      assert.deepEqual(lines, alone(seed), `seed ${seed}`);
    } finally {
      executor.close({ wait: false });
    }
  }
});
