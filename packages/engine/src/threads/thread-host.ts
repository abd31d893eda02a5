/**
 * Starts threads for a thread that never returns to its event loop, and tells it when one of them ends. Such a
 * thread hears no event; the main thread of a world process does. The asker sends what is to be started over a port;
 * the main thread watches it and, when it ends, sends the cause over the port and raises the signal that the asker
 * has named. Nothing here knows what the threads do: executing threads and inference threads are started alike.
 */

import { MessagePort, Worker, receiveMessageOnPort } from "node:worker_threads";
import type { ResourceLimits } from "node:worker_threads";
import { raise } from "./shared-signal.js";
import type { SharedSignal } from "./shared-signal.js";

export interface ThreadStart {
  /** Address of the module that the thread executes. */
  readonly program: string;
  /** Its `workerData`: what structured clone carries, and ports in its first level, which are handed over. */
  readonly data: unknown;
  /** Of its memory; absent: those of Node. */
  readonly resourceLimits?: ResourceLimits;
  /** Raised when nothing of the thread is left. */
  readonly end: SharedSignal;
  /**
   * Asks the thread to end. A thread that can be asked is never terminated and keeps its process alive, because
   * ending one within native code aborts the process.
   */
  readonly leave?: SharedSignal;
}

/** One started thread, for whoever asked for it. */
export interface StartedThread {
  /** Ends it at once, wherever it is; where it can be asked to leave, asks. The end signal follows. */
  kill(): void;
  /** Why it ended; empty while that is not known. */
  readonly cause: string;
}

/** Starts threads. */
export interface ThreadHost {
  start(start: ThreadStart): StartedThread;
}

type Request =
  | { readonly kind: "start"; readonly id: number; readonly start: ThreadStart }
  | { readonly kind: "kill"; readonly id: number };

interface Ended {
  readonly id: number;
  readonly cause: string;
}

/**
 * Starts threads where an event loop hears them end: the main thread of a world process, or the thread of an inline
 * world. Its ceiling there: while that thread sleeps until another finishes, it does not learn that the other died.
 */
export class LocalThreadHost implements ThreadHost {
  /** Threads that are asked to leave. */
  readonly #lasting = new Set<SharedSignal>();
  #isClosed = false;

  /** `onEnd` is called once, before the end signal is raised. */
  start(start: ThreadStart, onEnd?: (cause: string) => void): StartedThread {
    const { end, leave } = start;
    let ended = "";
    const finish = (cause: string): void => {
      ended = cause;
      if (leave !== undefined) this.#lasting.delete(leave);
      onEnd?.(cause);
      raise(end);
    };
    let worker: Worker | undefined;
    if (leave !== undefined) this.#lasting.add(leave);
    if (this.#isClosed) finish("no thread is started any more");
    else worker = startWorker(start, finish);
    return {
      kill: () => {
        if (leave === undefined) void worker?.terminate();
        else raise(leave);
      },
      get cause() {
        return ended;
      },
    };
  }

  /** True while a thread runs that must not be cut off. */
  get mustWait(): boolean {
    return this.#lasting.size > 0;
  }

  /** Who asked for the threads is gone: those that can be asked finish what they do and end; none is started. */
  close(): void {
    this.#isClosed = true;
    for (const leave of this.#lasting) raise(leave);
  }
}

/** Starts one thread; `onEnd` is called once, when nothing of it is left or it could not be started. */
function startWorker(start: ThreadStart, onEnd: (cause: string) => void): Worker | undefined {
  const { program, data, resourceLimits, leave } = start;
  try {
    const worker = new Worker(new URL(program), {
      workerData: data,
      transferList: portsOf(data),
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    let cause = "";
    worker.on("error", (error) => {
      cause = String(error);
    });
    worker.on("exit", (code) => onEnd(cause === "" ? `it ended with code ${code}` : cause));
    if (leave === undefined) worker.unref();
    return worker;
  } catch (error) {
    // The machine has no room for another thread: whoever waits for it must learn so.
    onEnd(String(error));
    return undefined;
  }
}

/** Ports lie in the first level of what a thread is started with. */
function portsOf(data: unknown): MessagePort[] {
  if (typeof data !== "object" || data === null) return [];
  return Object.values(data).filter((value): value is MessagePort => value instanceof MessagePort);
}

/** Serves the requests of one port in a thread that has an event loop. The port keeps no process alive. */
export function serveThreads(port: MessagePort): LocalThreadHost {
  const host = new LocalThreadHost();
  const threads = new Map<number, StartedThread>();
  port.on("message", (request: Request) => {
    const { id } = request;
    if (request.kind === "kill") return threads.get(id)?.kill();
    const onEnd = (cause: string): void => {
      threads.delete(id);
      port.postMessage({ id, cause } satisfies Ended);
    };
    const thread = host.start(request.start, onEnd);
    if (thread.cause === "") threads.set(id, thread);
  });
  port.unref();
  return host;
}

/** Asks the thread that serves the other end of `port`. One per port: it reads what comes back. */
export class RemoteThreadHost implements ThreadHost {
  readonly #port: MessagePort;
  readonly #causes = new Map<number, string>();
  #nextId = 1;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  start(start: ThreadStart): StartedThread {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#port.postMessage({ kind: "start", id, start } satisfies Request, portsOf(start.data));
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
