/**
 * What a session owes its callers and may give only once it is durable: acknowledgements of inputs, answers to
 * questions, ends of durable steps, messages that left the world. Tells in order; decides nothing about ticks.
 */

import { MessageFlag } from "@wasm-engine/abi";
import type { ErrorRecord } from "@wasm-engine/abi";
import type { Input } from "@wasm-engine/core";
import { acknowledgedEvents } from "./acknowledged.js";
import type { EmitEvent, WorldMessage } from "./control.js";
import { duplicateSeqs } from "./dead-letter-log.js";
import { readErrorAnswer } from "./error-answer.js";
import { fail } from "./errors.js";
import { InputKeys } from "./input-keys.js";
import type { OpenRun } from "./open-run.js";
import { worldMessages } from "./report.js";
import type { DoneStep, InputRequest, PendingAcknowledgement } from "./session-calls.js";
import { Subscribers } from "./subscribers.js";

/** The run as far as it says what is durable; another one after what executes the agents was lost. */
export type SettledRun = Pick<OpenRun, "loop" | "log" | "durability">;

export class Settlement {
  readonly #emit: EmitEvent;
  readonly #keys: InputKeys;
  readonly subscribers: Subscribers;
  /** Departures up to here have been told: a run that is opened again releases them again. */
  #releasedTick = -1;
  #acknowledgements: PendingAcknowledgement[] = [];
  /** Sequence of the asking input -> id of the call that waits for the answer. */
  readonly #asks = new Map<number, number>();
  #doneSteps: DoneStep[] = [];
  /** Dead letters up to here have been looked at for questions that the world ignored. */
  #duplicatesTick = -1;

  /** Idempotency keys are remembered for `retainTicks`. */
  constructor(emit: EmitEvent, retainTicks: number) {
    this.#emit = emit;
    this.#keys = new InputKeys(retainTicks);
    this.subscribers = new Subscribers(emit);
  }

  /** Somebody waits for the disk. */
  get isWaiting(): boolean {
    return this.#acknowledgements.length > 0 || this.#doneSteps.length > 0;
  }

  /** `input` is logged for the call `id`, which hears of it, or of the answer to it, once that is durable. */
  expect(id: number, { method, key }: Pick<InputRequest, "method" | "key">, input: Input): void {
    const { seq, tick } = input;
    const first = key === undefined ? undefined : this.#keys.firstOf(key, input);
    if (method === "ask") this.#asks.set(seq, id);
    else if (first !== undefined || !this.#prolongs(id, input))
      this.#acknowledgements.push({ id, seq, tick, count: 1, first });
  }

  /** Adds the input to those that were logged before it, where it goes on where they end. */
  #prolongs(id: number, { seq, tick }: Input): boolean {
    const last = this.#acknowledgements.at(-1);
    if (last === undefined || last.first !== undefined || last.tick !== tick) return false;
    if (last.id + last.count !== id || last.seq + last.count !== seq) return false;
    last.count += 1;
    return true;
  }

  /** A step is over; its caller hears of it once its commit is durable. */
  expectStep(done: DoneStep): void {
    this.#doneSteps.push(done);
  }

  /** Nobody waits for `id` any more. An acknowledgement is given all the same: its input is logged. */
  forget(id: number): void {
    for (const [seq, waiting] of this.#asks) if (waiting === id) this.#asks.delete(seq);
    this.#doneSteps = this.#doneSteps.filter((step) => step.id !== id);
  }

  /** Tells everybody what has become durable since the last time. */
  settle(run: SettledRun): void {
    const { loop, log } = run;
    for (const released of loop.release()) {
      if (released.tick <= this.#releasedTick) continue;
      this.#releasedTick = released.tick;
      for (const [index, message] of worldMessages(loop.world, released).entries()) {
        const departure = released.departures[index];
        if (departure?.kind === "answer") this.#settleAsk(departure.inputSeq, message);
        else this.subscribers.publish(message);
      }
    }
    if (this.#asks.size > 0) this.#refuseDuplicates(run);
    const { durableSeq, durableTick } = log;
    if ((this.#acknowledgements[0]?.seq ?? Infinity) <= durableSeq) this.#acknowledge(run, durableSeq);
    while (this.#doneSteps[0] !== undefined && this.#doneSteps[0].tick <= durableTick) {
      const done = this.#doneSteps.shift();
      if (done !== undefined) this.answerStep(done);
    }
  }

  answerStep({ id, tick, chainHead }: DoneStep): void {
    this.#answer(id, { tick, chainHead });
  }

  /** The world is closed: questions get no answer any more. */
  refuseAsks(): void {
    for (const id of this.#asks.values())
      this.#refuse(id, fail("WE_WORLD_ENDED", { method: "ask" }).toRecord());
  }

  /** Answers whose input is durable, duplicates by themselves: they name another one. */
  #acknowledge({ durability }: SettledRun, durableSeq: number): void {
    const waiting = this.#acknowledgements;
    let end = waiting.length;
    while (end > 0 && (waiting[end - 1]?.seq ?? 0) > durableSeq) end -= 1;
    const pending = waiting.splice(0, end);
    const rest = cutAt(pending.at(-1), durableSeq);
    if (rest !== undefined) waiting.unshift(rest);
    const duplicates = pending.filter(({ first }) => first !== undefined);
    const fresh = duplicates.length === 0 ? pending : pending.filter(({ first }) => first === undefined);
    for (const event of acknowledgedEvents(fresh, durability)) this.#emit(event);
    for (const { id, first } of duplicates)
      if (first !== undefined) this.#answer(id, { ...first, durability, duplicate: true });
  }

  /** A question that the world ignored gets no answer from anybody else. */
  #refuseDuplicates({ loop }: SettledRun): void {
    const since = this.#duplicatesTick + 1;
    this.#duplicatesTick = loop.releasedTick;
    for (const seq of duplicateSeqs(loop.deadLetters.between(since, loop.releasedTick))) {
      const id = this.#asks.get(seq);
      if (id === undefined) continue;
      this.#asks.delete(seq);
      this.#refuse(id, fail("WE_INPUT_DUPLICATE", { seq }).toRecord());
    }
  }

  #settleAsk(inputSeq: number | undefined, message: WorldMessage): void {
    const id = inputSeq === undefined ? undefined : this.#asks.get(inputSeq);
    if (id === undefined || inputSeq === undefined) return;
    this.#asks.delete(inputSeq);
    if ((message.flags & MessageFlag.ERROR) === 0) return this.#answer(id, message);
    const { code, reason } = readErrorAnswer(message.payload);
    this.#refuse(id, fail("WE_ASK_FAILED", { agent: message.agentId, answerCode: code, reason }).toRecord());
  }

  #answer(id: number, value: unknown): void {
    this.#emit({ kind: "answer", id, value });
  }

  #refuse(id: number, error: ErrorRecord): void {
    this.#emit({ kind: "refusal", id, error });
  }
}

/** Takes what lies behind `durableSeq` out of a run. */
function cutAt(
  run: PendingAcknowledgement | undefined,
  durableSeq: number,
): PendingAcknowledgement | undefined {
  if (run === undefined || run.seq + run.count - 1 <= durableSeq) return undefined;
  const { id, seq, tick, count, first } = run;
  run.count = durableSeq - seq + 1;
  return { id: id + run.count, seq: durableSeq + 1, tick, count: count - run.count, first };
}
