/**
 * One client of the control socket: reads requests, carries them out in their order, writes answers. Its memory is
 * bounded: a line, calls under way, and what it has not read; who exceeds that is refused or cut off.
 */

import type { Socket } from "node:net";
import { EngineError } from "@wasm-engine/abi";
import type { Genesis } from "@wasm-engine/core";
import type { ControlRequest, ReceiverReport, WorldMessage } from "../world/control.js";
import type { Answer, CallDesk, SubscriptionReader } from "./call-desk.js";
import { fail as aborted } from "../world/errors.js";
import { fail } from "./errors.js";
import { writeGathered } from "./gathered-write.js";
import { answerLine, errorLine, isBadLine, notificationLine, parseRequest } from "./json-rpc.js";
import type { Request, RequestId } from "./json-rpc.js";
import {
  answerBytesMax,
  callsUnderWayMax,
  messagesPerCredit,
  messagesUnderWayMax,
  requestLineBytesMax,
  subscriptionsMax,
  unreadBytesMax,
  unreadBytesRest,
} from "./limits.js";
import { LineReader } from "./line-reader.js";
import type { MessageCheck } from "./message-check.js";
import { batchEntries, checkedEntries, startBatch } from "./message-batch.js";
import type { BatchEntry } from "./message-batch.js";
import { batchMethods, controlMethods } from "./methods.js";
import { isRecord } from "./record.js";
import { checkParams } from "./params-check.js";
import { wireAnswer, wireMessage } from "./wire-message.js";

export interface ConnectionParts {
  readonly socket: Socket;
  readonly desk: CallDesk;
  readonly genesis: Genesis;
  readonly messages: MessageCheck;
  readonly pid: number;
}

/** Calls whose work goes on in the world until it is told that nobody waits. */
const lastingMethods: ReadonlySet<string> = new Set(["ask", "send", "step"]);

interface UnderWay {
  readonly method: string;
  /** Of the desk; absent before the world was asked. */
  number?: number;
}

export class ControlConnection implements SubscriptionReader {
  readonly #parts: ConnectionParts;
  readonly #lines = new LineReader(requestLineBytesMax);
  readonly #calls = new Map<RequestId, UnderWay>();
  /** Messages written per subscription since its credit was renewed. */
  readonly #subscriptions = new Map<number, number>();
  /** Requests that wait for an earlier one to be checked: what one connection sends is logged in its order. */
  #tail: Promise<void> | undefined;
  #isClosed = false;
  /** When it was last heard, in milliseconds of the process's clock. */
  heardMs = performance.now();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    const { socket } = parts;
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("drain", () => socket.resume());
  }

  /** Nothing is under way: closing it harms nobody. */
  get rests(): boolean {
    return this.#calls.size === 0 && this.#subscriptions.size === 0;
  }

  /** The socket has closed: nobody reads any more. */
  leave(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { desk } = this.#parts;
    for (const { number, method } of this.#calls.values()) {
      if (number !== undefined) desk.forget(number, lastingMethods.has(method));
    }
    for (const subscription of this.#subscriptions.keys()) desk.unread(subscription);
    this.#calls.clear();
    this.#subscriptions.clear();
  }

  /** A last word, then no more. */
  dismiss(error: EngineError): void {
    const { socket } = this.#parts;
    socket.write(errorLine(null, error));
    socket.destroySoon();
    this.leave();
  }

  message(subscription: number, message: WorldMessage): void {
    const written = (this.#subscriptions.get(subscription) ?? 0) + 1;
    const isDue = written >= messagesPerCredit;
    this.#subscriptions.set(subscription, isDue ? 0 : written);
    if (isDue) this.#parts.desk.call({ method: "credit", subscription, messages: written });
    this.#write(notificationLine("message", { subscription, ...wireMessage(message) }));
  }

  overrun(): void {
    this.#parts.socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.heardMs = performance.now();
    const lines = this.#lines.push(bytes);
    if (lines === undefined) return this.dismiss(fail("WE_CONTROL_LINE_SIZE", { max: requestLineBytesMax }));
    for (const line of lines) if (!this.#isClosed) this.#take(line);
  }

  #take(line: string): void {
    const parsed = parseRequest(line);
    if (isBadLine(parsed)) return this.#write(errorLine(parsed.id, parsed.error, parsed.code));
    const { id, method } = parsed;
    if (this.#calls.has(id)) {
      const reason = `the id ${JSON.stringify(id)} is that of another call under way`;
      return this.#write(errorLine(id, fail("WE_CONTROL_REQUEST", { reason })));
    }
    if (this.#calls.size >= callsUnderWayMax) {
      return this.#write(
        errorLine(id, fail("WE_CONTROL_BUSY", { max: callsUnderWayMax, what: "calls under way" })),
      );
    }
    const underWay: UnderWay = { method };
    this.#calls.set(id, underWay);
    if (this.#tail === undefined && !this.#mustCheck(parsed))
      this.#guarded(parsed, () => this.#start(parsed, underWay));
    else this.#queue(parsed, underWay);
  }

  /** After the requests before it. */
  #queue(request: Request, underWay: UnderWay): void {
    const before = this.#tail ?? Promise.resolve();
    const tail = before.then(async () => {
      if (Object.hasOwn(batchMethods, request.method)) await this.#startChecked(request, underWay);
      else {
        const isFit = !this.#mustCheck(request) || (await this.#checked(request));
        if (isFit && !this.#isClosed) this.#guarded(request, () => this.#start(request, underWay));
      }
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
  }

  #mustCheck({ method, params }: Request): boolean {
    if (!this.#parts.messages.isNeeded) return false;
    if (Object.hasOwn(batchMethods, method)) return true;
    const isMessage = Object.hasOwn(controlMethods, method) && controlMethods[method]?.checksMessage === true;
    return isMessage && params["check"] !== false;
  }

  /** Begins a batch; of its messages those that do not fit what their receivers take are answered so. */
  async #startChecked(request: Request, underWay: UnderWay): Promise<void> {
    const { genesis, messages } = this.#parts;
    const entries: BatchEntry[] = [];
    this.#guarded(request, () => {
      checkParams(request.method, request.params);
      entries.push(...batchEntries(request.params, genesis));
    });
    if (!this.#calls.has(request.id)) return;
    const checked = messages.isNeeded ? await checkedEntries(entries, this.#parts) : entries;
    if (!this.#isClosed) this.#startBatch(request, underWay, checked);
  }

  #startBatch({ id, method }: Request, underWay: UnderWay, entries: readonly BatchEntry[]): void {
    const last = startBatch(entries, this.#parts.desk, (answer) => this.#settle(id, method, answer));
    if (last !== undefined) underWay.number = last;
  }

  /** Whether the body fits what its receiver takes; where it does not, that is answered. */
  #checked(request: Request): Promise<boolean> {
    const { desk, messages, genesis } = this.#parts;
    return new Promise((resolve) => {
      const refuse = (): void => resolve(false);
      this.#guarded(
        request,
        () => {
          checkParams(request.method, request.params);
          const [asked] = controlMethods[request.method]?.requests(request.params, genesis) ?? [];
          const body = asked !== undefined && "body" in asked ? asked.body : undefined;
          if (body?.kind !== "message") return resolve(true);
          desk.call({ method: "receiver", agent: body.to }, (answer) => {
            const { module } = answer.ok ? (answer.value as ReceiverReport) : {}; // the session answers so
            const check = (): void => {
              if (module !== undefined) messages.check(module, body);
              resolve(true);
            };
            this.#guarded(request, check, refuse);
          });
        },
        refuse,
      );
    });
  }

  /** Does `work`; what cannot be done is answered. */
  #guarded({ id, method }: Request, work: () => void, onRefusal?: () => void): void {
    try {
      work();
    } catch (error) {
      if (EngineError.is(error) && error.code === "WE_INTERNAL_ASSERTION") throw error;
      const problems = error instanceof Error ? error.message : String(error);
      // Not coded: nested so deep that it cannot be written again, or the like.
      const coded = EngineError.is(error) ? error : fail("WE_CONTROL_PARAMS", { method, problems });
      this.#settle(id, method, { ok: false, error: coded });
      onRefusal?.();
    }
  }

  #start(request: Request, underWay: UnderWay): void {
    const { id, method, params } = request;
    checkParams(method, params);
    if (Object.hasOwn(batchMethods, method))
      return this.#startBatch(request, underWay, batchEntries(params, this.#parts.genesis));
    const definition = Object.hasOwn(controlMethods, method) ? controlMethods[method] : undefined;
    if (method === "subscribe") return this.#subscribe(request);
    if (definition === undefined) return this.#settle(id, method, { ok: true, value: this.#own(request) });
    const { desk, genesis } = this.#parts;
    const requests: ControlRequest[] = [...definition.requests(params, genesis)];
    const last = requests.pop();
    for (const first of requests) desk.call(first);
    if (last === undefined) return;
    underWay.number = desk.call(last, (answer) => this.#settle(id, method, answer), definition.isHeavy);
  }

  /** Methods about this connection. */
  #own({ method, params }: Request): unknown {
    if (method === "unsubscribe") {
      const subscription = Number(params["subscription"]);
      if (this.#subscriptions.delete(subscription)) this.#parts.desk.unread(subscription);
      return {};
    }
    const id = params["id"] as RequestId; // the schema of cancel
    const call = this.#calls.get(id);
    if (call?.number === undefined) return {};
    this.#parts.desk.forget(call.number, lastingMethods.has(call.method));
    this.#settle(id, call.method, { ok: false, error: aborted("WE_WORLD_ABORTED", { method: call.method }) });
    return {};
  }

  #subscribe({ id, method, params }: Request): void {
    if (this.#subscriptions.size >= subscriptionsMax) {
      throw fail("WE_CONTROL_BUSY", { max: subscriptionsMax, what: "subscriptions" });
    }
    const { desk } = this.#parts;
    const subscription = desk.number();
    this.#subscriptions.set(subscription, 0);
    desk.read(subscription, this);
    const topic = String(params["topic"]);
    desk.call({ method: "subscribe", topic, subscription, credit: messagesUnderWayMax }, (answer) => {
      const value = { subscription, ...(answer.ok ? (answer.value as object) : {}) }; // the session answers { tick }
      this.#settle(id, method, answer.ok ? { ok: true, value } : answer);
    });
  }

  #settle(id: RequestId, method: string, answer: Answer): void {
    if (!this.#calls.delete(id) || this.#isClosed) return;
    if (!answer.ok) return this.#write(errorLine(id, answer.error));
    const value = method === "status" ? withPid(answer.value, this.#parts.pid) : answer.value;
    const line = answerLine(id, wireAnswer(value));
    const bytes = Buffer.byteLength(line);
    if (bytes <= answerBytesMax) return this.#write(line);
    this.#write(errorLine(id, fail("WE_CONTROL_ANSWER_SIZE", { method, bytes, max: answerBytesMax })));
  }

  /** Who does not read is not read from either, and in the end cut off. */
  #write(line: string): void {
    const { socket } = this.#parts;
    if (this.#isClosed || socket.destroyed) return;
    writeGathered(socket, line);
    if (socket.writableLength > unreadBytesMax) socket.destroy();
    else if (socket.writableLength > unreadBytesRest) socket.pause();
  }
}

/** The world does not know which process it is in. */
function withPid(status: unknown, pid: number): unknown {
  return isRecord(status) ? { ...status, pid } : status;
}
