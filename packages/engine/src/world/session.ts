/**
 * One open world and its client: answers control calls between ticks, drives the loop as far as its orders say, keeps
 * snapshots on the way and ends the world. What the orders are is in orders.ts, who is told what is durable in
 * settlement.ts. The caller pumps it: an orchestrator thread in a loop, the inline link from its event loop.
 */

import { EngineError, unreachable } from "@wasm-engine/abi";
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
  WorldStatus,
} from "./control.js";
import { fail } from "./errors.js";
import { checkInput } from "./input-check.js";
import { isShortage } from "../storage/write-error.js";
import { isExecutorLoss } from "../threads/machine.js";
import type { OpenRun } from "./open-run.js";
import { Orders } from "./orders.js";
import type { RunRecovery } from "./run-recovery.js";
import {
  admittedInputsMax,
  durableWaitMs,
  idleWaitMs,
  progressEveryMs,
  spareShareMin,
  ticksPerPump,
} from "./limits.js";
import { Pacer } from "./pacer.js";
import { SnapshotPace } from "./snapshot-pace.js";
import { hex, receiverId, receiverOf, reportRows } from "./report.js";
import { inspectionOf, progressOf, runResultOf } from "./run-result.js";
import type { Ending, InputRequest } from "./session-calls.js";
import { Settlement } from "./settlement.js";

export interface SessionOptions {
  /** `auto`: rests until the first call that needs ticks; `run` and `step` then decide how far. */
  readonly start: "auto" | "live" | "paused";
  readonly realtime: boolean;
  /** How answers of models enter; wins over the configuration. */
  readonly delivery?: Delivery;
  /** Threads of each model in a folder; wins over the configuration, and shows in no answer. */
  readonly inferenceWorkers?: number;
  /** Answers of earlier runs are not taken where an adapter could; those of this run are kept. */
  readonly askAnew?: boolean;
  /** Models run on the first of their providers or not at all. */
  readonly strictInference?: boolean;
  /** The client is told what agents write and how they fail, while they do. */
  readonly observe?: boolean;
  /** The world closes when its run call has ended: nobody waits who would close it. */
  readonly closesAfterRun?: boolean;
  /** One of many that go on from the same snapshot: it gets one of its own only where that saves anything. */
  readonly isFuture?: boolean;
}

export class Session {
  #run: OpenRun;
  readonly #recovery: RunRecovery | undefined;
  readonly #emit: EmitEvent;
  readonly #pacer: Pacer | undefined;
  readonly #startedMs = performance.now();
  readonly #orders: Orders;
  readonly #settlement: Settlement;
  readonly #closesAfterRun: boolean;
  /** Why the run call ends, while it does. */
  #ending: Ending | undefined;
  /** Whoever asked it to end, with the reason of the first. */
  #stopping: { readonly ids: number[]; readonly reason: "stopped" | "interrupted" } | undefined;
  #nextProgressMs = 0;
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
    this.#orders = new Orders(options.start);
    this.#closesAfterRun = options.closesAfterRun ?? false;
    this.#snapshotTick = run.snapshotTick;
    const { genesis, tick } = run.loop.world;
    this.#settlement = new Settlement(emit, genesis.retainTicks);
    const { length: agents } = genesis.agents;
    const pacing = { waits: !options.realtime, isFuture: options.isFuture ?? false, agents };
    this.#pace = new SnapshotPace(run.snapshotEvery, genesis.stateHashEvery, pacing);
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
        if (this.#hasSpareTime && (this.#run.loop.advanceCommits() || this.#run.snapshots.advance()))
          return 0;
        return this.#waiting ? Math.min(waitMs, this.#settleWaitMs) : waitMs;
      }
    }
    this.#reportProgress();
    return 0;
  }

  /** Where a tick is due and waits for something, there is time, too. */
  get #hasSpareTime(): boolean {
    const spareMs = this.#pacer?.millisUntil(this.#run.loop.reachedTick + 1) ?? 0;
    return spareMs === 0 || spareMs > spareShareMin * (this.#pacer?.tickMs ?? 0);
  }

  /** Threads that compute a state hash wake nobody. */
  get #settleWaitMs(): number {
    return this.#run.loop.openTicks > 0 ? durableWaitMs : this.#run.durableWaitMs;
  }

  get #waiting(): boolean {
    return this.#settlement.isWaiting || this.#run.loop.unsettled;
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
        return this.#orders.step({ id, durable: request.durable ?? false, left: request.ticks });
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
        this.#orders.wake();
        this.#settlement.subscribers.add(request);
        return this.#answer(id, { tick: loop.world.tick });
      case "credit":
        return this.#settlement.subscribers.renew(request);
      case "unsubscribe":
        this.#settlement.subscribers.remove(request.subscription);
        return this.#answer(id, { tick: loop.world.tick });
      case "cancel":
        return this.#cancel(id, request.request);
      case "tool-answer":
        return this.#run.adapters?.hearProgram(request.call, request.answer);
      default:
        return unreachable(request);
    }
  }

  #hold(id: number, isPaused: boolean): void {
    this.#orders.hold(isPaused);
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
      live: this.#orders.isTicking,
      paused: this.#orders.isPaused,
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
    this.#orders.wake();
    const { loop, log } = this.#run;
    const lack = log.failure ?? this.#shortage;
    if (lack !== undefined) throw lack;
    if (loop.admittedCount >= admittedInputsMax)
      throw fail("WE_WORLD_INPUTS_FULL", { count: loop.admittedCount });
    const { body, key, known } = request;
    checkInput(body, key);
    const receiver = known === true ? receiverId(body) : undefined;
    if (receiver !== undefined && !receiverOf(loop, receiver).isKnown)
      throw fail("WE_AGENT_UNKNOWN", { agent: receiver, tick: loop.world.tick });
    checkInputCeilings(this.#run.admissions, loop.world, body);
    const floor = this.#pacer?.tickNow() ?? 0;
    const input = loop.admit(body, key === undefined ? { floor } : { floor, key });
    this.#settlement.expect(id, request, input);
  }

  #startRun(id: number, until: RunUntil): void {
    const rule = until.rule === "configured" ? this.#run.stop : until.rule;
    this.#orders.run({ id, rule, ticks: until.ticks });
  }

  #cancel(id: number, request: number): void {
    this.#orders.forget(request);
    this.#settlement.forget(request);
    this.#answer(id, { tick: this.#run.loop.world.tick });
  }

  /** One step of the loop. Returns 0 after a tick, else how long there is nothing to do. */
  #advance(): number {
    const next = this.#orders.next(this.#run, this.#pacer);
    switch (next.kind) {
      case "wait":
        return next.ms;
      case "run-over":
        while (this.#orders.steps.length > 0) this.#finishStep();
        this.#orders.noteReached(this.#run, next.reason);
        this.#finishRunCall({ reason: next.reason });
        return durableWaitMs;
      case "step-over":
        this.#finishStep();
        return durableWaitMs;
      case "tick":
        this.#execute(next.tick);
        return 0;
      default:
        return unreachable(next);
    }
  }

  #execute(tick: number): void {
    const { loop } = this.#run;
    const previous = loop.world.tick;
    // A paced world does not wait for state hashes; a step that somebody takes is over when it is committed.
    const isLate = this.#pacer !== undefined && this.#orders.steps.length === 0;
    const { unsupervised } = this.#pace.working(() => loop.execute(tick, isLate));
    this.#orders.noteTick();
    const { snapshots } = this.#run;
    if (snapshots.isUnderway) this.#pace.advancing(() => snapshots.advance());
    const violation = this.#run.violationAfter(previous);
    if (unsupervised !== undefined) {
      this.#orders.halt();
      const fault = loop.faults.newestOf(unsupervised);
      this.#finishRunCall({
        reason: "unsupervised",
        ...(fault === undefined ? {} : { unsupervised: fault }),
      });
    }
    if (violation !== undefined) {
      this.#orders.halt();
      this.#finishRunCall({ reason: "invariant", violation });
    }
    const isDue = !this.#ended && this.#pace.isDue(tick, tick - this.#snapshotTick);
    if (isDue) this.#beginSnapshot(tick);
  }

  #beginSnapshot(tick: number): void {
    const { snapshots, loop } = this.#run;
    if (this.#pace.isPromised && !snapshots.canBegin) {
      loop.waitForSync();
      this.#settle();
      snapshots.finish();
    }
    if (this.#pace.beginning(() => snapshots.begin())) this.#snapshotTick = tick;
  }

  #finishStep(): void {
    const step = this.#orders.endStep();
    if (step === undefined) return;
    this.#run.loop.commitAll();
    const { tick, chainHead } = this.#run.loop.world;
    const done = { id: step.id, tick, chainHead: hex(chainHead) };
    if (step.durable) this.#settlement.expectStep(done);
    else this.#settlement.answerStep(done);
  }

  /** The call is over: everything executed is made durable and kept as a snapshot, then the caller is told. */
  #finishRunCall(ending: Ending): void {
    const call = this.#orders.runCall;
    if (call === undefined) return;
    this.#ending = ending;
    this.#seal();
    const result = runResultOf(this.#run, { wallMs: this.#wallMs, ...ending });
    this.#ending = undefined;
    this.#orders.endRun();
    if (this.#closesAfterRun) this.#end(result);
    this.#answer(call.id, result);
    if (this.#ended) this.#emit({ kind: "ended", result });
  }

  #seal(): void {
    this.#run.loop.waitForSync();
    this.#settle();
    this.#run.snapshots.complete();
    if (this.#pace.isWorthEnding(this.#run.loop.world, this.#snapshotTick)) this.#takeSnapshot();
    this.#reportProgress(true);
  }

  #close({ ids, reason }: { readonly ids: readonly number[]; readonly reason: StopReason }): void {
    this.#seal();
    const result = runResultOf(this.#run, { wallMs: this.#wallMs, reason });
    const call = this.#orders.runCall;
    if (call !== undefined) this.#answer(call.id, result);
    this.#orders.endRun();
    this.#end(result);
    for (const id of ids) this.#answer(id, result);
    this.#emit({ kind: "ended", result });
  }

  /** Closes the world. Whoever still waits for an answer gets none. */
  #end({ reason }: RunResult): void {
    this.#run.close(reason);
    this.#ended = true;
    this.#settlement.refuseAsks();
    const error = fail("WE_WORLD_ENDED", { method: "step" }).toRecord();
    for (const { id } of this.#orders.steps) this.#emit({ kind: "refusal", id, error });
  }

  #takeSnapshot(): SnapshotReport {
    this.#run.loop.waitForSync();
    this.#settle();
    const report = this.#run.snapshots.takeNow();
    this.#snapshotTick = report.tick;
    return report;
  }

  #settle(): void {
    this.#settlement.settle(this.#run);
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
