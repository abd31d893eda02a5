/**
 * The smallest host that an ABI 1.0 guest can run on: it instantiates the module as it is, without
 * instrumentation, and records what the guest asks for. Enough to test SDKs; it keeps no world.
 */

import assert from "node:assert/strict";
import {
  HOST_MODULE,
  MESSAGE_HEADER_BYTES,
  MessageField,
  Refusal,
  decodeMessage,
  decodeUtf8,
  encodeMessage,
  encodeUtf8,
  messageBytes,
  type HostFunctionName,
  type Message,
} from "@wasm-engine/abi";

/** What a guest asked for, decoded. Message fields are there for the calls that take one. */
export interface Asked {
  readonly call: string;
  readonly text?: string;
  readonly message?: Message;
  readonly number?: number;
  readonly requestId: number;
}

/** Fields of a message that tests care about; the rest has defaults. */
export type Delivery = Partial<Omit<Message, "topic" | "payload">> & {
  readonly topic?: string;
  readonly payload?: Uint8Array | string | object;
};

interface GuestExports {
  readonly memory: WebAssembly.Memory;
  readonly _initialize?: () => void;
  readonly agent_init: () => number;
  readonly agent_alloc: (bytes: number) => number;
  readonly agent_receive: (pointer: number) => number;
  readonly agent_step: (pointer: number) => number;
  readonly agent_shutdown: () => number;
  readonly agent_describe?: () => number;
  readonly agent_export_state?: () => number;
  readonly agent_import_state?: (pointer: number) => number;
}

export class PlainHost {
  readonly exports: GuestExports;
  readonly imports: readonly string[];
  readonly handles: Map<string, number> = new Map<string, number>();
  tick = 7;
  nanos = 978_307_200_000_000_000n;
  /** Answer of the next host call instead of success; for refusals. */
  refusal: number | undefined;
  #asked: Asked[] = [];
  #requests = 0;
  #randomState = 1;

  /** `more`: host functions besides those of the contract, for instrumented modules. */
  constructor(module: WebAssembly.Module, more: Readonly<Record<string, () => number>> = {}) {
    this.imports = WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
    const instance = new WebAssembly.Instance(module, {
      [HOST_MODULE]: { ...this.#hostFunctions(), ...more },
    });
    this.exports = instance.exports as unknown as GuestExports; // the test's guests have these exports
  }

  /** Runs `_initialize` and `agent_init`. */
  start(): this {
    this.exports._initialize?.();
    assert.equal(this.exports.agent_init(), 0);
    return this;
  }

  get memoryBytes(): number {
    return this.exports.memory.buffer.byteLength;
  }

  /** Calls `agent_receive`; what the guest asked for meanwhile. */
  receive(delivery: Delivery): Asked[] {
    assert.equal(
      this.receiveCode(delivery),
      0,
      JSON.stringify(this.#asked.map((asked) => asked.text ?? asked.call)),
    );
    return this.taken();
  }

  receiveCode(delivery: Delivery): number {
    return this.exports.agent_receive(this.place(delivery));
  }

  step(delivery: Delivery): Asked[] {
    assert.equal(this.exports.agent_step(this.place(delivery)), 0);
    return this.taken();
  }

  /** Everything asked for since the last call. */
  taken(): Asked[] {
    const asked = this.#asked;
    this.#asked = [];
    return asked;
  }

  describe(): unknown {
    const pointer = this.exports.agent_describe?.() ?? 0;
    return JSON.parse(decodeUtf8(this.block(pointer)) ?? "");
  }

  /** Bytes of a sized block at `pointer`. */
  block(pointer: number): Uint8Array {
    const bytes = new DataView(this.exports.memory.buffer).getUint32(pointer, true);
    return new Uint8Array(this.exports.memory.buffer, pointer + 4, bytes).slice();
  }

  /** Places a message in the guest's scratch region; its address. */
  place(delivery: Delivery): number {
    const bytes = encodeMessage({
      kind: 0,
      flags: 0,
      messageId: 1,
      correlationId: 0,
      peer: 0,
      tick: this.tick,
      ...delivery,
      encoding: delivery.encoding ?? (delivery.payload instanceof Uint8Array ? 0 : 1),
      topic: encodeUtf8(delivery.topic ?? ""),
      payload: payloadOf(delivery.payload),
    });
    const pointer = this.exports.agent_alloc(bytes.length);
    assert.equal(pointer % 8, 0, "agent_alloc is 8-byte aligned");
    new Uint8Array(this.exports.memory.buffer).set(bytes, pointer);
    return pointer;
  }

  #hostFunctions(): Record<HostFunctionName, (...values: number[]) => number | bigint> {
    return {
      log: (level = 0, pointer = 0, bytes = 0) =>
        this.#record({ call: "log", number: level, text: this.#text(pointer, bytes) }),
      send: (pointer = 0, timeout = 0) => this.#message("send", pointer, timeout),
      publish: (pointer = 0) => this.#message("publish", pointer, 0),
      join: (pointer = 0, bytes = 0) => this.#record({ call: "join", text: this.#text(pointer, bytes) }),
      leave: (pointer = 0, bytes = 0) => this.#record({ call: "leave", text: this.#text(pointer, bytes) }),
      schedule: (pointer = 0, delay = 0) => this.#message("schedule", pointer, delay),
      cancel: (requestId = 0) => this.#record({ call: "cancel", number: requestId }),
      infer: (pointer = 0, timeout = 0) => this.#message("infer", pointer, timeout),
      call_tool: (pointer = 0, timeout = 0) => this.#message("call_tool", pointer, timeout),
      spawn: (pointer = 0, bytes = 0, out = 0) => {
        this.#view().setBigUint64(out, 4242n, true);
        return this.#record({ call: "spawn", text: this.#text(pointer, bytes) }, true);
      },
      lookup: (pointer = 0, bytes = 0, out = 0) => {
        const handle = this.handles.get(this.#text(pointer, bytes));
        if (handle === undefined) return Refusal.NOT_FOUND;
        this.#view().setBigUint64(out, BigInt(handle), true);
        return 0;
      },
      random: (_stream = 0, _streamBytes = 0, out = 0, outBytes = 0) => {
        const target = new Uint8Array(this.exports.memory.buffer, out, outBytes);
        for (let index = 0; index < outBytes; index++) {
          this.#randomState = (Math.imul(this.#randomState, 1_103_515_245) + 12_345) >>> 0;
          target[index] = this.#randomState >>> 16;
        }
        return 0;
      },
      tick: () => BigInt(this.tick),
      time: () => this.nanos,
      exit: (code = 0) => this.#record({ call: "exit", number: code }),
    };
  }

  #message(call: string, pointer: number, number: number): number {
    assert.equal(pointer % 8, 0, "messages are 8-byte aligned");
    const view = this.#view();
    assert.equal(view.getUint32(pointer + MessageField.headerBytes, true), MESSAGE_HEADER_BYTES);
    const bytes = messageBytes(
      view.getUint32(pointer + MessageField.topicBytes, true),
      view.getUint32(pointer + MessageField.payloadBytes, true),
    );
    const message = decodeMessage(new Uint8Array(this.exports.memory.buffer, pointer, bytes).slice());
    const wantsId = call !== "publish" && (call !== "send" || (message.flags & 1) !== 0);
    return this.#record({ call, message, number }, wantsId);
  }

  #record(asked: Omit<Asked, "requestId">, wantsId = false): number {
    if (this.refusal !== undefined) return this.refusal;
    if (wantsId) this.#requests += 1;
    const requestId = wantsId ? this.#requests : 0;
    this.#asked.push({ ...asked, requestId });
    return requestId;
  }

  #view(): DataView {
    return new DataView(this.exports.memory.buffer);
  }

  #text(pointer: number, bytes: number): string {
    const text = decodeUtf8(new Uint8Array(this.exports.memory.buffer, pointer, bytes).slice());
    assert.notEqual(text, undefined, "guests hand over valid UTF-8");
    return text ?? "";
  }
}

/** Payload of what a guest asked for, as parsed JSON. */
export function jsonOf(asked: Asked | undefined): unknown {
  return JSON.parse(textOf(asked));
}

/** Payload of what a guest asked for, as text. */
export function textOf(asked: Asked | undefined): string {
  return decodeUtf8(asked?.message?.payload ?? new Uint8Array()) ?? "invalid UTF-8";
}

/** Topic of what a guest asked for. */
export function topicOf(asked: Asked | undefined): string {
  return decodeUtf8(asked?.message?.topic ?? new Uint8Array()) ?? "invalid UTF-8";
}

function payloadOf(payload: Delivery["payload"]): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  if (payload === undefined) return new Uint8Array();
  return encodeUtf8(typeof payload === "string" ? payload : JSON.stringify(payload));
}
