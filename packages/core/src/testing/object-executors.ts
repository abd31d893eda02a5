/**
 * The regions of the executors' port around a function from plan to outcomes, both as objects. Agents are spread over
 * several regions, as threads would do it, and regions may start tiny, so that they grow and overflow.
 */

import {
  MailRegion,
  OutcomeReader,
  OutcomeRegion,
  TurnReader,
  TurnRegion,
  assert,
  encodeUtf8,
} from "@wasm-engine/abi";
import type { AgentHandle, EntryCode, FaultCode } from "@wasm-engine/abi";
import type { Executors, Ledger, PopulationChange } from "../ports.js";

/** Entry points in the order in which a turn may call them; the index is the EntryCode. */
const entries = ["init", "receive", "step", "shutdown"] as const;
export type Entry = (typeof entries)[number];

/** One call of a guest entry point, the unit of atomicity. */
export interface Invocation {
  readonly entry: Entry;
  readonly message?: Uint8Array;
}

/** All work of one agent in one tick. */
export interface Turn {
  readonly agent: AgentHandle;
  readonly invocations: readonly Invocation[];
}

/** Turns in plan order. */
export interface Plan {
  readonly tick: number;
  readonly timeNanos: bigint;
  readonly turns: readonly Turn[];
}

/** The invocation that ended a turn early. */
export interface Fault {
  readonly code: FaultCode;
  readonly guestCode: number;
}

/** What a turn did. */
export interface TurnOutcome {
  readonly fuel: number;
  readonly completed: number;
  readonly effects: Uint8Array;
  readonly ledger: Ledger;
  readonly fault?: Fault;
}

/** What a turn may read of the world as sealed at t - 1. */
export interface SealedView {
  handleOf(id: string): AgentHandle | undefined;
}

export interface RegionOptions {
  /** Bytes that every region starts with. */
  readonly regionBytes?: number;
  /** Bytes that a mail region may grow to. */
  readonly mailBytesMax?: number;
  /** Regions that agents are spread over. */
  readonly lanes?: number;
}

/** Turns and outcomes of a share of the agents. */
interface Lane {
  readonly turns: TurnRegion;
  readonly outcomes: OutcomeRegion;
  readonly reader: OutcomeReader;
}

type RegionPort = Pick<Executors, "seal" | "mail" | "beginTick" | "turnsOf" | "execute" | "outcomesOf">;

/** Executes one turn. */
export type ExecuteTurn = (tick: number, turn: Turn, view: SealedView) => TurnOutcome;

function allocate(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes);
}

export class ObjectExecutors implements RegionPort {
  /** Every plan that was executed, its turns in plan order. */
  readonly plans: Plan[] = [];
  /** Messages that came inline, and in the mail region. */
  inlineMessages = 0;
  mailMessages = 0;
  readonly #executeTurn: ExecuteTurn;
  readonly #mail: readonly [MailRegion, MailRegion];
  readonly #lanes: readonly Lane[];
  readonly #handles = new Map<string, AgentHandle>();
  #tick = 0;

  constructor(executeTurn: ExecuteTurn, options: RegionOptions = {}) {
    const { regionBytes = 4096, mailBytesMax = 1 << 20, lanes = 1 } = options;
    this.#executeTurn = executeTurn;
    this.#mail = [mailRegion(regionBytes, mailBytesMax), mailRegion(regionBytes, mailBytesMax)];
    this.#lanes = Array.from({ length: lanes }, () => {
      const outcomes = new OutcomeRegion(allocate, regionBytes);
      const turns = new TurnRegion(allocate, Math.max(24, regionBytes));
      return { turns, outcomes, reader: new OutcomeReader(outcomes.region) };
    });
  }

  seal({ added, removed }: PopulationChange): void {
    for (const id of removed) assert(this.#handles.delete(id), "only sealed agents go");
    for (const [id, handle] of added) {
      assert(!this.#handles.has(id), "an agent comes once");
      this.#handles.set(id, handle);
    }
  }

  mail(tick: number): MailRegion {
    return this.#mail[tick % 2 === 0 ? 0 : 1];
  }

  beginTick(tick: number, timeNanos: bigint): void {
    this.#tick = tick;
    for (const { turns } of this.#lanes) turns.begin(tick, timeNanos);
  }

  turnsOf(agent: AgentHandle): TurnRegion {
    return this.#laneOf(agent).turns;
  }

  execute(): void {
    const turns: (readonly [number, Turn])[] = [];
    let timeNanos = 0n;
    for (const lane of this.#lanes) {
      const reader = new TurnReader();
      reader.open(lane.turns.region);
      assert(reader.tick === this.#tick, "turns are of the tick that was begun");
      ({ timeNanos } = reader);
      lane.outcomes.begin();
      lane.reader.begin();
      while (reader.nextTurn()) {
        const { planIndex } = reader;
        const turn = this.#read(reader);
        turns.push([planIndex, turn]);
        this.#write(lane.outcomes, planIndex, turn);
      }
    }
    turns.sort(([left], [right]) => left - right);
    turns.forEach(([planIndex], place) => {
      assert(planIndex === place, "a plan has no gaps");
    });
    this.plans.push({ tick: this.#tick, timeNanos, turns: turns.map(([, turn]) => turn) });
  }

  outcomesOf(agent: AgentHandle): OutcomeReader {
    return this.#laneOf(agent).reader;
  }

  #laneOf(agent: AgentHandle): Lane {
    const lane = this.#lanes[agent % this.#lanes.length];
    assert(lane !== undefined, "every agent has a lane");
    return lane;
  }

  #read(reader: TurnReader): Turn {
    const { agent, invocationCount } = reader;
    const mail = this.mail(this.#tick).region.bytes;
    const invocations: Invocation[] = [];
    for (let index = 0; index < invocationCount; index += 1) {
      reader.nextInvocation(mail);
      const { messageStart, messageBytes, messageSource } = reader;
      const entry = nameOf(reader.entry);
      if (messageBytes === 0) {
        invocations.push({ entry });
        continue;
      }
      if (messageSource === mail) this.mailMessages += 1;
      else this.inlineMessages += 1;
      invocations.push({ entry, message: messageSource.slice(messageStart, messageStart + messageBytes) });
    }
    return { agent: agent as AgentHandle, invocations }; // written by the world
  }

  #write(outcomes: OutcomeRegion, planIndex: number, turn: Turn): void {
    const view: SealedView = { handleOf: (id) => this.#handles.get(id) };
    const { fuel, completed, effects, ledger, fault } = this.#executeTurn(this.#tick, turn, view);
    const start = outcomes.beginTurn(turn.agent, planIndex);
    outcomes.region.reserve(start + effects.length);
    outcomes.region.bytes.set(effects, start);
    const { requests, messages, spawns, streams } = ledger;
    const figures = { fuel, completed, requests, messages, spawns };
    outcomes.finishTurn(
      { ...figures, faultCode: fault?.code ?? 0, guestCode: fault?.guestCode ?? 0 },
      effects.length,
      streams.length === 0 ? undefined : encodeUtf8(JSON.stringify(streams)),
    );
  }
}

function mailRegion(regionBytes: number, bytesMax: number): MailRegion {
  return new MailRegion(allocate, regionBytes, bytesMax);
}

function nameOf(code: EntryCode): Entry {
  return entries[code];
}
