/**
 * What a scripted agent may do in one invocation: the host functions of the ABI, as effect
 * records and ledger counts.
 */

import {
  EffectKind,
  Encoding,
  MessageFlag,
  MessageKind,
  OUTSIDE,
  Refusal,
  encodeEffect,
  encodeMessage,
  encodeUtf8,
  handleOfChild,
  writeU64,
} from "@wasm-engine/abi";
import type { AgentHandle, AgentId, FaultCode, Message } from "@wasm-engine/abi";
import type { Ledger } from "../ports.js";
import { nodeHasher } from "./node-hasher.js";
import type { Entry, SealedView } from "./object-executors.js";

/** An invocation as scripts see it. */
export interface ScriptInvocation {
  readonly entry: Entry;
  readonly message: Message | undefined;
  /** Topic and payload of the message as text. */
  readonly topic: string;
  readonly text: string;
}

/** Ends the invocation with a fault. */
export class ScriptFault extends Error {
  readonly faultCode: FaultCode;
  readonly guestCode: number;

  constructor(faultCode: FaultCode, guestCode: number) {
    super("scripted fault");
    this.faultCode = faultCode;
    this.guestCode = guestCode;
  }
}

export interface SendOptions {
  readonly topic?: string;
  readonly payload?: string;
  readonly wanted?: boolean;
  readonly timeoutTicks?: number;
}

interface EffectFields {
  readonly level?: number;
  readonly requestId?: number;
  readonly ticks?: number;
}

export class ScriptContext {
  readonly id: AgentId;
  readonly handle: AgentHandle;
  readonly tick: number;
  /** The agent's memory. */
  state: string;
  fuel = 1;
  readonly effects: Uint8Array[] = [];
  readonly #ledger: { requests: number; messages: number; spawns: number; streams: [string, number][] };
  readonly #view: SealedView;
  readonly #invocationIndex: number;
  readonly #messagesMax: number;

  constructor(
    base: {
      readonly id: AgentId;
      readonly handle: AgentHandle;
      readonly state: string;
      readonly ledger: Ledger;
    },
    call: {
      readonly tick: number;
      readonly view: SealedView;
      readonly index: number;
      /** The ledger's messages at which the turn may send no more. */
      readonly messagesMax: number;
    },
  ) {
    this.id = base.id;
    this.handle = base.handle;
    this.state = base.state;
    this.#ledger = { ...base.ledger, streams: base.ledger.streams.map(([name, at]) => [name, at]) };
    this.tick = call.tick;
    this.#view = call.view;
    this.#invocationIndex = call.index;
    this.#messagesMax = call.messagesMax;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  burn(fuel: number): void {
    this.fuel += fuel;
  }

  fail(faultCode: FaultCode = 1, guestCode = 0): never {
    throw new ScriptFault(faultCode, guestCode);
  }

  log(text: string): void {
    this.#emit(EffectKind.LOG, encodeUtf8(text), { level: 1 });
  }

  /** Request id where an answer is wanted, else 0; LIMIT where the turn has sent all that it may. */
  send(
    to: number,
    { topic = "", payload = "", wanted = false, timeoutTicks = -1 }: SendOptions = {},
  ): number {
    if (this.#isMute) return Refusal.LIMIT;
    const requestId = wanted ? this.#nextRequest() : 0;
    const flags = wanted ? MessageFlag.ANSWER_WANTED : 0;
    const message = this.#message({ peer: to, topic, payload, flags });
    this.#emit(EffectKind.SEND, message, { requestId, ticks: timeoutTicks });
    return requestId;
  }

  answer(
    question: Pick<Message, "peer" | "messageId">,
    payload: string,
    flags: number = MessageFlag.LAST_PART,
  ): void {
    if (this.#isMute) return;
    const { peer, messageId: correlationId } = question;
    const message = this.#message({ kind: MessageKind.ANSWER, peer, correlationId, payload, flags });
    this.#emit(EffectKind.SEND, message, { ticks: -1 });
  }

  publish(topic: string, payload = ""): void {
    if (!this.#isMute) this.#emit(EffectKind.PUBLISH, this.#message({ topic, payload }));
  }

  join(topic: string): void {
    this.#emit(EffectKind.JOIN, encodeUtf8(topic));
  }

  leave(topic: string): void {
    this.#emit(EffectKind.LEAVE, encodeUtf8(topic));
  }

  timer(delayTicks: number, topic = "timer", payload = ""): number {
    return this.#request(EffectKind.SCHEDULE, { kind: MessageKind.TIMER, topic, payload }, delayTicks);
  }

  /** `spec` is the JSON of a task; a text is passed as it is. */
  task(spec: object | string, delayTicks = 0): number {
    const payload = typeof spec === "string" ? spec : JSON.stringify(spec);
    return this.#request(EffectKind.TASK, { kind: MessageKind.TASK, payload }, delayTicks);
  }

  infer(model: string, payload = "", timeoutTicks = -1): number {
    return this.#request(EffectKind.INFER, { topic: model, payload }, timeoutTicks);
  }

  callTool(tool: string, payload = "", timeoutTicks = -1): number {
    return this.#request(EffectKind.CALL_TOOL, { topic: tool, payload }, timeoutTicks);
  }

  cancel(requestId: number): void {
    this.#emit(EffectKind.CANCEL, new Uint8Array(0), { requestId });
  }

  /** `spec` is the JSON of an agent spec; a text is passed as it is. */
  spawn(spec: object | string): { readonly requestId: number; readonly child: AgentHandle } {
    this.#ledger.spawns += 1;
    const child = handleOfChild((bytes) => nodeHasher.sha256(bytes), this.handle, this.#ledger.spawns);
    const json = encodeUtf8(typeof spec === "string" ? spec : JSON.stringify(spec));
    const body = new Uint8Array(8 + json.length);
    writeU64(new DataView(body.buffer), 0, child);
    body.set(json, 8);
    const requestId = this.#nextRequest();
    this.#emit(EffectKind.SPAWN, body, { requestId });
    return { requestId, child };
  }

  exit(code = 0): void {
    const body = new Uint8Array(4);
    new DataView(body.buffer).setInt32(0, code, true);
    this.#emit(EffectKind.EXIT, body);
  }

  lookup(id: string): AgentHandle | undefined {
    return this.#view.handleOf(id);
  }

  /** Handle by id; 0 where there is none. */
  handleOf(id: string): AgentHandle {
    return this.#view.handleOf(id) ?? OUTSIDE;
  }

  draw(stream: string, byteCount: number): void {
    const entry = this.#ledger.streams.find(([name]) => name === stream);
    if (entry === undefined) this.#ledger.streams.push([stream, byteCount]);
    else entry[1] += byteCount;
    this.#ledger.streams.sort(([left], [right]) => (left < right ? -1 : 1));
  }

  get #isMute(): boolean {
    return this.#ledger.messages >= this.#messagesMax;
  }

  #nextRequest(): number {
    this.#ledger.requests += 1;
    return this.#ledger.requests;
  }

  #request(kind: EffectKind, fields: MessageFields, ticks: number): number {
    const requestId = this.#nextRequest();
    this.#emit(kind, messageOf(fields, 0), { requestId, ticks });
    return requestId;
  }

  #message(fields: MessageFields): Uint8Array {
    this.#ledger.messages += 1;
    return messageOf(fields, this.#ledger.messages);
  }

  #emit(
    kind: EffectKind,
    body: Uint8Array,
    { level = 0, requestId = 0, ticks = 0 }: EffectFields = {},
  ): void {
    const invocation = this.#invocationIndex;
    this.effects.push(encodeEffect({ kind, level, invocation, requestId, ticks, body }));
  }
}

interface MessageFields {
  readonly kind?: MessageKind;
  readonly peer?: number;
  readonly correlationId?: number;
  readonly topic?: string;
  readonly payload?: string;
  readonly flags?: number;
}

function messageOf(fields: MessageFields, messageId: number): Uint8Array {
  const {
    kind = MessageKind.MESSAGE,
    peer = 0,
    correlationId = 0,
    topic = "",
    payload = "",
    flags = 0,
  } = fields;
  return encodeMessage({
    kind,
    encoding: Encoding.TEXT,
    flags,
    messageId,
    correlationId,
    peer,
    tick: 0,
    topic: encodeUtf8(topic),
    payload: encodeUtf8(payload),
  });
}
