/**
 * The driver of one world: chooses the next tick, logs its inputs before executing them, logs its commit, and
 * lets departures go once the log says that their cause is durable. Synchronous; knows neither threads nor
 * clients. Stop rules and pacing are the session's.
 */

import { assert } from "@wasm-engine/abi";
import type { Departure, ExecutedTick, Input, InputBody, TickResult, WorldContract } from "@wasm-engine/core";
import type { AnswerBook } from "../fork/answer-book.js";
import { ReusingDesk } from "../fork/reusing-desk.js";
import type { LoopDesk } from "../fork/reusing-desk.js";
import type { Answerer } from "../inference/answerer.js";
import { RequestDesk } from "../inference/request-desk.js";
import type { AnswerFigures } from "../inference/request-desk.js";
import type { EventLog } from "../storage/contract.js";
import type { InputSource, OutputSink, StopRule } from "./contract.js";
import type { FaultReport } from "./control.js";
import type { PassCrashPoint } from "./crash-point.js";
import { DeadLetterLog } from "./dead-letter-log.js";
import type { FaultLog } from "./fault-log.js";
import { noteInput, noteTick } from "./host-state.js";
import type { HostState } from "./host-state.js";
import { commitSliceAgents, openTicksMax, unforcedTicks } from "./limits.js";

export interface LoopParts {
  readonly world: WorldContract;
  readonly log: EventLog;
  readonly sources: readonly InputSource[];
  readonly sinks: readonly OutputSink[];
  readonly state: HostState;
  readonly stop: StopRule;
  readonly ticksAheadMax: number;
  readonly pass: PassCrashPoint;
  readonly faults: FaultLog;
  /** Told after every tick that is executed for the first time. */
  readonly observe?: (tick: number, result: ExecutedTick, faults: readonly FaultReport[]) => void;
  /** What answers requests; absent: nobody does. */
  readonly answerers?: readonly Answerer[];
  /** What a fork has of its parent's future. */
  readonly future?: ForkFuture;
}

export interface ForkFuture {
  /** Inputs that came from no source; their positions are counted behind those of the sources. */
  readonly calls: InputSource;
  readonly book: AnswerBook;
}

/** A commit that covers a state hash, and how many records the log has up to it. */
export interface HashedSeal {
  readonly tick: number;
  readonly stateHash: Uint8Array;
  readonly chainHead: Uint8Array;
  readonly logRecords: number;
}

/** Departures of one tick. */
export interface ReleasedTick {
  readonly tick: number;
  readonly departures: readonly Departure[];
}

export class TickLoop {
  readonly #parts: LoopParts;
  readonly deadLetters = new DeadLetterLog();
  readonly #desk: LoopDesk;
  /** Logged, not yet executed; all of one tick, the next, unless a crash has left more. */
  #admitted: Input[] = [];
  #unreleased: ReleasedTick[] = [];
  /** Ticks up to here are over, executed or empty: nothing may enter them any more. */
  #reachedTick: number;
  #releasedTick: number;
  #executedTick: number;
  #committedTick: number;
  /** Executed ticks that are not committed: they wait for a state hash. */
  #openTicks = 0;
  #hashedSeal: HashedSeal | undefined;
  /** Sequence of the last logged input; the host state counts those that are executed. */
  #loggedSeq: number;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#releasedTick = parts.world.tick;
    this.#reachedTick = parts.world.tick;
    this.#executedTick = parts.world.tick;
    this.#committedTick = parts.world.tick;
    this.#loggedSeq = parts.state.lastSeq;
    const desk = new RequestDesk(parts.world, parts.answerers ?? [], parts.state.modelSwaps);
    this.#desk = parts.future === undefined ? desk : new ReusingDesk(desk, parts.future.book);
    this.#desk.note(parts.state.outstanding);
    this.#desk.recall(parts.state.begunTexts);
  }

  /** Sequence of the last input in the log. */
  get loggedSeq(): number {
    return this.#loggedSeq;
  }

  get world(): WorldContract {
    return this.#parts.world;
  }

  get state(): HostState {
    return this.#parts.state;
  }

  get faults(): FaultLog {
    return this.#parts.faults;
  }

  /** Last tick that is over: the last executed one, or a later one where the ticks between were empty. */
  get reachedTick(): number {
    return Math.max(this.#reachedTick, this.#executedTick);
  }

  /** The same as far as it is committed: what a log may say when it is closed. */
  get sealedReachTick(): number {
    return this.#openTicks > 0 ? this.#committedTick : this.reachedTick;
  }

  /** Last tick that was executed to its end. */
  get executedTick(): number {
    return this.#executedTick;
  }

  /** Executed ticks that are not committed yet. */
  get openTicks(): number {
    return this.#openTicks;
  }

  /** The last commit that covers a state hash, of those that this loop has made. */
  get hashedSeal(): HashedSeal | undefined {
    return this.#hashedSeal;
  }

  /** Tick of the last commit: where a tick was given up in the middle, the world may stand further. */
  get committedTick(): number {
    return this.#committedTick;
  }

  /** Last tick whose departures were let go: its commit is durable. */
  get releasedTick(): number {
    return this.#releasedTick;
  }

  /** An input that starts this agent is logged and waits for its tick. */
  awaitsSpawn(agentId: string): boolean {
    return this.#admitted.some(({ body }) => body.kind === "spawn" && body.spec.id === agentId);
  }

  /** States that every tick up to `tick` is over. */
  reach(tick: number): void {
    this.#reachedTick = Math.max(this.#reachedTick, tick);
  }

  /** Inputs that are logged and wait for their tick. */
  get admittedCount(): number {
    return this.#admitted.length;
  }

  /** How requests were answered since this process opened the run. */
  get answerFigures(): Readonly<AnswerFigures> {
    return this.#desk.figures;
  }

  /** A model or a tool still works on an answer that enters whenever it has come. */
  get awaitsAnswer(): boolean {
    return this.#desk.isAwaiting;
  }

  /** Time for which ticks waited for answers that were due, in milliseconds. */
  get inferenceStallMs(): number {
    return this.#desk.stallMs;
  }

  /** Recovery is over: requests are answered from now on, first what a former process left unanswered. */
  begin(): void {
    this.#desk.begin(this.#admitted);
  }

  /** False while an answer that is due at `tick` has not come. */
  isReady(tick: number): boolean {
    return this.#desk.isReady(tick);
  }

  /** True where `tick`, for which {@link isReady} has waited, is not the next one after all. */
  isMoot(tick: number, floor?: number): boolean {
    return this.#desk.isForetelling && this.nextTick(floor) !== tick;
  }

  /** Every source has delivered its last record. */
  get sourcesDone(): boolean {
    return this.#sources.every((source) => source.done && source.peekTick() === undefined);
  }

  /** Everything that delivers inputs by itself; what a fork kept of calls comes last, as in the list of positions. */
  get #sources(): readonly InputSource[] {
    const { sources, future } = this.#parts;
    return future === undefined ? sources : [...sources, future.calls];
  }

  /**
   * The next tick with work, or undefined where nothing is due now. What has no tick of its own or comes late enters
   * at `floor`, the tick of the wall clock in a paced run, unless work is due before.
   */
  nextTick(floor?: number): number | undefined {
    const { world } = this.#parts;
    // Nothing that is logged later may enter an earlier tick: inputs are logged in the order of their ticks.
    const admitted = this.#admitted[0];
    let next = world.nextDueTick() ?? Infinity;
    assert(next > world.tick, "due ticks lie in the future");
    // After a crash inputs may be there of ticks behind one whose commit was lost.
    if (admitted !== undefined) return Math.min(admitted.tick, next);
    const first = this.reachedTick + 1;
    const answerTick = this.#desk.dueTick(first, floor ?? 0);
    const peeked = this.#sources.map((source) => source.peekTick()).filter((tick) => tick !== undefined);
    // Without a clock empty ticks pass in no time: they would carry the world to a timeout before a model can answer.
    const isHeld = floor === undefined && next > first && peeked.length === 0 && this.#desk.isAwaiting;
    if (isHeld && answerTick === undefined) return undefined;
    next = Math.min(next, answerTick ?? Infinity);
    for (const tick of peeked) if (tick >= first) next = Math.min(next, tick);
    if (peeked.some((tick) => tick < first)) next = Math.min(next, Math.max(first, floor ?? 0));
    return next === Infinity ? undefined : next;
  }

  /** True where the log is so far behind that the next tick must wait for it. */
  get tooFarAhead(): boolean {
    const { log, ticksAheadMax } = this.#parts;
    if (log.ticksAhead < ticksAheadMax) return false;
    log.poll();
    return log.ticksAhead >= ticksAheadMax;
  }

  /** Logs an input from outside for the tick that is executed next, in a paced run for that of the wall clock. */
  admit(body: InputBody, options: { readonly key?: string; readonly floor: number }): Input {
    const { key, floor } = options;
    const tick = Math.max(this.reachedTick + 1, this.#admitted.at(-1)?.tick ?? this.#entryTick(floor));
    const input = this.#append(key === undefined ? { tick, body } : { tick, body, key });
    this.#admitted.push(input);
    return input;
  }

  /** The tick that the first of the next inputs enters. */
  #entryTick(floor: number): number {
    return Math.min(this.nextTick(floor) ?? Infinity, Math.max(this.reachedTick + 1, floor));
  }

  /** Inputs that a crash left logged and uncommitted: they are executed in their tick and not logged again. */
  adopt(inputs: readonly Input[]): void {
    for (const input of inputs) {
      assert(input.tick > this.#parts.world.tick, "an uncommitted input belongs to a later tick");
      this.#loggedSeq = input.seq;
      this.#admitted.push(input);
    }
  }

  /** Sources go on behind what is logged. */
  seekSources(): void {
    const records = [...this.#parts.state.sourceRecords];
    for (const { source } of this.#admitted) if (source !== undefined) records[source[0]] = source[1] + 1;
    this.#sources.forEach((source, index) => source.seek(records[index] ?? 0));
  }

  /**
   * Executes one tick with everything that is due in it. `isLate`: what covers a state hash may be committed later, by
   * {@link release} or after some ticks.
   */
  execute(tick: number, isLate = false): ExecutedTick {
    const { world, pass } = this.#parts;
    assert(tick > world.tick, "ticks ascend");
    pass("before-append");
    const inputs = this.#collect(tick);
    if (inputs.length > 0) pass("after-append");
    const result = world.advance(tick, inputs);
    pass("after-step");
    this.#openTicks += 1;
    if (this.#openTicks > unforcedTicks) this.#advanceShare();
    this.#commit(!isLate || this.#openTicks > openTicksMax);
    pass("after-commit");
    const faults = this.#finish(tick, result);
    this.#parts.observe?.(tick, result, faults);
    return result;
  }

  /** Executes a committed tick again while a run is being resumed. The caller compares the result. */
  executeAgain(tick: number, inputs: readonly Input[]): TickResult {
    const { world, state } = this.#parts;
    for (const input of inputs) noteInput(state, input);
    this.#desk.settle(inputs);
    this.#loggedSeq = state.lastSeq;
    const result = world.step(tick, inputs);
    this.#committedTick = tick;
    this.#finish(tick, result);
    return result;
  }

  /** Does a little of what commits wait for; false where this thread can do nothing for them now. */
  advanceCommits(): boolean {
    return this.#openTicks > 0 && this.#parts.world.advanceSeals(commitSliceAgents);
  }

  /** Does a share of what is left, so that nothing of it is left in time, even without idle time. */
  #advanceShare(): void {
    const { world } = this.#parts;
    const ticksLeft = Math.max(1, openTicksMax + 1 - this.#openTicks);
    const share = Math.ceil(world.sealsLeft / ticksLeft);
    for (let done = 0; done < share && world.advanceSeals(commitSliceAgents);) done += commitSliceAgents;
  }

  /** Commits every executed tick. */
  commitAll(): void {
    this.#commit(true);
  }

  /** Commits every executed tick and returns when everything logged is durable. */
  waitForSync(): void {
    this.commitAll();
    this.#parts.log.waitForSync();
  }

  /** `all`: whatever has to be computed for it. */
  #commit(all: boolean): void {
    const { world, log } = this.#parts;
    for (const { commit, chainHead } of world.takeSeals(all)) {
      const record = log.append({ kind: "commit", commit, chainHead });
      const { tick, stateHash } = commit;
      this.#committedTick = tick;
      this.#openTicks -= 1;
      if (stateHash !== undefined) this.#hashedSeal = { tick, stateHash, chainHead, logRecords: record + 1 };
    }
    assert(!all || this.#openTicks === 0, "every executed tick is sealed");
  }

  /** Brings the log's state up to date and lets everything go whose cause is durable, in order of ticks. */
  release(): readonly ReleasedTick[] {
    const { log, sinks, pass } = this.#parts;
    if (this.#openTicks > 0) this.#commit(false);
    log.poll();
    const durable = Math.min(log.durableTick, this.#parts.world.tick);
    this.#desk.release(durable);
    if (durable <= this.#releasedTick) return [];
    const end = this.#unreleased.findIndex((entry) => entry.tick > durable);
    const count = end === -1 ? this.#unreleased.length : end;
    if (count > 0) {
      pass("before-release");
      // Where a disk is full this is tried again: sinks know what they have written, and nobody is told before.
      for (const sink of sinks) {
        sink.release(durable);
        pass("during-release");
      }
      pass("after-release");
    }
    this.#releasedTick = durable;
    return this.#unreleased.splice(0, count);
  }

  /** True while something waits for the disk. */
  get unsettled(): boolean {
    return this.#openTicks > 0 || this.#unreleased.length > 0 || this.#desk.isHolding;
  }

  #finish(tick: number, result: ExecutedTick): readonly FaultReport[] {
    this.#executedTick = tick;
    const { state, stop, sinks, faults } = this.#parts;
    noteTick(state, result, stop);
    this.#desk.note(result.requests);
    if (state.outstanding.length > 0 || result.requests.length > 0) {
      state.outstanding = this.#desk.requests;
      state.begunTexts = this.#desk.begunTexts;
    }
    const reports = faults.note(tick, result);
    if (result.deadLetters.length > 0) this.deadLetters.note(result.deadLetters);
    if (result.departures.length === 0) return reports;
    for (const sink of sinks) sink.offer(tick, result.departures);
    this.#unreleased.push({ tick, departures: result.departures });
    return reports;
  }

  /** Inputs of `tick` in log order: admitted ones, results of requests, records of the sources. */
  #collect(tick: number): Input[] {
    const { sources, state, future } = this.#parts;
    assert(this.isReady(tick), "a tick waits for its answers");
    const later = this.#admitted.filter((input) => input.tick !== tick);
    const inputs =
      later.length === 0 ? this.#admitted : this.#admitted.filter((input) => input.tick === tick);
    this.#admitted = later;
    for (const input of inputs) noteInput(state, input);
    assert(
      later.every((input) => input.tick > tick),
      "what is admitted belongs to this tick or a later one",
    );
    this.#desk.settle(inputs);
    // The log has inputs of later ticks, so it has everything that entered this one.
    if (later.length > 0) return inputs;
    if (future !== undefined) inputs.push(...this.#drained(tick, future.calls, sources.length));
    for (const body of this.#desk.take(tick)) inputs.push(this.#log({ tick, body }));
    for (const [index, source] of sources.entries()) inputs.push(...this.#drained(tick, source, index));
    return inputs;
  }

  /** Logs what a source has for `tick`; `index` is its place in the list of positions. */
  #drained(tick: number, source: InputSource, index: number): readonly Input[] {
    return source.take(tick).map(({ body, record, key }) => {
      return this.#log({ tick, body, source: [index, record], ...(key === undefined ? {} : { key }) });
    });
  }

  #log(input: Omit<Input, "seq">): Input {
    const logged = this.#append(input);
    noteInput(this.#parts.state, logged);
    return logged;
  }

  #append(input: Omit<Input, "seq">): Input {
    this.#loggedSeq += 1;
    const { tick, body, key, source } = input;
    const seq = this.#loggedSeq;
    // Spelt out for what comes by the hundred thousand: copying fields one does not know takes longer.
    const isPlain = key === undefined && source === undefined;
    const logged: Input = isPlain ? { seq, tick, body } : { seq, ...input };
    this.#parts.log.append({ kind: "input", input: logged });
    return logged;
  }
}
