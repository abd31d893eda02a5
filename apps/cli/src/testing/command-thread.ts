/**
 * Program of the thread in which `resident-command-line.ts` runs commands: one after the other, their words gathered.
 * As with a process, a command has ended when nothing of it is left; what stays open and would keep a process alive
 * is told.
 */

import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { executeCommandLine } from "../command-line.js";

/** What a command has said, and its exit code. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandThreadData {
  /** Counts the commands that have ended. */
  readonly ended: SharedArrayBuffer;
  /** Takes the words of a command and returns what it has said. */
  readonly port: MessagePort;
}

const { ended, port } = workerData as CommandThreadData; // set by resident-command-line.ts
const counter = new Int32Array(ended);

function gathered(): { readonly stream: Writable; text(): string } {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      pieces.push(piece);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(pieces).toString() };
}

/** Generous: a loaded machine ends processes slowly. */
const patienceMs = 60_000;

/** What keeps this thread alive besides its port, once it had its time to end; nothing after a clean end. */
async function leftOver(): Promise<readonly string[]> {
  const startedMs = performance.now();
  for (;;) {
    const left = process.getActiveResourcesInfo();
    left.splice(left.indexOf("MessagePort"), 1);
    if (left.length === 0 || performance.now() - startedMs > patienceMs) return left;
    await delay(2);
  }
}

port.on("message", (argv: readonly string[]) => {
  void (async () => {
    const [stdout, stderr] = [gathered(), gathered()];
    const code = await executeCommandLine(argv, {
      stdout: stdout.stream,
      stderr: stderr.stream,
      interruption: () => new AbortController().signal,
    });
    const left = await leftOver();
    if (left.length > 0) stderr.stream.write(`\nthe command has ended and left open: ${left.join(", ")}\n`);
    port.postMessage({
      code: left.length > 0 ? -1 : code,
      stdout: stdout.text(),
      stderr: stderr.text(),
    } satisfies Said);
    Atomics.add(counter, 0, 1);
    Atomics.notify(counter, 0);
  })();
});
