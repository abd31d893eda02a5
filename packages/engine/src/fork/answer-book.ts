/**
 * Recorded answers of a fork: a request that the parent made in the same words is answered as it was there, after as
 * many ticks. What the book does not know is asked of models and tools. It derives everything from the requests of the
 * world and the log, so a resumed fork goes on with the same answers.
 */

import { assert } from "@wasm-engine/abi";
import type { ExternalRequest, Input, InputBody, WorldContract } from "@wasm-engine/core";
import type { ModelSwap } from "../inference/model-swaps.js";
import { asAnswered } from "../inference/model-swaps.js";
import { requestKey } from "../inference/request-key.js";
import { answerKey } from "./fork-plan.js";
import type { RecordedAnswer, RecordedPart } from "./fork-plan.js";

interface ClaimedRequest {
  readonly request: ExternalRequest;
  /** Not yet entered, in order. */
  parts: readonly RecordedPart[];
}

export type BookWorld = Pick<WorldContract, "awaits" | "genesis" | "tick">;

export class AnswerBook {
  readonly #world: BookWorld;
  readonly #swaps: readonly ModelSwap[];
  readonly #answers: ReadonlyMap<string, RecordedAnswer>;
  /** In the order of emission. Kept until the world has stopped waiting, which it does in the tick of the last part. */
  readonly #claimed = new Map<string, ClaimedRequest>();
  #reused = 0;
  /** Last input that was settled: what a resumed run adopts is shown here twice. */
  #settledSeq = 0;

  /** @param swaps as of every tick whose requests are claimed */
  constructor(world: BookWorld, answers: readonly RecordedAnswer[], swaps: readonly ModelSwap[] = []) {
    this.#world = world;
    this.#swaps = swaps;
    this.#answers = new Map(answers.map((answer) => [answer.key, answer]));
  }

  /** Last answers that entered from the book since the run was opened by this process. */
  get reused(): number {
    return this.#reused;
  }

  /** Requests whose answer is on its way. */
  get requests(): readonly ExternalRequest[] {
    return [...this.#claimed.values()].map(({ request }) => request);
  }

  /** Takes what it can answer and returns the others. Parts that are due at or before the world's tick have entered. */
  claim(requests: readonly ExternalRequest[]): readonly ExternalRequest[] {
    this.#forgetClosed();
    if (this.#answers.size === 0) return requests;
    return requests.filter((request) => {
      const { agent, requestId, tick } = request;
      if (!this.#world.awaits(agent, requestId)) return true;
      const answer = this.#answers.get(answerKey(asAnswered(request, this.#swaps), this.#world.genesis.seed));
      if (answer === undefined) return true;
      const parts = answer.parts.filter(({ delayTicks }) => tick + delayTicks > this.#world.tick);
      this.#claimed.set(requestKey(agent, requestId), { request, parts });
      return false;
    });
  }

  /** These inputs enter: their parts need not enter again. */
  settle(inputs: readonly Input[]): void {
    for (const { seq, body } of inputs) {
      if (seq <= this.#settledSeq) continue;
      this.#settledSeq = seq;
      if (body.kind !== "result") continue;
      const claimed = this.#claimed.get(requestKey(body.agent, body.requestId));
      if (claimed !== undefined) claimed.parts = claimed.parts.slice(1);
    }
  }

  /** The first tick from `first` on at which a recorded part enters. */
  dueTick(first: number): number | undefined {
    let due = Infinity;
    for (const { request, parts } of this.#claimed.values()) {
      const [part] = parts;
      if (part !== undefined) due = Math.min(due, Math.max(first, request.tick + part.delayTicks));
    }
    return due === Infinity ? undefined : due;
  }

  /** Removes and returns what enters at `tick`, in the order of the parent's log. */
  take(tick: number): readonly InputBody[] {
    const due: { readonly order: number; readonly body: InputBody }[] = [];
    for (const claimed of this.#claimed.values()) {
      const { request, parts } = claimed;
      const count = parts.filter(({ delayTicks }) => request.tick + delayTicks <= tick).length;
      for (const part of parts.slice(0, count)) {
        due.push({ order: part.order, body: resultOf(request, part) });
        if (part.last) this.#reused += 1;
      }
      claimed.parts = parts.slice(count);
    }
    return due.sort((left, right) => left.order - right.order).map(({ body }) => body);
  }

  /** A request that the world has given up, or that is answered, needs nothing more. */
  #forgetClosed(): void {
    for (const [key, { request }] of this.#claimed) {
      if (!this.#world.awaits(request.agent, request.requestId)) this.#claimed.delete(key);
    }
  }
}

function resultOf(request: ExternalRequest, part: RecordedPart): InputBody {
  const { agent, requestId } = request;
  const { source, ok, last, encoding, payload, delayTicks } = part;
  assert(delayTicks >= 1, "an answer enters after its request");
  return { kind: "result", agent, requestId, source, ok, last, encoding, payload };
}
