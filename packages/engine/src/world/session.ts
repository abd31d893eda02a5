/**
 * One open world and its client: answers control calls between ticks, drives the loop up to a stop rule or for as
 * long as there is work, and settles acknowledgements, answers and subscriptions once they are durable.
 * The caller pumps it: an orchestrator thread in a loop, the inline link from its event loop.
 */

import { EngineError, MessageFlag, decodeUtf8, unreachable } from "@wasm-engine/abi";
import { checkInputCeilings } from "../trust/ceiling.js";
import type { Delivery, StopRule } from "./contract.js";
import type {
  ControlCall,
  ControlRequest,
  EmitEvent,
  FaultReport,
  RunUntil,
  SnapshotReport,
  StopReason,
  WorldMessage,
} from "./control.js";
import { fail } from "./errors.js";
import { isExecutorLoss } from "../threads/machine.js";
import type { OpenRun } from "./open-run.js";
import type { RunRecovery } from "./run-recovery.js";
import { admittedInputsMax, durableWaitMs, idleWaitMs, progressEveryMs, ticksPerPump } from "./limits.js";
import { Pacer } from "./pacer.js";
import { hex, reportWorld, worldMessages } from "./report.js";
import { progressOf, runResultOf } from "./run-result.js";

interface PendingAcknowledgement {
  readonly id: number;
  readonly seq: number;
  readonly tick: number;
}

type InputRequest = Extract<ControlRequest, { readonly method: "input" | "ask" }>;

/** A call that ends when the loop has come far enough. */
interface RunCall {
  readonly id: number;
  readonly rule: StopRule | "never";
  readonly ticks: number | undefined;
  /** `step`: ticks still to be executed. */
  stepsLeft: number | undefined;
}

interface Ending {
  readonly reason: StopReason;
  readonly unsupervised?: FaultReport;
}

export interface SessionOptions {
  /** `auto`: rests until the first call that needs ticks; `run` and `step` then decide how far. */
  readonly start: "auto" | "live" | "paused";
  readonly realtime: boolean;
  /** How answers of models enter; wins over the configuration. */
  readonly delivery?: Delivery;
  /** Models run on the first of their providers or not at all. */
  readonly strictInference?: boolean;
  /** The client is told what agents write and how they fail, while they do. */
  readonly observe?: boolean;
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
  readonly #subscriptions = new Map<number, string>();
  #live: boolean;
  /** The first input or subscription makes the world live. */
  #wakes: boolean;
  #runCall: RunCall | undefined;
  /** Why the run call ends, while it does. */
  #ending: Ending | undefined;
  #stopping: { readonly id: number; readonly reason: "stopped" | "interrupted" } | undefined;
  #nextProgressMs = 0;
  #snapshotTick: number;
  #ended = false;
  /** The run was closed to be opened again, and that failed: which concerns more than the call that met it. */
  #isLost = false;

  /** `recovery` makes good what executing threads lose; without it such a loss is the end. */
  constructor(run: OpenRun, emit: EmitEvent, options: SessionOptions, recovery?: RunRecovery) {
    this.#run = run;
    this.#recovery = recovery;
    this.#emit = emit;
    this.#live = options.start === "live";
    this.#wakes = options.start === "auto";
    this.#snapshotTick = run.snapshotTick;
    const { genesis, tick } = run.loop.world;
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
    return this.#surviving(() => this.#pump());
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
    for (let count = 0; count < ticksPerPump; count += 1) {
      const waitMs = this.#advance();
      if (waitMs > 0) {
        this.#settle();
        return this.#waiting ? Math.min(waitMs, durableWaitMs) : waitMs;
      }
    }
    this.#reportProgress();
    return 0;
  }

  get #waiting(): boolean {
    return this.#acknowledgements.length > 0 || this.#run.loop.unsettled;
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
        this.#runCall = { id, rule: "never", ticks: undefined, stepsLeft: request.ticks };
        return;
      case "pause":
      case "resume":
        this.#live = request.method === "resume";
        this.#wakes = false;
        return this.#answer(id, { tick: loop.world.tick });
      case "snapshot":
        return this.#answer(id, this.#takeSnapshot());
      case "status":
        return this.#answer(id, { ...progressOf(loop, this.#wallMs), live: this.#live });
      case "stop":
        this.#stopping = { id, reason: request.reason };
        return;
      case "inspect":
        return this.#inspect(id, request);
      case "subscribe":
        this.#live ||= this.#wakes;
        this.#subscriptions.set(request.subscription, request.topic);
        return this.#answer(id, { tick: loop.world.tick });
      case "unsubscribe":
        this.#subscriptions.delete(request.subscription);
        return this.#answer(id, { tick: loop.world.tick });
      case "cancel":
        return this.#cancel(id, request.request);
      default:
        return unreachable(request);
    }
  }

  #answer(id: number, value: unknown): void {
    this.#emit({ kind: "answer", id, value });
  }

  #admit(id: number, request: InputRequest): void {
    this.#live ||= this.#wakes;
    const { loop, log } = this.#run;
    if (log.failure !== undefined) throw log.failure;
    if (loop.admittedCount >= admittedInputsMax)
      throw fail("WE_WORLD_INPUTS_FULL", { count: loop.admittedCount });
    const { method, body, key } = request;
    checkInputCeilings(this.#run.admissions, loop.world, body);
    const floor = this.#pacer?.tickNow() ?? 0;
    const { seq, tick } = loop.admit(body, { floor, ...(key === undefined ? {} : { key }) });
    if (method === "ask") this.#asks.set(seq, id);
    else this.#acknowledgements.push({ id, seq, tick });
  }

  #startRun(id: number, until: RunUntil): void {
    this.#wakes = false;
    const rule = until.rule === "configured" ? this.#run.stop : until.rule;
    this.#runCall = { id, rule, ticks: until.ticks, stepsLeft: undefined };
  }

  #cancel(id: number, request: number): void {
    for (const [seq, waiting] of this.#asks) if (waiting === request) this.#asks.delete(seq);
    if (this.#runCall?.id === request) this.#runCall = undefined;
    this.#answer(id, { tick: this.#run.loop.world.tick });
  }

  #inspect(id: number, request: { readonly agent?: string; readonly describe: boolean }): void {
    const { loop, describe, runId } = this.#run;
    const { agent } = request;
    const report = reportWorld(loop.world, {
      runId,
      ...(agent === undefined ? {} : { agent }),
      ...(request.describe ? { describe } : {}),
    });
    if (agent !== undefined && report.agents.length === 0) {
      throw fail("WE_AGENT_UNKNOWN", { agent, tick: report.tick });
    }
    const { models } = this.#run;
    this.#answer(id, models === undefined ? report : { ...report, models: models.reports });
  }

  /** One step of the loop. Returns 0 after a tick, else how long there is nothing to do. */
  #advance(): number {
    const { loop, log } = this.#run;
    if (this.#runCall === undefined && !this.#live) return idleWaitMs;
    if (log.condition === "full") return idleWaitMs;
    const next = loop.nextTick(this.#pacer?.tickNow());
    const reason = this.#runCall === undefined ? undefined : this.#reasonToStop(this.#runCall, next);
    if (reason !== undefined) {
      this.#noteReached(reason);
      this.#finishRunCall({ reason });
      return durableWaitMs;
    }
    if (next === undefined) return loop.awaitsAnswer ? this.#run.answerWaitMs : idleWaitMs;
    if (loop.tooFarAhead) return durableWaitMs;
    const paceMs = this.#pacer?.millisUntil(next) ?? 0;
    if (paceMs > 0) return Math.min(paceMs, idleWaitMs);
    if (!loop.isReady(next)) return this.#run.answerWaitMs;
    const { unsupervised } = loop.execute(next);
    if (unsupervised !== undefined) {
      this.#live = false;
      const fault = loop.faults.newestOf(unsupervised);
      this.#finishRunCall({
        reason: "unsupervised",
        ...(fault === undefined ? {} : { unsupervised: fault }),
      });
    }
    if (this.#runCall?.stepsLeft !== undefined) this.#runCall.stepsLeft -= 1;
    const { snapshotEvery } = this.#run;
    if (snapshotEvery !== undefined && next - this.#snapshotTick >= snapshotEvery) this.#takeSnapshot();
    return 0;
  }

  /** A run that ends at a given tick is over up to there, although its last ticks may have been empty. */
  #noteReached(reason: StopReason): void {
    const { ticks, rule } = this.#runCall ?? {};
    const { loop } = this.#run;
    if (reason === "ticks" && ticks !== undefined) loop.reach(ticks - 1);
    if (rule === undefined || rule === "never") return;
    if (reason === "tick" && rule.when === "tick") loop.reach(rule.tick - 1);
    if (reason === "max-ticks" && rule.maxTicks !== undefined) loop.reach(rule.maxTicks - 1);
  }

  #reasonToStop(call: RunCall, next: number | undefined): StopReason | undefined {
    const { loop } = this.#run;
    const quiet = next === undefined && loop.sourcesDone && !loop.awaitsAnswer;
    if (call.stepsLeft !== undefined) {
      if (call.stepsLeft <= 0) return "ticks";
      return quiet ? "idle" : undefined;
    }
    const { rule, ticks } = call;
    if (ticks !== undefined && next !== undefined && next >= ticks) return "ticks";
    if (rule === "never") return quiet && ticks !== undefined ? "ticks" : undefined;
    if (rule.when === "exit" && loop.state.exitSeen) return "exit";
    if (rule.when === "inputs-done" && loop.sourcesDone && loop.admittedCount === 0) return "inputs-done";
    if (rule.when === "tick" && (next === undefined ? quiet : next >= rule.tick)) return "tick";
    if (rule.maxTicks !== undefined && next !== undefined && next >= rule.maxTicks) return "max-ticks";
    return quiet ? "idle" : undefined;
  }

  /** The call is over: everything executed is made durable and kept as a snapshot, then the caller is told. */
  #finishRunCall(ending: Ending): void {
    const call = this.#runCall;
    if (call === undefined) return;
    if (call.stepsLeft !== undefined) {
      this.#runCall = undefined;
      const { tick, chainHead } = this.#run.loop.world;
      this.#answer(call.id, { tick, chainHead: hex(chainHead) });
      return;
    }
    this.#ending = ending;
    this.#seal();
    const result = runResultOf(this.#run, { wallMs: this.#wallMs, ...ending });
    this.#ending = undefined;
    this.#runCall = undefined;
    this.#answer(call.id, result);
  }

  #seal(): void {
    this.#run.log.waitForSync();
    this.#settle();
    if (this.#run.loop.world.tick > this.#snapshotTick) this.#takeSnapshot();
    this.#reportProgress(true);
  }

  #close(stopping: { readonly id: number; readonly reason: "stopped" | "interrupted" }): void {
    this.#seal();
    const result = runResultOf(this.#run, { wallMs: this.#wallMs, reason: stopping.reason });
    if (this.#runCall !== undefined) this.#answer(this.#runCall.id, result);
    this.#runCall = undefined;
    for (const id of this.#asks.values()) {
      this.#emit({ kind: "refusal", id, error: fail("WE_WORLD_ENDED", { method: "ask" }).toRecord() });
    }
    this.#run.close();
    this.#ended = true;
    this.#answer(stopping.id, result);
    this.#emit({ kind: "ended", result });
  }

  #takeSnapshot(): SnapshotReport {
    this.#run.log.waitForSync();
    this.#settle();
    const report = this.#run.takeSnapshot();
    this.#snapshotTick = report.tick;
    return report;
  }

  /** Tells everybody what has become durable since the last time. */
  #settle(): void {
    const { loop, log, durability } = this.#run;
    for (const released of loop.release()) {
      if (released.tick <= this.#releasedTick) continue;
      this.#releasedTick = released.tick;
      for (const [index, message] of worldMessages(loop.world, released).entries()) {
        const departure = released.departures[index];
        if (departure?.kind === "answer") this.#settleAsk(departure.inputSeq, message);
        else this.#publish(message);
      }
    }
    const { durableSeq } = log;
    const settled = this.#acknowledgements.findIndex((pending) => pending.seq > durableSeq);
    const end = settled === -1 ? this.#acknowledgements.length : settled;
    for (const { id, seq, tick } of this.#acknowledgements.splice(0, end)) {
      this.#answer(id, { tick, seq, durability });
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

  #publish(message: WorldMessage): void {
    for (const [subscription, topic] of this.#subscriptions) {
      if (topic === message.topic || topic === "*") this.#emit({ kind: "message", subscription, message });
    }
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

/** Error answers carry JSON `{code, message}`; a guest may have written anything. */
function readErrorAnswer(payload: Uint8Array): { code: string; reason: string } {
  const text = decodeUtf8(payload) ?? "";
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "code" in value && "message" in value) {
      return { code: String(value.code), reason: String(value.message) };
    }
  } catch {
    // Not JSON: the text itself is the reason.
  }
  return { code: "FAILED", reason: text };
}
