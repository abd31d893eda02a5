/**
 * Requests that have left the world and wait for their logged result: hands them to the models in batches, says at
 * which tick an answer is due or enters, and turns answers into inputs. What the world no longer waits for is forgotten
 * here and never logged. What is pending is derived from the world's own requests, so a resumed run asks again.
 */

import { Encoding, assert, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { ExternalRequest, Input, InputBody, ProviderChange, WorldContract } from "@wasm-engine/core";
import type { ModelAnswer, Models } from "./contract.js";

interface PendingRequest {
  readonly request: ExternalRequest;
  /** Tick at which the answer enters; undefined: whenever it has come. */
  readonly dueTick: number | undefined;
  answer: ModelAnswer | "refused" | undefined;
}

export type WorldRequests = Pick<WorldContract, "awaits">;

export class RequestDesk {
  readonly #world: WorldRequests;
  readonly #models: Models | undefined;
  /** In order of emission. */
  #pending = new Map<string, PendingRequest>();
  #changes: ProviderChange[] = [];
  /** Milliseconds in which nothing but answers was waited for, and since when it is so again. */
  #stallMs = 0;
  #stalledSinceMs: number | undefined;
  #isAsking = false;

  constructor(world: WorldRequests, models: Models | undefined) {
    this.#world = world;
    this.#models = models;
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
    if (this.#isAsking) this.#ask(fresh);
  }

  /** From now on models are asked, first what is pending. `logged`: inputs of the log that enter later. */
  begin(logged: readonly Input[]): void {
    assert(!this.#isAsking, "asking begins once");
    this.#isAsking = true;
    this.settle(logged);
    this.#ask(this.requests);
  }

  /** Results that enter with `inputs` need no further answer. */
  settle(inputs: readonly Input[]): void {
    for (const key of answeredBy(inputs)) this.#pending.delete(key);
  }

  /** The first tick from `first` on at which an answer enters; `floor` is that of the wall clock. */
  dueTick(first: number, floor: number): number | undefined {
    this.#poll();
    let due = Infinity;
    for (const { dueTick, answer } of this.#pending.values()) {
      if (dueTick !== undefined) due = Math.min(due, Math.max(first, dueTick));
      else if (answer !== undefined) due = Math.min(due, Math.max(first, floor));
    }
    return due === Infinity ? undefined : due;
  }

  /** True while an answer is awaited that has no tick of its own. */
  get isAwaiting(): boolean {
    for (const { dueTick, answer } of this.#pending.values()) {
      if (dueTick === undefined && answer === undefined) return true;
    }
    return false;
  }

  /** True where every answer that is due at `tick` is there; the time between the first no and the yes is a stall. */
  isReady(tick: number): boolean {
    if (this.#lacks(tick)) {
      this.#stalledSinceMs ??= performance.now();
      this.#poll();
      while (this.#lacks(tick)) {
        if (this.#models?.looksAgain() !== true) return false;
        this.#poll();
      }
    }
    if (this.#stalledSinceMs !== undefined) this.#stallMs += performance.now() - this.#stalledSinceMs;
    this.#stalledSinceMs = undefined;
    return true;
  }

  /** What enters at `tick`: changes of provider, then results in order of emission. */
  take(tick: number): readonly InputBody[] {
    assert(!this.#lacks(tick), "a tick waits for the answers that are due in it");
    const bodies: InputBody[] = this.#changes.map(changeBody);
    this.#changes = [];
    for (const [key, { request, dueTick, answer }] of this.#pending) {
      if (answer === undefined || (dueTick !== undefined && dueTick > tick)) continue;
      this.#pending.delete(key);
      bodies.push(resultBody(request, answer));
    }
    return bodies;
  }

  #lacks(tick: number): boolean {
    for (const { dueTick, answer } of this.#pending.values()) {
      if (answer === undefined && dueTick !== undefined && dueTick <= tick) return true;
    }
    return false;
  }

  #forgetClosed(): void {
    for (const [key, { request }] of this.#pending) {
      if (!this.#world.awaits(request.agent, request.requestId)) this.#pending.delete(key);
    }
  }

  #add(request: ExternalRequest): void {
    const { kind, name, agent, requestId, tick } = request;
    const schedule = kind === "inference" ? this.#models?.schedule(name) : undefined;
    const key = keyOf(agent, requestId);
    if (schedule === undefined) {
      // No adapter: the answer is known at once and enters in the next tick.
      this.#pending.set(key, { request, dueTick: tick + 1, answer: "refused" });
      return;
    }
    const isLockstep = schedule.delivery === "lockstep";
    const dueTick = isLockstep ? tick + Math.max(1, schedule.latencyTicks) : undefined;
    this.#pending.set(key, { request, dueTick, answer: undefined });
  }

  /** One batch per tick and model, in order of emission. */
  #ask(requests: readonly ExternalRequest[]): void {
    const batches = new Map<string, ExternalRequest[]>();
    for (const request of requests) {
      if (this.#pending.get(keyOf(request.agent, request.requestId))?.answer !== undefined) continue;
      const key = `${request.tick}:${request.name}`;
      const batch = batches.get(key);
      if (batch === undefined) batches.set(key, [request]);
      else batch.push(request);
    }
    for (const [first, ...rest] of batches.values()) {
      if (first !== undefined) this.#models?.ask(first.name, [first, ...rest]);
    }
  }

  #poll(): void {
    for (const event of this.#models?.poll() ?? []) {
      if (event.kind === "changed") this.#changes.push(event.change);
      if (event.kind !== "answer") continue;
      // Undefined where the world has stopped waiting: a late answer is dropped.
      const pending = this.#pending.get(keyOf(event.request.agent, event.request.requestId));
      if (pending !== undefined) pending.answer = event.answer;
    }
  }
}

function keyOf(agent: AgentHandle, requestId: number): string {
  return `${agent}:${requestId}`;
}

function answeredBy(inputs: readonly Input[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { body } of inputs) {
    if (body.kind === "result" && body.last) keys.add(keyOf(body.agent, body.requestId));
  }
  return keys;
}

function changeBody({ model, from, to }: ProviderChange): InputBody {
  return { kind: "provider-changed", model, from, to, reason: "run-failed" };
}

function resultBody(request: ExternalRequest, answer: ModelAnswer | "refused"): InputBody {
  const { agent, requestId, kind: source } = request;
  const head = { kind: "result", agent, requestId, source, last: true } as const;
  if (answer !== "refused" && answer.ok) {
    return { ...head, ok: true, encoding: answer.encoding, payload: answer.payload };
  }
  const none = `no adapter answers ${source} requests for "${request.name}" in this run`;
  const message = answer === "refused" ? none : answer.message;
  const retryable = answer !== "refused" && "retryable" in answer;
  const text = JSON.stringify({ code: "FAILED", message, retryable });
  return { ...head, ok: false, encoding: Encoding.JSON, payload: encodeUtf8(text) };
}
