/**
 * Starts threads for a thread that never returns to its event loop, and tells it when one of them ends. Such a
 * thread hears no event; the main thread of a world process does. The asker sends what is to be started over a port;
 * the main thread watches it and, when it ends, sends the cause over the port, sets a word of shared memory and
 * wakes whoever sleeps on another (see EndSignal). Nothing here knows what the threads do: executing threads and
 * the inference thread are started alike.
 */

import { MessagePort, Worker, receiveMessageOnPort } from "node:worker_threads";
import type { Transferable } from "node:worker_threads";
import { signalEnd } from "./control-words.js";
import type { EndSignal } from "./control-words.js";
import { executorStackMb } from "../world/limits.js";

export interface ThreadStart {
  /** Address of the module that the thread executes. */
  readonly program: string;
  /** Its `workerData`: what structured clone carries, and the ports of `transfer`. */
  readonly data: unknown;
  readonly transfer: readonly MessagePort[];
  readonly heapMb: number;
  readonly end: EndSignal;
}

/** One started thread, for whoever asked for it. */
export interface StartedThread {
  /** Ends it at once, wherever it is. The end signal follows. */
  kill(): void;
  /** Why it ended; empty while that is not known. */
  readonly cause: string;
}

/** Starts threads. */
export interface ThreadHost {
  start(start: ThreadStart): StartedThread;
}

type Request =
  | { readonly kind: "start"; readonly id: number; readonly start: Omit<ThreadStart, "transfer"> }
  | { readonly kind: "kill"; readonly id: number };

interface Ended {
  readonly id: number;
  readonly cause: string;
}

/** Serves the requests of one port in a thread that has an event loop. The threads keep no process alive. */
export function serveThreads(port: MessagePort): void {
  const threads = new Map<number, Worker>();
  port.on("message", (request: Request) => {
    if (request.kind === "kill") return void threads.get(request.id)?.terminate();
    const { id, start } = request;
    const onEnd = (cause: string): void => {
      threads.delete(id);
      port.postMessage({ id, cause } satisfies Ended);
      signalEnd(start.end);
    };
    try {
      threads.set(id, startWorker(start, onEnd));
    } catch (error) {
      // The machine has no room for another thread: whoever waits for it must learn so.
      onEnd(String(error));
    }
  });
  port.unref();
}

/** Starts one thread; `onEnd` is called once, when nothing of it is left. */
function startWorker(
  { program, data, heapMb }: Omit<ThreadStart, "transfer">,
  onEnd: (cause: string) => void,
): Worker {
  const worker = new Worker(new URL(program), {
    workerData: data,
    transferList: portsOf(data),
    resourceLimits: { stackSizeMb: executorStackMb, maxOldGenerationSizeMb: heapMb },
  });
  let cause = "";
  worker.on("error", (error) => {
    cause = String(error);
  });
  worker.on("exit", (code) => onEnd(cause === "" ? `it ended with code ${code}` : cause));
  worker.unref();
  return worker;
}

/** Ports lie in the first level of what a thread is started with. */
function portsOf(data: unknown): Transferable[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.values(data).filter((value): value is MessagePort => value instanceof MessagePort);
}

/** Asks the thread that serves the other end of `port`. */
export class RemoteThreadHost implements ThreadHost {
  readonly #port: MessagePort;
  readonly #causes = new Map<number, string>();
  #nextId = 1;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  start({ transfer, ...start }: ThreadStart): StartedThread {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#port.postMessage({ kind: "start", id, start } satisfies Request, [...transfer]);
    const causeOf = (): string => this.#causeOf(id);
    return {
      kill: () => this.#port.postMessage({ kind: "kill", id } satisfies Request),
      get cause() {
        return causeOf();
      },
    };
  }

  #causeOf(id: number): string {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: Ended } | undefined; // sent by serveThreads
      if (received === undefined) return this.#causes.get(id) ?? "";
      this.#causes.set(received.message.id, received.message.cause);
    }
  }
}

/**
 * Starts threads itself, for tests and tools. Its ceiling: a thread that sleeps until another finishes does not
 * learn here that the other has died.
 */
export const directThreadHost: ThreadHost = {
  start({ transfer: _transfer, ...start }) {
    let ended = "";
    const worker = startWorker(start, (cause) => {
      ended = cause;
      signalEnd(start.end);
    });
    return {
      kill: () => void worker.terminate(),
      get cause() {
        return ended;
      },
    };
  },
};
