/**
 * Requests that have left the world and wait for their logged result: hands them to whoever answers them, says at
 * which tick an answer is due or enters, and turns answers into inputs. What the world no longer waits for is forgotten
 * here and never logged. What is pending is derived from the world's own requests, so a resumed run asks again.
 */

import { Encoding, assert, encodeUtf8 } from "@wasm-engine/abi";
import type { ExternalRequest, Input, InputBody, ProviderChange, WorldContract } from "@wasm-engine/core";
import { answererOf } from "./model-swaps.js";
import type { ModelSwap } from "./model-swaps.js";
import { requestKey } from "./request-key.js";
import type { AnswerEvent, Answerer, RequestAnswer } from "./answerer.js";
import { EnteredParts, TextProgress } from "./text-progress.js";
import type { BegunText } from "./text-progress.js";

interface PendingRequest {
  readonly request: ExternalRequest;
  /** Model or tool that is asked: another than the request names where models were swapped. */
  readonly name: string;
  /** Undefined where nobody answers. */
  readonly answerer: Answerer | undefined;
  /** Tick at which the answer enters; undefined: whenever it has come, or as {@link text} says. */
  readonly dueTick: number | undefined;
  answer: RequestAnswer | "refused" | undefined;
  /** Where the answer is a text. */
  readonly text?: TextProgress;
  /** Parts that have entered, which a desk without answerers keeps for another one. */
  readonly entered: EnteredParts;
  /** What has come before the answer, and enters without waiting for it. */
  parts: Part[];
}

type Part = Extract<AnswerEvent, { readonly kind: "part" }>;

/** How requests were answered since the run was opened by this process. */
export interface AnswerFigures {
  /** By models and tools. */
  asked: number;
  /** Taken from an earlier answer to an equal request. */
  reused: number;
}

export type WorldRequests = Pick<WorldContract, "awaits">;

export class RequestDesk {
  readonly figures: AnswerFigures = { asked: 0, reused: 0 };
  readonly #world: WorldRequests;
  readonly #answerers: readonly Answerer[];
  readonly #swaps: readonly ModelSwap[];
  /** In order of emission. */
  #pending = new Map<string, PendingRequest>();
  /** Go out when their ticks are durable. */
  #held: ExternalRequest[] = [];
  #changes: ProviderChange[] = [];
  /** Texts that are pending. */
  #textCount = 0;
  /** Last input that was settled: what a resumed run adopts is shown here twice. */
  #settledSeq = 0;
  /** Milliseconds in which nothing but answers was waited for, and since when it is so again. */
  #stallMs = 0;
  #stalledSinceMs: number | undefined;
  #isAsking = false;

  /** The first of `answerers` that knows a name answers it. @param swaps as of every tick whose requests are noted */
  constructor(world: WorldRequests, answerers: readonly Answerer[], swaps: readonly ModelSwap[] = []) {
    this.#world = world;
    this.#answerers = answerers;
    this.#swaps = swaps;
  }

  /** Everything that is pending, in order of emission: what a snapshot keeps. */
  get requests(): ExternalRequest[] {
    return [...this.#pending.values()].map(({ request }) => request);
  }

  /** Time for which ticks waited for answers, in milliseconds. */
  get stallMs(): number {
    return this.#stallMs;
  }

  /** Requests of an executed tick. Asked at once, or by {@link begin} where the run is still recovering. */
  note(requests: readonly ExternalRequest[]): void {
    this.#forgetClosed();
    const fresh = requests.filter(({ agent, requestId }) => this.#world.awaits(agent, requestId));
    for (const request of fresh) this.#add(request);
    if (this.#isAsking) this.#hand(fresh);
  }

  /** Requests up to this tick may go out: their causes are durable. */
  release(durableTick: number): void {
    if (this.#held[0] === undefined || this.#held[0].tick > durableTick) return;
    const end = this.#held.findIndex(({ tick }) => tick > durableTick);
    const count = end === -1 ? this.#held.length : end;
    // What cannot be noted for want of space is asked again as it is; an answerer knows what it has begun.
    this.#ask(this.#held.slice(0, count));
    this.#held.splice(0, count);
  }

  /** Something waits for {@link release}. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** From now on requests are answered, first what is pending. `logged`: inputs of the log that enter later. */
  begin(logged: readonly Input[]): void {
    assert(!this.#isAsking, "asking begins once");
    this.#isAsking = true;
    this.settle(logged);
    this.#hand(this.requests);
  }

  /** Results that enter with `inputs` need no further answer, and parts no second entrance. */
  settle(inputs: readonly Input[]): void {
    for (const { seq, body } of inputs) {
      if (seq <= this.#settledSeq) continue;
      this.#settledSeq = seq;
      if (body.kind !== "result") continue;
      const key = requestKey(body.agent, body.requestId);
      if (body.last) this.#drop(key);
      else this.#pending.get(key)?.entered.add(body.payload);
    }
  }

  /** Answers of which parts have entered: what a snapshot keeps beside {@link requests}. */
  get begunTexts(): BegunText[] {
    const begun: BegunText[] = [];
    for (const { request, entered } of this.#pending.values()) {
      const { agent, requestId } = request;
      const { count: parts, digest } = entered;
      if (parts > 0) begun.push({ agent, requestId, parts, digest });
    }
    return begun;
  }

  /** A snapshot says what had entered of texts. */
  recall(texts: readonly BegunText[]): void {
    for (const begun of texts)
      this.#pending.get(requestKey(begun.agent, begun.requestId))?.entered.recall(begun);
  }

  /** A tick that is due may turn out to have nothing, once what it has waited for is known. */
  get isForetelling(): boolean {
    return this.#textCount > 0;
  }

  /** The first tick from `first` on at which an answer enters; `floor` is that of the wall clock. */
  dueTick(first: number, floor: number): number | undefined {
    this.#poll();
    let due = Infinity;
    for (const { dueTick, answer, parts, text } of this.#pending.values()) {
      const next = text?.nextTick;
      if (next !== undefined && next !== Infinity)
        due = Math.min(due, Math.max(first, next === 0 ? floor : next));
      else if (dueTick !== undefined) due = Math.min(due, Math.max(first, dueTick));
      else if (answer !== undefined || parts.length > 0) due = Math.min(due, Math.max(first, floor));
    }
    return due === Infinity ? undefined : due;
  }

  /** True while an answer is awaited that has no tick of its own. */
  get isAwaiting(): boolean {
    for (const { dueTick, answer, text } of this.#pending.values()) {
      if (dueTick === undefined && answer === undefined && (text?.openTick ?? Infinity) === Infinity)
        return true;
    }
    return false;
  }

  /** True where every answer that is due at `tick` is there; the time between the first no and the yes is a stall. */
  isReady(tick: number): boolean {
    if (this.#lacks(tick)) {
      this.#stalledSinceMs ??= performance.now();
      this.#poll();
      while (this.#lacks(tick)) {
        if (!this.#answerers.some((answerer) => answerer.looksAgain())) return false;
        this.#poll();
      }
    }
    if (this.#stalledSinceMs !== undefined) this.#stallMs += performance.now() - this.#stalledSinceMs;
    this.#stalledSinceMs = undefined;
    return true;
  }

  /** What enters at `tick`: changes of provider, then parts and results in order of emission. */
  take(tick: number): readonly InputBody[] {
    assert(!this.#lacks(tick), "a tick waits for the answers that are due in it");
    const bodies: InputBody[] = this.#changes.map(changeBody);
    this.#changes = [];
    for (const [key, pending] of this.#pending) {
      const { request, dueTick, answer, text } = pending;
      for (const part of pending.parts.splice(0)) bodies.push(partBody(request, part));
      for (const part of text?.take(tick) ?? []) bodies.push(partBody(request, part));
      if (answer === undefined || (dueTick !== undefined && dueTick > tick)) continue;
      if (text?.endsAt(tick) === false) continue;
      this.#drop(key);
      bodies.push(resultBody(request, answer));
    }
    return bodies;
  }

  #lacks(tick: number): boolean {
    for (const { dueTick, answer, text } of this.#pending.values()) {
      if (answer === undefined && dueTick !== undefined && dueTick <= tick) return true;
      if (text !== undefined && text.openTick <= tick) return true;
    }
    return false;
  }

  #forgetClosed(): void {
    for (const [key, { request }] of this.#pending) {
      if (!this.#world.awaits(request.agent, request.requestId)) this.#drop(key);
    }
  }

  #drop(key: string): void {
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    if (pending?.text !== undefined) this.#textCount -= 1;
    pending?.answerer?.forget(pending.request);
  }

  #add(request: ExternalRequest): void {
    const { agent, requestId, tick } = request;
    const target = { kind: request.kind, name: answererOf(this.#swaps, request) };
    const answerer = this.#answerers.find((candidate) => candidate.schedule(target) !== undefined);
    const schedule = answerer?.schedule(target);
    const entered = new EnteredParts();
    const base = { request, name: target.name, answerer, parts: [], entered };
    const key = requestKey(agent, requestId);
    if (schedule === undefined) {
      // No adapter: the answer is known at once and enters in the next tick.
      this.#pending.set(key, { ...base, dueTick: tick + 1, answer: "refused" });
      return;
    }
    const isLockstep = schedule.delivery === "lockstep";
    if (schedule.text !== undefined) {
      const text = new TextProgress(request, isLockstep ? schedule.text : undefined, entered);
      this.#pending.set(key, { ...base, dueTick: undefined, answer: undefined, text });
      this.#textCount += 1;
      return;
    }
    const dueTick = isLockstep ? tick + Math.max(1, schedule.latencyTicks) : undefined;
    this.#pending.set(key, { ...base, dueTick, answer: undefined });
  }

  /** Asks at once what shows nowhere outside; the rest is held until its tick is durable. */
  #hand(requests: readonly ExternalRequest[]): void {
    const isHeld = ({ agent, requestId }: ExternalRequest): boolean =>
      this.#pending.get(requestKey(agent, requestId))?.answerer?.waitsForLog === true;
    this.#held.push(...requests.filter(isHeld));
    this.#ask(requests.filter((request) => !isHeld(request)));
  }

  /** One batch per tick and name, in order of emission. */
  #ask(requests: readonly ExternalRequest[]): void {
    const batches = new Map<string, { answerer: Answerer; name: string; requests: ExternalRequest[] }>();
    for (const request of requests) {
      const { kind, tick, agent, requestId } = request;
      const { answerer, answer, name } = this.#pending.get(requestKey(agent, requestId)) ?? {};
      if (answerer === undefined || answer !== undefined || name === undefined) continue;
      const key = `${tick}:${kind}:${name}`;
      const batch = batches.get(key) ?? { answerer, name, requests: [] };
      batch.requests.push(request);
      batches.set(key, batch);
    }
    for (const batch of batches.values()) batch.answerer.ask(batch.name, batch.requests);
  }

  #poll(): void {
    for (const answerer of this.#answerers) for (const event of answerer.poll()) this.#hear(event);
  }

  #hear(event: AnswerEvent): void {
    if (event.kind === "changed") this.#changes.push(event.change);
    if (event.kind === "changed" || event.kind === "died") return;
    // Undefined where the world has stopped waiting: a late answer is dropped. The first of two counts.
    const pending = this.#pending.get(requestKey(event.request.agent, event.request.requestId));
    if (pending === undefined || pending.answer !== undefined) return;
    if (event.kind === "part") {
      if (pending.dueTick === undefined) pending.parts.push(event);
      return;
    }
    const { text } = pending;
    if (event.kind === "prompt") return text?.hearPrompt(event.tokens);
    if (event.kind === "text") text?.hearPart(event);
    else text?.hearEnd(event.answer.ok);
    if (text?.strays === true) {
      // Another machine, or files that were changed: what has entered cannot be taken back or gone on with.
      pending.answer = otherText;
      text.hearEnd(false);
      pending.answerer?.forget(pending.request);
      return;
    }
    if (event.kind === "text") return;
    pending.answer = event.answer;
    if (event.reused === true) this.figures.reused += 1;
    else this.figures.asked += 1;
  }
}

/** Stable: it becomes a logged answer. */
const otherText: RequestAnswer = {
  ok: false,
  code: "FAILED",
  message: "the text was begun and cannot be gone on with: written again it is another one",
  retryable: true,
};

function changeBody({ model, from, to }: ProviderChange): InputBody {
  return { kind: "provider-changed", model, from, to, reason: "run-failed" };
}

function partBody(
  { agent, requestId }: ExternalRequest,
  { encoding, payload }: Pick<Part, "encoding" | "payload">,
): InputBody {
  return { kind: "result", agent, requestId, source: "token", ok: true, last: false, encoding, payload };
}

/** The last answer to a request, as it enters the world. */
export function resultBody(request: ExternalRequest, answer: RequestAnswer | "refused"): InputBody {
  const { agent, requestId, kind: source } = request;
  const head = { kind: "result", agent, requestId, source, last: true } as const;
  if (answer !== "refused" && answer.ok) {
    return { ...head, ok: true, encoding: answer.encoding, payload: answer.payload };
  }
  const none = `no adapter answers ${source} requests for "${request.name}" in this run`;
  const message = answer === "refused" ? none : answer.message;
  const code = answer === "refused" ? "FAILED" : (answer.code ?? "FAILED");
  const retryable = answer !== "refused" && "retryable" in answer && answer.retryable;
  const text = JSON.stringify({ code, message, retryable });
  return { ...head, ok: false, encoding: Encoding.JSON, payload: encodeUtf8(text) };
}
