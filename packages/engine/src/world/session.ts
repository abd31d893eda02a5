/**
 * One open world and its client: answers control calls between ticks, drives the loop up to a stop rule or for as
 * long as there is work, and settles acknowledgements, answers and subscriptions once they are durable.
 * The caller pumps it: an orchestrator thread in a loop, the inline link from its event loop.
 */

import { EngineError, MessageFlag, unreachable } from "@wasm-engine/abi";
import { acknowledgedEvents } from "./acknowledged.js";
import { checkInputCeilings } from "../trust/ceiling.js";
import type { Delivery } from "./contract.js";
import type {
  ControlCall,
  DeadLetterList,
  EmitEvent,
  RunResult,
  RunUntil,
  SnapshotReport,
  StopReason,
  WorldMessage,
  WorldStatus,
} from "./control.js";
import { duplicateSeqs } from "./dead-letter-log.js";
import { readErrorAnswer } from "./error-answer.js";
import { fail } from "./errors.js";
import { checkInput } from "./input-check.js";
import { InputKeys } from "./input-keys.js";
import { isShortage } from "../storage/write-error.js";
import { isExecutorLoss } from "../threads/machine.js";
import type { OpenRun } from "./open-run.js";
import type { RunRecovery } from "./run-recovery.js";
import { admittedInputsMax, durableWaitMs, idleWaitMs, progressEveryMs, ticksPerPump } from "./limits.js";
import { Pacer } from "./pacer.js";
import { SnapshotPace } from "./snapshot-pace.js";
import { hex, receiverId, receiverOf, reportRows, worldMessages } from "./report.js";
import { inspectionOf, progressOf, runResultOf } from "./run-result.js";
import type { DoneStep, Ending, InputRequest, PendingAcknowledgement, StepCall } from "./session-calls.js";
import { isQuiet, noteReached, reasonToStop, type RunCall } from "./stop-rule.js";
import { Subscribers } from "./subscribers.js";

export interface SessionOptions {
  /** `auto`: rests until the first call that needs ticks; `run` and `step` then decide how far. */
  readonly start: "auto" | "live" | "paused";
  readonly realtime: boolean;
  /** How answers of models enter; wins over the configuration. */
  readonly delivery?: Delivery;
  /** Answers of earlier runs are not taken where an adapter could; those of this run are kept. */
  readonly askAnew?: boolean;
  /** Models run on the first of their providers or not at all. */
  readonly strictInference?: boolean;
  /** The client is told what agents write and how they fail, while they do. */
  readonly observe?: boolean;
  /** The world closes when its run call has ended: nobody waits who would close it. */
  readonly closesAfterRun?: boolean;
}

export class Session {
  #run: OpenRun;
  readonly #recovery: RunRecovery | undefined;
  /** Departures up to here have been told: a run that is opened again releases them again. */
  #releasedTick = -1;
  readonly #emit: EmitEvent;
  readonly #pacer: Pacer | undefined;
  readonly #startedMs = performance.now();
  #acknowledgements: PendingAcknowledgement[] = [];
  /** Sequence of the asking input -> id of the call that waits for the answer. */
  readonly #asks = new Map<number, number>();
  readonly #subscribers: Subscribers;
  #live: boolean;
  /** The first input or subscription makes the world live. */
  #wakes: boolean;
  #runCall: RunCall | undefined;
  /** Told to hold still: a run call under way waits, steps do not. */
  #isPaused = false;
  /** Steps in the order of their calls; the first is under way. */
  #steps: StepCall[] = [];
  #doneSteps: DoneStep[] = [];
  readonly #keys: InputKeys;
  readonly #closesAfterRun: boolean;
  /** Why the run call ends, while it does. */
  #ending: Ending | undefined;
  /** Whoever asked it to end, with the reason of the first. */
  #stopping: { readonly ids: number[]; readonly reason: "stopped" | "interrupted" } | undefined;
  #nextProgressMs = 0;
  /** Dead letters up to here have been looked at for questions that the world ignored. */
  #duplicatesTick = -1;
  #snapshotTick: number;
  readonly #pace: SnapshotPace;
  #ended = false;
  /** The run was closed to be opened again, and that failed: which concerns more than the call that met it. */
  #isLost = false;
  /** What the world waits for: it neither ticks nor accepts, answers questions, and tries again. */
  #shortage: EngineError | undefined;

  /** `recovery` makes good what executing threads lose; without it such a loss is the end. */
  constructor(run: OpenRun, emit: EmitEvent, options: SessionOptions, recovery?: RunRecovery) {
    this.#run = run;
    this.#recovery = recovery;
    this.#emit = emit;
    this.#subscribers = new Subscribers(emit);
    this.#live = options.start === "live";
    this.#wakes = options.start === "auto";
    this.#closesAfterRun = options.closesAfterRun ?? false;
    this.#snapshotTick = run.snapshotTick;
    // A paced world is told when: nobody wants hitches that the configuration does not name.
    const spacing = options.realtime && run.snapshotEvery === "affordable" ? undefined : run.snapshotEvery;
    const { stateHashEvery } = run.loop.world.genesis;
    this.#pace = new SnapshotPace(spacing, stateHashEvery, { waits: !options.realtime });
    const { genesis, tick } = run.loop.world;
    this.#keys = new InputKeys(genesis.retainTicks);
    this.#pacer = options.realtime ? new Pacer(genesis.tickNanos, tick + 1) : undefined;
    emit({ kind: "opened", runId: run.runId, dir: run.dir, tick, genesis });
  }

  /** True once the world is closed; nothing will happen any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Standard input has brought bytes, or has ended. */
  feed(bytes: Uint8Array | undefined): void {
    this.#run.feed(bytes);
  }

  /** Takes one call. The answer follows at once or from a later pump. */
  handle(call: ControlCall): void {
    try {
      this.#surviving(() => this.#dispatch(call));
    } catch (error) {
      if (!EngineError.is(error) || error.code === "WE_INTERNAL_ASSERTION" || this.#isLost) throw error;
      this.#emit({ kind: "refusal", id: call.id, error: error.toRecord() });
    }
  }

  /** Does some work. Returns how long the caller may sleep unless a call arrives: 0 = not at all. */
  pump(): number {
    try {
      const waitMs = this.#surviving(() => this.#pump());
      this.#shortage = undefined;
      return waitMs;
    } catch (error) {
      // Whoever wants it to end does not wait for space: what is acknowledged is durable, the rest is computed again.
      if (!isShortage(error) || this.#stopping !== undefined) throw error;
      this.#shortage = error;
      return idleWaitMs;
    }
  }

  /** Repeats `work` where what executes the agents was lost in it: everything that it had done is done again. */
  #surviving<Result>(work: () => Result): Result {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (this.#recovery === undefined || !isExecutorLoss(error)) throw error;
        const tick = this.#run.loop.committedTick;
        this.#isLost = true;
        this.#run = this.#recovery.recover(this.#run, error);
        this.#isLost = false;
        this.#snapshotTick = this.#run.snapshotTick;
        this.#emit({ kind: "recovered", tick, error: error.toRecord() });
      }
    }
  }

  #pump(): number {
    this.#settle();
    if (this.#stopping !== undefined) {
      this.#close(this.#stopping);
      return 0;
    }
    if (this.#ending !== undefined) this.#finishRunCall(this.#ending);
    if (this.#ended) return 0;
    for (let count = 0; count < ticksPerPump; count += 1) {
      const waitMs = this.#advance();
      if (this.#ended) return 0;
      if (waitMs > 0) {
        this.#settle();
        // Between two ticks of the wall clock there is time for it.
        if (this.#run.snapshots.advance()) return 0;
        return this.#waiting ? Math.min(waitMs, durableWaitMs) : waitMs;
      }
    }
    this.#reportProgress();
    return 0;
  }

  get #waiting(): boolean {
    return this.#acknowledgements.length > 0 || this.#doneSteps.length > 0 || this.#run.loop.unsettled;
  }

  #dispatch({ id, request }: ControlCall): void {
    const { loop } = this.#run;
    switch (request.method) {
      case "input":
      case "ask":
        return this.#admit(id, request);
      case "run":
        return this.#startRun(id, request.until);
      case "step":
        this.#wakes = false;
        this.#steps.push({ id, durable: request.durable ?? false, left: request.ticks });
        return;
      case "pause":
      case "resume":
        return this.#hold(id, request.method === "pause");
      case "snapshot":
        return this.#answer(id, this.#takeSnapshot());
      case "status":
        return this.#answer(id, this.#status());
      case "agents":
        return this.#answer(id, reportRows(loop.world));
      case "receiver":
        return this.#answer(id, receiverOf(loop, request.agent));
      case "dead-letters":
        return this.#answer(id, this.#deadLetters(request.since));
      case "stop":
        this.#stopping ??= { ids: [], reason: request.reason };
        this.#stopping.ids.push(id);
        return;
      case "inspect":
        return this.#answer(id, inspectionOf(this.#run, request));
      case "subscribe":
        this.#live ||= this.#wakes;
        this.#subscribers.add(request);
        return this.#answer(id, { tick: loop.world.tick });
      case "credit":
        return this.#subscribers.renew(request);
      case "unsubscribe":
        this.#subscribers.remove(request.subscription);
        return this.#answer(id, { tick: loop.world.tick });
      case "cancel":
        return this.#cancel(id, request.request);
      case "tool-answer":
        return this.#run.adapters?.hearProgram(request.call, request.answer);
      default:
        return unreachable(request);
    }
  }

  /** A run call under way is held too, and decides by itself when it goes on whether the world ticks after it. */
  #hold(id: number, isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#wakes = false;
    if (isPaused || this.#runCall === undefined) this.#live = !isPaused;
    this.#answer(id, { tick: this.#run.loop.world.tick });
  }

  #status(): WorldStatus {
    const { loop, runId, dir, durability } = this.#run;
    return {
      runId,
      dir,
      name: loop.world.genesis.name,
      ...progressOf(loop, this.#wallMs),
      chainHead: hex(loop.world.chainHead),
      live: (this.#live || this.#runCall !== undefined) && !this.#isPaused,
      paused: this.#isPaused,
      durability,
      inputs: loop.loggedSeq,
      waitingInputs: loop.admittedCount,
      ...(this.#shortage === undefined ? {} : { shortage: this.#shortage.toRecord() }),
    };
  }

  /** Only what is durable: a dead letter is as much an answer as a message is. */
  #deadLetters(since: number): DeadLetterList {
    const { loop } = this.#run;
    const tick = loop.releasedTick;
    const letters = loop.deadLetters.report(loop.world.genesis, since, tick);
    return { letters, tick, dropped: loop.deadLetters.dropped };
  }

  #answer(id: number, value: unknown): void {
    this.#emit({ kind: "answer", id, value });
  }

  #admit(id: number, request: InputRequest): void {
    this.#live ||= this.#wakes;
    const { loop, log } = this.#run;
    const lack = log.failure ?? this.#shortage;
    if (lack !== undefined) throw lack;
    if (loop.admittedCount >= admittedInputsMax)
      throw fail("WE_WORLD_INPUTS_FULL", { count: loop.admittedCount });
    const { method, body, key, known } = request;
    checkInput(body, key);
    const receiver = known === true ? receiverId(body) : undefined;
    if (receiver !== undefined && !receiverOf(loop, receiver).isKnown)
      throw fail("WE_AGENT_UNKNOWN", { agent: receiver, tick: loop.world.tick });
    checkInputCeilings(this.#run.admissions, loop.world, body);
    const floor = this.#pacer?.tickNow() ?? 0;
    const input = loop.admit(body, key === undefined ? { floor } : { floor, key });
    const { seq, tick } = input;
    const first = key === undefined ? undefined : this.#keys.firstOf(key, input);
    if (method === "ask") this.#asks.set(seq, id);
    else this.#acknowledgements.push({ id, seq, tick, first });
  }

  #startRun(id: number, until: RunUntil): void {
    this.#wakes = false;
    this.#isPaused = false;
    const rule = until.rule === "configured" ? this.#run.stop : until.rule;
    this.#runCall = { id, rule, ticks: until.ticks };
  }

  #cancel(id: number, request: number): void {
    for (const [seq, waiting] of this.#asks) if (waiting === request) this.#asks.delete(seq);
    if (this.#runCall?.id === request) this.#runCall = undefined;
    this.#steps = this.#steps.filter((step) => step.id !== request);
    this.#doneSteps = this.#doneSteps.filter((step) => step.id !== request);
    this.#answer(id, { tick: this.#run.loop.world.tick });
  }

  /** One step of the loop. Returns 0 after a tick, else how long there is nothing to do. */
  #advance(): number {
    const { loop, log } = this.#run;
    const [step] = this.#steps;
    const isResting = this.#isPaused || (this.#runCall === undefined && !this.#live);
    if (step === undefined && isResting) return idleWaitMs;
    if (log.condition === "full") return idleWaitMs;
    const next = loop.nextTick(this.#pacer?.tickNow());
    const reason = this.#runCall === undefined ? undefined : reasonToStop(loop, this.#runCall, next);
    if (reason !== undefined) {
      while (this.#steps.length > 0) this.#finishStep();
      if (this.#runCall !== undefined) noteReached(loop, this.#runCall, reason);
      this.#finishRunCall({ reason });
      return durableWaitMs;
    }
    if (step !== undefined && (step.left <= 0 || isQuiet(loop, next))) {
      this.#finishStep();
      return durableWaitMs;
    }
    if (next === undefined) return loop.awaitsAnswer ? this.#run.answerWaitMs : idleWaitMs;
    if (loop.tooFarAhead) return durableWaitMs;
    const paceMs = this.#pacer?.millisUntil(next) ?? 0;
    if (paceMs > 0) return Math.min(paceMs, idleWaitMs);
    if (!loop.isReady(next)) return this.#run.answerWaitMs;
    const previous = loop.world.tick;
    const { unsupervised } = this.#pace.working(() => loop.execute(next));
    if (step !== undefined) step.left -= 1;
    this.#pace.advancing(() => this.#run.snapshots.advance());
    const violation = this.#run.violationAfter(previous);
    if (unsupervised !== undefined) {
      this.#live = false;
      const fault = loop.faults.newestOf(unsupervised);
      this.#finishRunCall({
        reason: "unsupervised",
        ...(fault === undefined ? {} : { unsupervised: fault }),
      });
    }
    if (violation !== undefined) {
      this.#live = false;
      this.#finishRunCall({ reason: "invariant", violation });
    }
    const isDue = !this.#ended && this.#pace.isDue(next, next - this.#snapshotTick);
    if (isDue) this.#beginSnapshot(next);
    return 0;
  }

  #beginSnapshot(tick: number): void {
    const { snapshots, log } = this.#run;
    if (this.#pace.isPromised && !snapshots.canBegin) {
      log.waitForSync();
      this.#settle();
      snapshots.finish();
    }
    if (this.#pace.beginning(() => snapshots.begin())) this.#snapshotTick = tick;
  }

  #finishStep(): void {
    const step = this.#steps.shift();
    if (step === undefined) return;
    const { tick, chainHead } = this.#run.loop.world;
    const done = { id: step.id, tick, chainHead: hex(chainHead) };
    if (step.durable) this.#doneSteps.push(done);
    else this.#answerStep(done);
  }

  #answerStep({ id, tick, chainHead }: DoneStep): void {
    this.#answer(id, { tick, chainHead });
  }

  /** The call is over: everything executed is made durable and kept as a snapshot, then the caller is told. */
  #finishRunCall(ending: Ending): void {
    const call = this.#runCall;
    if (call === undefined) return;
    this.#ending = ending;
    this.#seal();
    const result = runResultOf(this.#run, { wallMs: this.#wallMs, ...ending });
    this.#ending = undefined;
    this.#runCall = undefined;
    if (this.#closesAfterRun) this.#end(result);
    this.#answer(call.id, result);
    if (this.#ended) this.#emit({ kind: "ended", result });
  }

  #seal(): void {
    this.#run.log.waitForSync();
    this.#settle();
    this.#run.snapshots.complete();
    if (this.#run.loop.world.tick > this.#snapshotTick) this.#takeSnapshot();
    this.#reportProgress(true);
  }

  #close({ ids, reason }: { readonly ids: readonly number[]; readonly reason: StopReason }): void {
    this.#seal();
    const result = runResultOf(this.#run, { wallMs: this.#wallMs, reason });
    if (this.#runCall !== undefined) this.#answer(this.#runCall.id, result);
    this.#runCall = undefined;
    this.#end(result);
    for (const id of ids) this.#answer(id, result);
    this.#emit({ kind: "ended", result });
  }

  /** Closes the world. Whoever still waits for an answer gets none. */
  #end({ reason }: RunResult): void {
    this.#run.close(reason);
    this.#ended = true;
    const refuse = (id: number, method: string): void =>
      this.#emit({ kind: "refusal", id, error: fail("WE_WORLD_ENDED", { method }).toRecord() });
    for (const id of this.#asks.values()) refuse(id, "ask");
    for (const { id } of this.#steps) refuse(id, "step");
  }

  #takeSnapshot(): SnapshotReport {
    this.#run.log.waitForSync();
    this.#settle();
    const report = this.#run.snapshots.takeNow();
    this.#snapshotTick = report.tick;
    return report;
  }

  /** Tells everybody what has become durable since the last time. */
  #settle(): void {
    const { loop, log } = this.#run;
    for (const released of loop.release()) {
      if (released.tick <= this.#releasedTick) continue;
      this.#releasedTick = released.tick;
      for (const [index, message] of worldMessages(loop.world, released).entries()) {
        const departure = released.departures[index];
        if (departure?.kind === "answer") this.#settleAsk(departure.inputSeq, message);
        else this.#subscribers.publish(message);
      }
    }
    if (this.#asks.size > 0) this.#refuseDuplicates();
    const { durableSeq, durableTick } = log;
    if ((this.#acknowledgements[0]?.seq ?? Infinity) <= durableSeq) this.#acknowledge(durableSeq);
    while (this.#doneSteps[0] !== undefined && this.#doneSteps[0].tick <= durableTick) {
      const done = this.#doneSteps.shift();
      if (done !== undefined) this.#answerStep(done);
    }
  }

  /** Answers whose input is durable, duplicates by themselves: they name another one. */
  #acknowledge(durableSeq: number): void {
    const { durability } = this.#run;
    const waiting = this.#acknowledgements;
    let end = waiting.length;
    while (end > 0 && (waiting[end - 1]?.seq ?? 0) > durableSeq) end -= 1;
    const pending = waiting.splice(0, end);
    const duplicates = pending.filter(({ first }) => first !== undefined);
    const fresh = duplicates.length === 0 ? pending : pending.filter(({ first }) => first === undefined);
    for (const event of acknowledgedEvents(fresh, durability)) this.#emit(event);
    for (const { id, first } of duplicates)
      if (first !== undefined) this.#answer(id, { ...first, durability, duplicate: true });
  }

  /** A question that the world ignored gets no answer from anybody else. */
  #refuseDuplicates(): void {
    const { loop } = this.#run;
    const since = this.#duplicatesTick + 1;
    this.#duplicatesTick = loop.releasedTick;
    for (const seq of duplicateSeqs(loop.deadLetters.between(since, loop.releasedTick))) {
      const id = this.#asks.get(seq);
      if (id === undefined) continue;
      this.#asks.delete(seq);
      this.#emit({ kind: "refusal", id, error: fail("WE_INPUT_DUPLICATE", { seq }).toRecord() });
    }
  }

  #settleAsk(inputSeq: number | undefined, message: WorldMessage): void {
    const id = inputSeq === undefined ? undefined : this.#asks.get(inputSeq);
    if (id === undefined || inputSeq === undefined) return;
    this.#asks.delete(inputSeq);
    if ((message.flags & MessageFlag.ERROR) === 0) return this.#answer(id, message);
    const { code, reason } = readErrorAnswer(message.payload);
    const error = fail("WE_ASK_FAILED", { agent: message.agentId, answerCode: code, reason });
    this.#emit({ kind: "refusal", id, error: error.toRecord() });
  }

  get #wallMs(): number {
    return Math.round(performance.now() - this.#startedMs);
  }

  #reportProgress(always = false): void {
    const now = performance.now();
    if (!always && now < this.#nextProgressMs) return;
    this.#nextProgressMs = now + progressEveryMs;
    this.#emit({ kind: "progress", progress: progressOf(this.#run.loop, this.#wallMs) });
  }
}
