/**
 * The command line in a thread that stays: a command costs what it does, not the start of a process and the loading of
 * its modules. For tests that are about verbs; what a process adds (streams, signals, its end) is for tests that start
 * one. Worlds run in processes of their own, as always.
 */

import assert from "node:assert/strict";
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";
import type { CommandThreadData, Said } from "./command-thread.js";

/** Runs a command in a folder and waits for its end, as `spawnSync` does. */
export type ResidentCommandLine = (folder: string, argv: readonly string[]) => Said;

let started: ResidentCommandLine | undefined;

/** The one of this process. */
export function residentCommandLine(): ResidentCommandLine {
  started ??= start();
  return started;
}

function start(): ResidentCommandLine {
  const ended = new SharedArrayBuffer(4);
  const counter = new Int32Array(ended);
  const { port1: near, port2: far } = new MessageChannel();
  const worker = new Worker(new URL("./command-thread.js", import.meta.url), {
    workerData: { ended, port: far } satisfies CommandThreadData,
    transferList: [far],
    env: { ...process.env, NO_COLOR: "1", NODE_TEST_CONTEXT: "" },
  });
  worker.unref();
  near.unref();
  return (folder, argv) => {
    const home = process.cwd();
    const before = Atomics.load(counter, 0);
    process.chdir(folder);
    near.postMessage(argv);
    // The command before may ring late, between its count and its bell: only the count tells.
    while (Atomics.load(counter, 0) === before) Atomics.wait(counter, 0, before);
    process.chdir(home);
    const received = receiveMessageOnPort(near) as { message: Said } | undefined; // sent by command-thread.ts
    assert.ok(received !== undefined, "a command that has ended has said something");
    return received.message;
  };
}
