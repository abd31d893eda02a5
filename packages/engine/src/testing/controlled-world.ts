/** Worlds that tests reach over their control sockets, and raw connections to them. */

import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { Engine } from "../client/engine.js";
import type { OpenOptions } from "../client/engine.js";
import type { RunningWorld } from "../client/running-world.js";
import { addressOf } from "../control/control-address.js";
import { isRecord } from "../control/record.js";
import type { ResolvedWorld } from "../world/contract.js";
import { sampleWorld } from "./sample-world.js";
import type { SampleOptions } from "./sample-world.js";

/** Publishes every message it gets from outside under its own topic. */
export const echoText = `(module
  (import "wasm_engine" "publish" (func $publish (param i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "agent_init") (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_receive") (param $message i32) (result i32)
    (if (i32.eq (i32.load16_u offset=4 (local.get $message)) (i32.const 6)) (then (return (i32.const 0))))
    (i64.store offset=24 (local.get $message) (i64.const 0))
    (i64.store offset=16 (local.get $message) (i64.const 0))
    (i32.store8 offset=7 (local.get $message) (i32.const 0))
    (drop (call $publish (local.get $message)))
    (i32.const 0)))`;

/** Agents that only react: nothing is due until something is sent. */
export async function quietSample(
  directory: string,
  options: Omit<SampleOptions, "directory"> = {},
): Promise<ResolvedWorld> {
  const sample = await sampleWorld({ directory, records: 0, stop: { when: "never" }, ...options });
  const agents = sample.genesis.agents.map((agent) => ({ ...agent, every: 0 }));
  return { ...sample, inputs: [], outputs: [], genesis: { ...sample.genesis, agents } };
}

/** A quiet world in a process of its own, live. */
export async function quietWorld(
  directory: string,
  options: OpenOptions & { readonly sample?: Omit<SampleOptions, "directory"> } = {},
): Promise<RunningWorld> {
  const { sample, ...open } = options;
  return Engine.open(await quietSample(directory, sample), {
    start: "live",
    dir: join(directory, "run"),
    ...open,
  });
}

export interface RawAnswer {
  readonly id: string | number | null;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string };
  };
}

/** A connection that writes whatever the test wants. */
export class RawConnection {
  readonly socket: Socket;
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  #text = "";
  #waiting: (() => void)[] = [];

  constructor(dir: string) {
    this.socket = connect(addressOf(dir));
    this.socket.setEncoding("utf8");
    this.socket.on("error", () => undefined);
    this.socket.on("data", (text: string) => this.#take(text));
    this.socket.once("close", () => this.#wake());
  }

  write(text: string): void {
    this.socket.write(text);
  }

  request(id: string | number, method: string, params: unknown = {}): void {
    this.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  }

  /** The answer with this id. */
  async answer(id: string | number | null): Promise<RawAnswer> {
    for (;;) {
      const found = this.lines.find((line) => line["id"] === id && !("method" in line));
      if (found !== undefined) return found as unknown as RawAnswer; // a test's expectation
      if (this.socket.destroyed) throw new Error(`the connection closed before the answer to ${String(id)}`);
      await this.next();
    }
  }

  /** Something arrived, or the connection has closed. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) return resolve();
      this.#waiting.push(resolve);
    });
  }

  async closed(): Promise<void> {
    while (!this.socket.destroyed) await this.next();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      const value: unknown = JSON.parse(line);
      if (isRecord(value)) this.lines.push(value);
    }
    this.#wake();
  }
}
