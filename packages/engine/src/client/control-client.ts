/** JSON-RPC over the control socket of a run, from the client's side: calls with answers, and notifications. */

import { connect } from "node:net";
import type { Socket } from "node:net";
import { EngineError } from "@wasm-engine/abi";
import type { ErrorRecord } from "@wasm-engine/abi";
import { addressOf } from "../control/control-address.js";
import { fail } from "../control/errors.js";
import { connectAgainMs, connectMs, goodbyeMs, unreadBytesMax } from "../control/limits.js";
import { writeGathered } from "../control/gathered-write.js";
import { LineReader } from "../control/line-reader.js";
import { isRecord } from "../control/record.js";
import { fail as worldError } from "../world/errors.js";

interface Waiting {
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: EngineError) => void;
}

export interface CallOptions {
  /** Takes the call back. */
  readonly signal?: AbortSignal;
  /** Called with the answer before anything that came after it is looked at. */
  readonly arrived?: (result: unknown) => void;
}

export interface ControlListener {
  notified(method: string, params: Readonly<Record<string, unknown>>): void;
  /** The connection has ended; calls under way are rejected. */
  closed(error: EngineError | undefined): void;
}

export class ControlClient {
  readonly dir: string;
  readonly #socket: Socket;
  readonly #lines = new LineReader(unreadBytesMax);
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed: Promise<void>;
  #listener: ControlListener | undefined;
  #nextId = 1;
  #isOver = false;
  #isLeaving = false;

  private constructor(dir: string, socket: Socket) {
    this.dir = dir;
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("error", () => undefined);
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#end();
        resolve();
      });
    });
  }

  /** Connects to the world that has the run in `dir` open. @throws {WE_CONTROL_NOT_RUNNING} */
  static async connect(dir: string, method = "connect"): Promise<ControlClient> {
    const deadlineMs = performance.now() + connectMs;
    for (;;) {
      const opened = await openSocket(addressOf(dir));
      if (typeof opened !== "string") return new ControlClient(dir, opened);
      // So many connect at once that the world has not taken them all yet.
      const isCrowded = opened === "EAGAIN" && performance.now() < deadlineMs;
      if (!isCrowded) throw fail("WE_CONTROL_NOT_RUNNING", { dir, method });
      await new Promise((resolve) => setTimeout(resolve, connectAgainMs));
    }
  }

  listen(listener: ControlListener): void {
    this.#listener = listener;
  }

  /** One call. Rejects with the error of the world. @throws {WE_CONTROL_LOST} {WE_WORLD_ABORTED} */
  call(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.callText(method, JSON.stringify(params), options);
  }

  /** The same with params that are JSON text already. */
  callText(method: string, params: string, { signal, arrived }: CallOptions = {}): Promise<unknown> {
    if (this.#isOver) return Promise.reject(fail("WE_CONTROL_LOST", { dir: this.dir, method }));
    if (signal?.aborted === true) return Promise.reject(worldError("WE_WORLD_ABORTED", { method }));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(id);
        this.#write(this.#nextId++, "cancel", JSON.stringify({ id }));
        reject(worldError("WE_WORLD_ABORTED", { method }));
      };
      const done = (): void => signal?.removeEventListener("abort", abort);
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.set(id, {
        method,
        resolve: (result) => {
          done();
          arrived?.(result);
          resolve(result);
        },
        reject: (error) => (done(), reject(error)),
      });
      this.#write(id, method, params);
    });
  }

  /** Closes the connection; the world goes on. One that does not say goodbye is left after a moment. */
  close(): Promise<void> {
    this.#isLeaving = true;
    this.#socket.end();
    this.#socket.setTimeout(goodbyeMs, () => this.#socket.destroy());
    return this.#closed;
  }

  /** Resolves when the connection is closed, by whichever side. */
  closed(): Promise<void> {
    return this.#closed;
  }

  /** `params` is JSON text. */
  #write(id: number, method: string, params: string): void {
    if (!this.#socket.writable) return;
    const name = JSON.stringify(method);
    writeGathered(this.#socket, `{"jsonrpc":"2.0","id":${id},"method":${name},"params":${params}}\n`);
  }

  #read(bytes: Buffer): void {
    const lines = this.#lines.push(bytes);
    if (lines === undefined) return void this.#socket.destroy();
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    const value = parsed(line);
    // Whoever answers so is no world: nothing that it says can be used.
    if (!isRecord(value)) return void this.#socket.destroy();
    const { id, method, params, error } = value;
    if (typeof method === "string") return this.#listener?.notified(method, isRecord(params) ? params : {});
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined;
    // Nobody waits any more for the answer to a call that was taken back.
    if (waiting === undefined && typeof id === "number") return;
    // Without id it is a last word: about a line that could not be read, or that there is no place.
    if (waiting === undefined) return error === undefined ? undefined : this.#rejectAll(errorOf(error));
    this.#waiting.delete(Number(id));
    if (error === undefined) waiting.resolve(value["result"]);
    else waiting.reject(errorOf(error) ?? fail("WE_CONTROL_LOST", { dir: this.dir, method: waiting.method }));
  }

  #rejectAll(error: EngineError | undefined): void {
    for (const { method, reject } of this.#waiting.values()) {
      reject(error ?? fail("WE_CONTROL_LOST", { dir: this.dir, method }));
    }
    this.#waiting.clear();
  }

  #end(): void {
    this.#isOver = true;
    this.#rejectAll(undefined);
    this.#listener?.closed(
      this.#isLeaving ? undefined : fail("WE_CONTROL_LOST", { dir: this.dir, method: "subscribe" }),
    );
  }
}

/** The connected socket, or the code of the error. */
function openSocket(address: string): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const refuse = (code: string): void => {
      socket.destroy();
      resolve(code);
    };
    const onError = (error: NodeJS.ErrnoException): void => refuse(error.code ?? "");
    socket.setTimeout(connectMs, () => refuse("ETIMEDOUT"));
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", onError);
      resolve(socket);
    });
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The coded error in an answer; a late error for a call that was given up has nobody to go to. */
function errorOf(error: unknown): EngineError | undefined {
  if (!isRecord(error) || !isRecord(error["data"])) return undefined;
  return EngineError.fromRecord(error["data"] as unknown as ErrorRecord); // written by toRecord on the other side
}
