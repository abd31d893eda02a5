/**
 * Calls on their way to a world. What is asked within one turn of an event loop crosses a pipe or a thread in one
 * piece, in its order; runs of messages from outside, which come by the hundred thousand, cross as columns, because
 * cloning objects one by one would cost more than executing what they ask for.
 */

import type { AgentId, Encoding } from "@wasm-engine/abi";
import type { ControlCall, ControlRequest } from "./control.js";
import type { CallMessage, InputBatch } from "./job.js";
import { batchCallsMax, batchPayloadBytesMax } from "./limits.js";
import type { InputRequest } from "./session-calls.js";

/** Words per input in `heads`: receiver, topic, encoding with whether the receiver must be known, payload bytes. */
const headWords = 4;
const knownBit = 0x100;

type MessageRequest = InputRequest & { readonly body: { readonly kind: "message" } };

interface PackedCall {
  readonly id: number;
  readonly request: MessageRequest;
}

/** Gathers calls until the code that is running, and every promise that it settles, has had its turn. */
export class CallGatherer {
  readonly #post: (message: CallMessage) => void;
  #calls: ControlCall[] = [];

  constructor(post: (message: CallMessage) => void) {
    this.#post = post;
  }

  push(call: ControlCall): void {
    this.#calls.push(call);
    if (this.#calls.length === 1) process.nextTick(() => this.flush());
  }

  flush(): void {
    const calls = this.#calls;
    this.#calls = [];
    for (const message of gathered(calls)) this.#post(message);
  }
}

/** The messages that carry `calls`, in their order. */
export function gathered(calls: readonly ControlCall[]): readonly CallMessage[] {
  const messages: CallMessage[] = [];
  let run: PackedCall[] = [];
  let runBytes = 0;
  const close = (): void => {
    const [only] = run;
    if (run.length > 1) messages.push(packed(run));
    else if (only !== undefined) messages.push({ kind: "call", call: only });
    run = [];
    runBytes = 0;
  };
  for (const call of calls) {
    if (!isMessage(call)) {
      close();
      messages.push({ kind: "call", call });
      continue;
    }
    if (run.length >= batchCallsMax || runBytes >= batchPayloadBytesMax) close();
    run.push(call);
    runBytes += call.request.body.payload.length;
  }
  close();
  return messages;
}

function isMessage(call: ControlCall): call is PackedCall {
  const { request } = call;
  return request.method === "input" && request.body.kind === "message";
}

function packed(calls: readonly PackedCall[]): InputBatch {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (name: string): number => {
    let number = numbers.get(name);
    if (number === undefined) {
      numbers.set(name, (number = names.length));
      names.push(name);
    }
    return number;
  };
  const ids = new Float64Array(calls.length);
  const heads = new Uint32Array(calls.length * headWords);
  const bytes = calls.reduce((sum, { request }) => sum + request.body.payload.length, 0);
  const payloads = new Uint8Array(bytes);
  const keys = calls.some(({ request }) => request.key !== undefined)
    ? calls.map(({ request }) => request.key)
    : undefined;
  let end = 0;
  for (const [index, { id, request }] of calls.entries()) {
    const { to, topic, encoding, payload } = request.body;
    ids[index] = id;
    const at = index * headWords;
    heads[at] = numberOf(to);
    heads[at + 1] = numberOf(topic);
    heads[at + 2] = encoding | (request.known === true ? knownBit : 0);
    heads[at + 3] = payload.length;
    payloads.set(payload, end);
    end += payload.length;
  }
  return { kind: "inputs", ids, heads, names, payloads, ...(keys === undefined ? {} : { keys }) };
}

/** Calls `take` with every call of the batch; payloads alias it. */
export function forEachInput(batch: InputBatch, take: (id: number, request: ControlRequest) => void): void {
  const { ids, heads, names, payloads, keys } = batch;
  let start = 0;
  for (let index = 0; index < ids.length; index += 1) {
    const at = index * headWords;
    const bits = heads[at + 2] ?? 0;
    const end = start + (heads[at + 3] ?? 0);
    const body = {
      kind: "message",
      to: (names[heads[at] ?? 0] ?? "") as AgentId, // packed from an id
      topic: names[heads[at + 1] ?? 0] ?? "",
      encoding: (bits & (knownBit - 1)) as Encoding, // packed from one
      payload: payloads.subarray(start, end),
      answerWanted: false,
    } as const;
    const key = keys?.[index];
    const known = (bits & knownBit) !== 0;
    const isPlain = key === undefined && !known;
    take(
      ids[index] ?? 0,
      isPlain
        ? { method: "input", body }
        : { method: "input", body, known, ...(key === undefined ? {} : { key }) },
    );
    start = end;
  }
}
