/**
 * Runs turns from a turn region into an outcome region: the invocations of a turn in order, each committed to the
 * journal or rolled back. The first fault ends the turn. Fuel is exact where all invocations complete; else every
 * slice that the turn began, in full. What it holds between turns is used again: a turn allocates nothing of its own.
 */

import { EntryCode, FaultCode, TurnReader, Words, assert, encodeUtf8 } from "@wasm-engine/abi";
import type { AgentHandle, OutcomeRegion, Region } from "@wasm-engine/abi";
import { emptyLedgerMark } from "./agent-ledger.js";
import type { CallWitness, FaultDetail, Ledger } from "./executor-contract.js";
import { COMPLETED, callEntry, emptyInvocation, placingFuel } from "./guest-call.js";
import type { Caller, Verdict } from "./guest-call.js";
import type { GuestInstance } from "./guest-instance.js";
import type { HostContext } from "./host-context.js";
import { invocationsPerTurnMax } from "./limits.js";
import type { ResidentAgent } from "./resident-agent.js";
import type { SlotKeeper } from "./slot-keeper.js";

export interface TurnRunnerOptions {
  readonly host: HostContext;
  readonly keeper: SlotKeeper;
  readonly depthBytes: number;
  readonly onFaultDetail: ((detail: FaultDetail) => void) | undefined;
  readonly witness: CallWitness | undefined;
}

/** Nothing of the agent ran: it may have less memory than its module starts with. */
const OVERSIZED: Verdict = {
  code: FaultCode.HOST_DENIED,
  guestCode: 0,
  detail: "the module starts with more memory than memoryBytes allows",
};

export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #reader = new TurnReader();
  readonly #invocation = emptyInvocation();
  readonly #ledgerBefore = emptyLedgerMark();
  #caller: { -readonly [Field in keyof Caller]: Caller[Field] } | undefined;
  #outcomes: OutcomeRegion | undefined;
  #mail: Uint8Array = new Uint8Array(0);
  #mailWords = new Words(this.#mail);
  #turnWords = this.#mailWords;
  #streamsBefore: Ledger["streams"] = [];
  #timeNanos = 0n;
  /** What the journal takes of the running invocation. */
  readonly #committed = {
    tick: 0,
    timeHigh: 0,
    timeLow: 0,
    turnMessages: 0,
    turnEffectBytes: 0,
    lookups: [] as readonly AgentHandle[], // the host's list, set once
    fuel: 0,
  };
  readonly #figures = {
    completed: 0,
    fuel: 0,
    faultCode: 0,
    guestCode: 0,
    requests: 0,
    messages: 0,
    spawns: 0,
  };

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
    this.#committed.lookups = options.host.lookups;
  }

  get tick(): number {
    return this.#committed.tick;
  }

  /** Begins with the first turn of `turns`; empties `outcomes`. */
  open(turns: Region, mail: Uint8Array, outcomes: OutcomeRegion): void {
    this.#reader.open(turns);
    outcomes.begin();
    this.#outcomes = outcomes;
    this.#mail = mail;
    this.#mailWords = new Words(mail);
    this.#turnWords = turns.words;
    this.#timeNanos = this.#reader.timeNanos;
    const time = BigInt.asUintN(64, this.#timeNanos);
    this.#committed.tick = this.#reader.tick;
    this.#committed.timeHigh = Number(time >> 32n);
    this.#committed.timeLow = Number(time & 0xffff_ffffn);
  }

  /** Moves to the next turn; false after the last one. */
  next(): boolean {
    return this.#reader.nextTurn();
  }

  /** Whose turn it is. */
  get agent(): AgentHandle {
    return this.#reader.agent as AgentHandle; // written from a handle
  }

  /** Runs the turn that `next` moved to. */
  run(agent: ResidentAgent): void {
    const { host, keeper } = this.#options;
    const { invocationCount } = this.#reader;
    const { fuelPerSlice, fuelPerTurnMax } = agent.limits;
    assert(invocationCount <= invocationsPerTurnMax, "a turn's invocations fit into u16");
    assert(agent.pendingFrom === undefined, "a busy agent takes no turn");
    host.meter.start(fuelPerSlice, fuelPerTurnMax);
    this.#streamsBefore = agent.ledger.positions();
    if (invocationCount === 0 || agent.isOversized) {
      this.#runNothing(agent, invocationCount);
      return;
    }
    agent.digest = undefined;
    const journalStart = agent.journal.length;
    this.#enter(agent, keeper.slotOf(agent));
    let completed = 0;
    let verdict = COMPLETED;
    for (let index = 0; index < invocationCount; index += 1) {
      this.#reader.nextInvocation(this.#mail);
      if (verdict.code !== 0) continue;
      verdict = this.#invoke(agent, index);
      if (verdict.code === 0) completed += 1;
    }
    const fuel = verdict.code === 0 ? host.meter.used : host.meter.granted;
    if (fuel > fuelPerSlice) agent.pendingFrom = journalStart;
    this.#finish(agent, fuel, completed, verdict);
  }

  /** One invocation: committed, or as if it had never been. */
  #invoke(agent: ResidentAgent, index: number): Verdict {
    const { host, witness } = this.#options;
    const { effects, meter } = host;
    const caller = this.#caller;
    assert(caller !== undefined, "a turn has a caller");
    this.#readInvocation();
    const committed = this.#committed;
    committed.turnEffectBytes = effects.usedBytes;
    committed.turnMessages = host.turnMessages;
    const fuelBefore = meter.used;
    agent.ledger.mark(this.#ledgerBefore);
    effects.invocation = index;
    if (host.lookups.length > 0) host.lookups.length = 0;
    if (witness !== undefined) this.#begin(witness, agent);
    const verdict = callEntry(caller, this.#invocation);
    const isFaulted = verdict.code !== 0;
    witness?.end((isFaulted ? meter.granted : meter.used) - fuelBefore, isFaulted);
    if (isFaulted) return this.#rollBack(agent, verdict);
    if (this.#invocation.entry === EntryCode.INIT) agent.initialised = true;
    committed.fuel = meter.used - fuelBefore;
    agent.journal.append(this.#invocation, committed);
    return verdict;
  }

  #begin(witness: CallWitness, { agent, id, module }: ResidentAgent): void {
    const { messageBytes } = this.#invocation;
    witness.begin({
      agent,
      id,
      module: module.digest,
      tick: this.tick,
      placingFuel: placingFuel(messageBytes),
    });
  }

  #rollBack(agent: ResidentAgent, verdict: Verdict): Verdict {
    const { host, keeper } = this.#options;
    const { turnEffectBytes } = this.#committed;
    // Its console lines go with its effects; what it said about the failure is kept for people.
    const said = host.effects.errorLines(turnEffectBytes);
    agent.ledger.restore(this.#ledgerBefore);
    host.effects.truncate(turnEffectBytes);
    keeper.rollBack(agent);
    return { ...verdict, detail: [reasonOf(verdict), ...said].join("\n") };
  }

  #readInvocation(): void {
    const reader = this.#reader;
    const invocation = this.#invocation;
    invocation.entry = reader.entry;
    invocation.messageStart = reader.messageStart;
    invocation.messageBytes = reader.messageBytes;
    invocation.source = reader.messageSource === this.#mail ? this.#mailWords : this.#turnWords;
  }

  /** Sets the surroundings of the turn. Reconstructing a slot leaves others behind: after it. */
  #enter(agent: ResidentAgent, instance: GuestInstance): void {
    const { host, depthBytes } = this.#options;
    this.#caller ??= { instance, meter: host.meter, depthBytes, gates: host.gates };
    this.#caller.instance = instance;
    host.enter(agent, agent.ledger, this.#caller);
    host.tick = this.#committed.tick;
    host.timeNanos = this.#timeNanos;
    this.#beginEffects(agent);
  }

  #beginEffects(agent: ResidentAgent): void {
    const outcomes = this.#outcomes;
    assert(outcomes !== undefined, "turns have places");
    const start = outcomes.beginTurn(agent.agent, this.#reader.planIndex);
    this.#options.host.effects.start(outcomes.region, start);
  }

  /** A turn without invocations, or of an agent of which nothing may ever run. */
  #runNothing(agent: ResidentAgent, invocationCount: number): void {
    for (let index = 0; index < invocationCount; index += 1) this.#reader.nextInvocation(this.#mail);
    this.#beginEffects(agent);
    const fuel = invocationCount === 0 ? 0 : this.#options.host.meter.granted;
    const { witness } = this.#options;
    if (fuel > 0 && witness !== undefined) {
      this.#invocation.messageBytes = 0;
      this.#begin(witness, agent);
      witness.end(fuel, true);
    }
    this.#finish(agent, fuel, 0, invocationCount === 0 ? COMPLETED : OVERSIZED);
  }

  #finish(agent: ResidentAgent, fuel: number, completed: number, verdict: Verdict): void {
    const { ledger } = agent;
    const figures = this.#figures;
    figures.completed = completed;
    figures.fuel = fuel;
    figures.faultCode = verdict.code;
    figures.guestCode = verdict.guestCode;
    figures.requests = ledger.requests;
    figures.messages = ledger.messages;
    figures.spawns = ledger.spawns;
    const positions = ledger.positions();
    const streams = positions === this.#streamsBefore ? undefined : encodeUtf8(JSON.stringify(positions));
    this.#outcomes?.finishTurn(figures, this.#options.host.effects.usedBytes, streams);
    if (verdict.code !== 0) this.#report(agent, verdict);
  }

  #report(agent: ResidentAgent, { code, guestCode, detail = "" }: Verdict): void {
    if (code === 0) return;
    this.#options.onFaultDetail?.({
      agent: agent.agent,
      id: agent.id,
      tick: this.tick,
      code,
      guestCode,
      detail,
    });
  }
}

/** What happened, in one line. How exhaustion shows in the machine (a trap) says nothing to people. */
function reasonOf({ code, guestCode, detail }: Verdict): string {
  if (code === FaultCode.OUT_OF_FUEL) return "the turn used up fuelPerTurnMax";
  if (code === FaultCode.OUT_OF_DEPTH) return "calls went deeper than the stack budget";
  return detail ?? `the agent returned ${guestCode}`;
}
