/** Program of the workers of the threaded forms. */

import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { assert, unreachable } from "@wasm-engine/abi";
import { handle, messageWords, writeFirst } from "../ring.js";
import { threadOf } from "./ring-threads.js";
import type { ThreadResult, ThreadTask } from "./ring-threads.js";
import { runShared } from "./shared-ring.js";

const port = parentPort;
assert(port !== null, "this program runs in a worker");
const task = workerData as ThreadTask; // set by startThread
const { thread, stations, hops } = task;
const counts = new Uint32Array(stations);
const checksums = new Uint32Array(stations);

const report = (to: MessagePort): void => {
  const result: ThreadResult = { kind: "result", counts, checksums };
  to.postMessage(result);
};

/** One message at a time, as they come; where it goes next is the main thread's business. */
function serveMail(main: MessagePort): void {
  main.on("message", (words: Uint32Array | "report") => {
    if (words === "report") return report(main);
    handle({ counts, checksums, messages: words }, 0);
    main.postMessage(words);
  });
}

/** A tick: everything that is here, then one buffer to the other worker; its buffer starts the next tick. */
function serveBatches(main: MessagePort): void {
  let here = firstMessages();
  let hop = 0;
  main.once("message", (peer: MessagePort) => {
    const tick = (): void => {
      const staying = new Uint32Array(stations * messageWords);
      const leaving = new Uint32Array(stations * messageWords);
      const lengths = { staying: 0, leaving: 0 };
      const part = { counts, checksums, messages: here };
      for (let at = 0; at < here.length; at += messageWords) {
        handle(part, at);
        const stays = threadOf(here[at] ?? 0, stations) === thread;
        const target = stays ? staying : leaving;
        const offset = stays ? lengths.staying : lengths.leaving;
        for (let word = 0; word < messageWords; word += 1) target[offset + word] = here[at + word] ?? 0;
        if (stays) lengths.staying += messageWords;
        else lengths.leaving += messageWords;
      }
      here = staying.subarray(0, lengths.staying);
      const buffer = leaving.slice(0, lengths.leaving);
      peer.postMessage(buffer, [buffer.buffer]);
      hop += 1;
    };
    peer.on("message", (arrived: Uint32Array) => {
      const joined = new Uint32Array(here.length + arrived.length);
      joined.set(here);
      joined.set(arrived, here.length);
      here = joined;
      if (hop < hops) return tick();
      report(main);
      peer.close();
    });
    tick();
  });
}

/** Messages whose first station lives here. */
function firstMessages(): Uint32Array {
  const words = new Uint32Array(stations * messageWords);
  let length = 0;
  for (let number = 0; number < stations; number += 1) {
    writeFirst(words, length, number);
    if (threadOf(words[length] ?? 0, stations) === thread) length += messageWords;
  }
  return words.slice(0, length);
}

switch (task.form) {
  case "mail":
    serveMail(port);
    break;
  case "batch":
    serveBatches(port);
    break;
  case "shared":
    port.once("message", () => {
      assert(task.memory !== undefined, "this form shares memory");
      runShared({ memory: task.memory, thread, stations, hops, state: { counts, checksums } });
      report(port);
    });
    break;
  default:
    unreachable(task.form);
}
port.postMessage("ready");
