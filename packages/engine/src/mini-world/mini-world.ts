/**
 * A world of agents inside of a test: the real core and executor in the calling thread, no process, no log, no clock.
 * Owns what a test does with it; the rules of ticks are the core's, inputs and answers those of mini-loop.ts.
 */

import { MessageFlag } from "@wasm-engine/abi";
import type { Departure, InputBody, Json, TickResult } from "@wasm-engine/core";
import { asAgentId, resolveTask } from "../client/agent-input.js";
import type { TaskInput } from "../client/agent-input.js";
import { decodePayload, encodePayload } from "../world/payload.js";
import { readErrorAnswer } from "../world/error-answer.js";
import { fail as worldError } from "../world/errors.js";
import { hex } from "../world/report.js";
import type { Answerers } from "./answer-desk.js";
import { configuredAnswerers } from "./configured-answers.js";
import { miniWorldError } from "./errors.js";
import { openGiven, withAnswers } from "./given-answers.js";
import type { NewAnswers } from "./given-answers.js";
import { ticksToRestMax } from "./limits.js";
import { resolveSetup } from "./mini-genesis.js";
import type { MiniWorldSetup } from "./mini-genesis.js";
import { MiniLoop } from "./mini-loop.js";
import type { LoopState } from "./mini-loop.js";
import type {
  TestAgent,
  TestAwait,
  TestConsoleLine,
  TestDeadLetter,
  TestEffect,
  TestFault,
  TestMessage,
  TestRequest,
} from "../observed/observations.js";
import type { WorldOptions } from "./world-options.js";
import { stateOf } from "../world/described-state.js";

/** What a list is narrowed to: entries that are equal in every member that is given. */
export type Only<Entry> = { readonly [Key in keyof Entry]?: Entry[Key] };

export interface RunOptions {
  /** Ticks of virtual time, empty ones included. */
  readonly ticks: number;
}

export interface RestOptions {
  /** Ticks to be executed at most. @default 10000 */
  readonly ticksMax?: number;
}

/** A world between two ticks. */
export class WorldSnapshot {
  readonly tick: number;
  readonly chainHead: string;
  /** @internal */
  readonly state: LoopState;

  /** @internal */
  constructor(state: LoopState, chainHead: string) {
    this.tick = state.reachedTick;
    this.chainHead = chainHead;
    this.state = state;
  }
}

/**
 * Makes a world for a test.
 * @throws {WE_TEST_OPTION} {WE_SECRET_MISSING} {WE_TOOL_DEFINITION} {WE_TOOL_LOAD} and what building modules and
 * resolving a configuration throw
 *
 * @example
 * await using world = await createWorld({ agents: { critic: "./agents/critic.ts" } });
 * assert.deepEqual(await world.ask("critic", { plan: "x" }), { verdict: "weak" });
 */
export async function createWorld(options: WorldOptions): Promise<MiniWorld> {
  const setup = await resolveSetup(options);
  const sources = setup.adapters.map((adapter) => ({ setup: adapter }));
  const answerers = withAnswers(configuredAnswerers(sources, setup), options, setup);
  await openGiven(answerers, options);
  return new MiniWorld(setup, answerers);
}

export class MiniWorld {
  readonly #setup: MiniWorldSetup;
  #answerers: Answerers;
  #loop: MiniLoop;
  #isOpen = true;
  /** Calls that move the world do so one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Answers to the outside, by the sequence of the input that asked. */
  readonly #answers = new Map<number, Departure>();

  /** @internal Use {@link createWorld}. */
  constructor(setup: MiniWorldSetup, answerers: Answerers, from?: LoopState) {
    this.#setup = setup;
    this.#answerers = answerers;
    this.#loop = new MiniLoop(setup, answerers, from);
  }

  /** Last tick that is over; -1 before the first. */
  get tick(): number {
    return this.#loop.reachedTick;
  }

  /** Head of the chain after the last executed tick, 64 hexadecimal digits: equal worlds have equal heads. */
  get chainHead(): string {
    return hex(this.#loop.world.chainHead);
  }

  /** State hash as of now, 64 hexadecimal digits. */
  get stateHash(): string {
    return hex(this.#loop.world.stateHash());
  }

  get faults(): readonly TestFault[] {
    return [...this.#loop.record.faults];
  }

  get deadLetters(): readonly TestDeadLetter[] {
    return [...this.#loop.record.deadLetters];
  }

  get console(): readonly TestConsoleLine[] {
    return [...this.#loop.record.console];
  }

  /** Ids of the agents that live now, sorted. */
  get agents(): readonly string[] {
    return this.#loop.world.agents().map(({ agentId }) => agentId as string);
  }

  /** Messages so far, in the order of the world. */
  messages(only: Only<TestMessage> = {}): readonly TestMessage[] {
    return narrowed(this.#loop.record.messages, only);
  }

  /** What agents have asked models and tools, with the answers that have entered. */
  requests(only: Only<TestRequest> = {}): readonly TestRequest[] {
    return narrowed(this.#loop.record.requests, only);
  }

  /** Everything that agents have asked for, in the order in which it was committed. */
  effects(only: Only<TestEffect> = {}): readonly TestEffect[] {
    return narrowed(this.#loop.record.effects, only);
  }

  /** One agent as of now. @throws {WE_AGENT_UNKNOWN} where none of that id has ever lived */
  agent(id: string): TestAgent {
    const { record, world } = this.#loop;
    const view = world.agent(asAgentId(id));
    const isKnown = view !== undefined || record.names.has(id);
    if (!isKnown) throw worldError("WE_AGENT_UNKNOWN", { agent: id, tick: this.tick });
    const described = view === undefined ? undefined : this.#loop.describe(view.handle);
    return {
      id,
      status: view?.status ?? "stopped",
      state: stateOf(described),
      described,
      fuel: record.fuelOf(id),
      fuelOf: (tick) => record.fuelOf(id, tick),
      faults: narrowed(record.faults, { agent: id }),
      pending: view === undefined ? [] : this.#pendingOf(view),
      console: narrowed(record.console, { agent: id }),
      mailboxLength: view?.mailbox.length ?? 0,
    };
  }

  /** Sends a message from outside; it is received in the next tick. */
  send(to: string, body: Json | Uint8Array, options: { readonly topic?: string } = {}): void {
    this.#admit("send", this.#message(to, body, { ...options, answerWanted: false }));
  }

  /** Publishes from outside in the next tick. */
  publish(topic: string, body: Json | Uint8Array): void {
    this.#admit("publish", { kind: "publish", topic, ...encodePayload(body) });
  }

  /** Schedules a task in the next tick. */
  task(agent: string, task: TaskInput): void {
    this.#admit("task", { kind: "task", task: resolveTask(agent, task) });
  }

  /** Pauses, resumes, gracefully stops or ends an agent in the next tick. */
  control(action: "pause" | "resume" | "stop" | "terminate", agent: string): void {
    this.#admit(action, { kind: action, agent: asAgentId(agent) });
  }

  /**
   * Sends a message that wants an answer, executes ticks until it comes, and gives its body.
   * @throws {WE_ASK_FAILED} where the answer is an error
   * @throws {WE_TEST_AGENT_FAULT} {WE_TEST_UNANSWERED} {WE_TEST_TICKS_LIMIT}
   */
  async ask(
    to: string,
    body: Json | Uint8Array,
    options: { readonly topic?: string } & RestOptions = {},
  ): Promise<unknown> {
    const seq = this.#admit("ask", this.#message(to, body, { ...options, answerWanted: true }));
    const faultsBefore = this.#loop.record.faults.length;
    const ticksMax = options.ticksMax ?? ticksToRestMax;
    for (let executed = 0; executed <= ticksMax; executed += 1) {
      const answer = this.#answers.get(seq);
      if (answer !== undefined) return this.#answered(to, answer, faultsBefore);
      const result = await this.#advance(Infinity);
      if (result === undefined && !this.#answers.has(seq)) throw this.#unanswered(to, faultsBefore);
    }
    throw this.#tooLong(ticksMax);
  }

  /**
   * Executes ticks: a number of them, or until nothing is due any more.
   * @throws {WE_TEST_TICKS_LIMIT} where a world does not come to rest
   */
  async run(until: RunOptions | "idle" = "idle", options: RestOptions = {}): Promise<void> {
    const to = until === "idle" ? Infinity : this.tick + until.ticks;
    const ticksMax = until === "idle" ? (options.ticksMax ?? ticksToRestMax) : Infinity;
    for (let executed = 0; (await this.#advance(to)) !== undefined;) {
      executed += 1;
      if (executed >= ticksMax && this.#loop.nextTick() !== undefined) throw this.#tooLong(ticksMax);
    }
  }

  /** The world as of now, to go back to or to compare with. */
  snapshot(): WorldSnapshot {
    this.#requireOpen("snapshot");
    return new WorldSnapshot(this.#loop.state, this.chainHead);
  }

  /** Goes back to a snapshot of this world. */
  restore(snapshot: WorldSnapshot): void {
    this.#requireOpen("restore");
    this.#loop.close();
    this.#answers.clear();
    this.#loop = new MiniLoop(this.#setup, this.#answerers, snapshot.state);
  }

  /** A second world that goes on from here by itself, with other answers where some are given. */
  fork(answers: NewAnswers = {}): MiniWorld {
    const { state } = this.snapshot();
    return new MiniWorld(this.#setup, withAnswers(this.#answerers, answers, this.#setup), state);
  }

  /** Idempotent. */
  close(): void {
    if (this.#isOpen) this.#loop.close();
    this.#isOpen = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return await Promise.resolve();
  }

  #requireOpen(method: string): void {
    if (!this.#isOpen) throw miniWorldError("WE_TEST_CLOSED", { method });
  }

  #admit(method: string, body: InputBody): number {
    this.#requireOpen(method);
    return this.#loop.admit(body);
  }

  #message(
    to: string,
    body: Json | Uint8Array,
    { topic = "", answerWanted }: { readonly topic?: string; readonly answerWanted: boolean },
  ): InputBody {
    return { kind: "message", to: asAgentId(to), topic, ...encodePayload(body), answerWanted };
  }

  /** One tick. Calls that come meanwhile take theirs afterwards. */
  async #advance(to: number): Promise<TickResult | undefined> {
    const before = this.#turn;
    const mine = (async () => {
      await before.catch(() => undefined);
      this.#requireOpen("run");
      const result = await this.#loop.advance(to);
      for (const departure of result?.departures ?? []) {
        const { inputSeq, flags } = departure;
        const isLast = (flags & MessageFlag.LAST_PART) !== 0;
        if (inputSeq !== undefined && isLast) this.#answers.set(inputSeq, departure);
      }
      return result;
    })();
    this.#turn = mine;
    return await mine;
  }

  #answered(agent: string, { flags, encoding, payload }: Departure, faultsBefore: number): unknown {
    if ((flags & MessageFlag.ERROR) === 0) return decodePayload(encoding, payload);
    const fault = this.#faultSince(agent, faultsBefore);
    if (fault !== undefined) throw fault;
    const { code, reason } = readErrorAnswer(payload);
    throw worldError("WE_ASK_FAILED", { agent, answerCode: code, reason });
  }

  #unanswered(agent: string, faultsBefore: number): Error {
    const fault = this.#faultSince(agent, faultsBefore);
    if (fault !== undefined) return fault;
    const view = this.#loop.world.agent(asAgentId(agent));
    const pending = view === undefined ? [] : this.#pendingOf(view);
    const list = pending.map(({ kind, name, sinceTick }) => `${kind} ${name} since tick ${sinceTick}`);
    const waiting = list.length === 0 ? "it waits for nothing" : `it waits for ${list.join(", ")}`;
    return miniWorldError("WE_TEST_UNANSWERED", { agent, tick: this.tick, waiting });
  }

  #faultSince(agent: string, before: number): Error | undefined {
    const fault = this.#loop.record.faults.slice(before).find((candidate) => candidate.agent === agent);
    if (fault === undefined) return undefined;
    const { tick, code, detail } = fault;
    return miniWorldError("WE_TEST_AGENT_FAULT", { agent, tick, faultCode: code, detail });
  }

  #tooLong(ticksMax: number): Error {
    const due = this.#loop.nextTick() ?? "nothing";
    return miniWorldError("WE_TEST_TICKS_LIMIT", { ticksMax, tick: this.tick, due });
  }

  #pendingOf(view: NonNullable<ReturnType<MiniLoop["world"]["agent"]>>): readonly TestAwait[] {
    return view.pendingRequests.map(({ requestId, kind, deadlineTick }) => {
      const opened = this.#loop.record.openedBy(view.handle, requestId);
      return { ...(opened ?? { kind: awaitKind(kind), name: "", sinceTick: -1 }), deadlineTick };
    });
  }
}

function narrowed<Entry extends object>(entries: readonly Entry[], only: Only<Entry>): readonly Entry[] {
  const wanted = Object.entries(only).filter(([, value]) => value !== undefined);
  return entries.filter((entry) => {
    const members = entry as Readonly<Record<string, unknown>>; // plain data
    return wanted.every(([key, value]) => members[key] === value);
  });
}

function awaitKind(kind: string): TestAwait["kind"] {
  if (kind === "inference") return "infer";
  if (kind === "timer") return "sleep";
  return kind === "tool" || kind === "task" ? kind : "ask";
}
