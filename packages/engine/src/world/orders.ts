/**
 * What a world has been told to do: live on, run up to a stop rule, take steps, hold still. From that and from what
 * the loop has come to it says what comes next. Executes nothing and answers nobody: the session does.
 */

import type { StopReason } from "./control.js";
import { idleWaitMs } from "./limits.js";
import type { OpenRun } from "./open-run.js";
import type { Pacer } from "./pacer.js";
import type { StepCall } from "./session-calls.js";
import { isQuiet, noteReached, reasonToStop, type RunCall } from "./stop-rule.js";

export type NextWork =
  | { readonly kind: "tick"; readonly tick: number }
  /** The first step is over. */
  | { readonly kind: "step-over" }
  /** The run call is over, and every step with it. */
  | { readonly kind: "run-over"; readonly reason: StopReason }
  /** Nothing to do for so many milliseconds, unless a call arrives. */
  | { readonly kind: "wait"; readonly ms: number };

/** The run as far as it says what is due. */
type DueRun = Pick<OpenRun, "loop" | "log" | "answerWaitMs" | "durableWaitMs">;

export class Orders {
  #isLive: boolean;
  /** The first input or subscription makes the world live. */
  #wakes: boolean;
  #runCall: RunCall | undefined;
  /** Told to hold still: a run call under way waits, steps do not. */
  #isPaused = false;
  /** Steps in the order of their calls; the first is under way. */
  #steps: StepCall[] = [];

  /** `auto`: rests until the first call that needs ticks; `run` and `step` then decide how far. */
  constructor(start: "auto" | "live" | "paused") {
    this.#isLive = start === "live";
    this.#wakes = start === "auto";
  }

  get runCall(): RunCall | undefined {
    return this.#runCall;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** It ticks whenever there is work. */
  get isTicking(): boolean {
    return (this.#isLive || this.#runCall !== undefined) && !this.#isPaused;
  }

  get steps(): readonly StepCall[] {
    return this.#steps;
  }

  /** Somebody has sent an input or reads what leaves. */
  wake(): void {
    this.#isLive ||= this.#wakes;
  }

  run(call: RunCall): void {
    this.#wakes = false;
    this.#isPaused = false;
    this.#runCall = call;
  }

  step(call: StepCall): void {
    this.#wakes = false;
    this.#steps.push(call);
  }

  /** A run call under way is held too, and decides by itself when it goes on whether the world ticks after it. */
  hold(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#wakes = false;
    if (isPaused || this.#runCall === undefined) this.#isLive = !isPaused;
  }

  /** Nobody waits for the call `id` any more: what it has ordered is not done. */
  forget(id: number): void {
    if (this.#runCall?.id === id) this.#runCall = undefined;
    this.#steps = this.#steps.filter((step) => step.id !== id);
  }

  /** Only a new order makes the world tick again. */
  halt(): void {
    this.#isLive = false;
  }

  endRun(): void {
    this.#runCall = undefined;
  }

  /** The first step, which is over. */
  endStep(): StepCall | undefined {
    return this.#steps.shift();
  }

  /** A tick was executed. */
  noteTick(): void {
    const [step] = this.#steps;
    if (step !== undefined) step.left -= 1;
  }

  /** Without `pacer` a tick follows the other at once. */
  next({ loop, log, answerWaitMs, durableWaitMs }: DueRun, pacer: Pacer | undefined): NextWork {
    const [step] = this.#steps;
    if (step === undefined && !this.isTicking) return wait(idleWaitMs);
    if (log.condition === "full") return wait(idleWaitMs);
    const next = loop.nextTick(pacer?.tickNow());
    const reason = this.#runCall === undefined ? undefined : reasonToStop(loop, this.#runCall, next);
    if (reason !== undefined) return { kind: "run-over", reason };
    if (step !== undefined && (step.left <= 0 || isQuiet(loop, next))) return { kind: "step-over" };
    if (next === undefined) return wait(loop.awaitsAnswer ? answerWaitMs : idleWaitMs);
    if (loop.tooFarAhead) return wait(durableWaitMs);
    const paceMs = pacer?.millisUntil(next) ?? 0;
    if (paceMs > 0) return wait(Math.min(paceMs, idleWaitMs));
    if (!loop.isReady(next)) return wait(answerWaitMs);
    if (loop.isMoot(next, pacer?.tickNow())) return wait(0);
    return { kind: "tick", tick: next };
  }

  /** States how far the run call that ends with `reason` has come. */
  noteReached({ loop }: DueRun, reason: StopReason): void {
    if (this.#runCall !== undefined) noteReached(loop, this.#runCall, reason);
  }
}

function wait(ms: number): NextWork {
  return { kind: "wait", ms };
}
