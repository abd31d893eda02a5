/**
 * Gives agents slots and takes them back: executes journals again, renews bases, bounds the number of instances.
 * Everything here may happen at any time between invocations and shows in no result.
 */

import { EntryCode, FaultCode, assert } from "@wasm-engine/abi";
import { AgentLedger, ledgersEqual } from "./agent-ledger.js";
import type { Ledger } from "./executor-contract.js";
import { FuelMeter } from "./fuel-meter.js";
import { callEntry, emptyInvocation } from "./guest-call.js";
import type { Caller } from "./guest-call.js";
import type { GuestInstance } from "./guest-instance.js";
import type { HostContext } from "./host-context.js";
import type { JournalReader } from "./journal.js";
import { KeptImages } from "./kept-image.js";
import { unboundedFuel } from "./limits.js";
import type { ResidentAgent } from "./resident-agent.js";

/** Bounds of the host; see the options of the executor. */
export interface KeeperBounds {
  readonly depthBytes: number;
  readonly journalBytesMax: number;
  readonly journalFuelMax: number;
  readonly instancesMax: number;
}

/** State at a boundary that a journal was executed up to. */
interface Reconstruction {
  readonly slot: GuestInstance;
  readonly ledger: Ledger;
  readonly initialised: boolean;
}

export class SlotKeeper {
  readonly #host: HostContext;
  readonly #bounds: KeeperBounds;
  /** Agents that hold a slot, in the order in which they got it. */
  readonly #holders = new Set<ResidentAgent>();
  readonly #meter = new FuelMeter();
  readonly #invocation = emptyInvocation();
  readonly #kept = new KeptImages();
  /** Hears of every base that is about to be renewed. */
  beforeRenewal: (agent: ResidentAgent) => void = () => undefined;
  #renewals = 0;
  #reconstructions = 0;

  constructor(host: HostContext, bounds: KeeperBounds) {
    assert(bounds.instancesMax > 0, "one agent can run");
    this.#host = host;
    this.#bounds = bounds;
  }

  get renewals(): number {
    return this.#renewals;
  }

  get reconstructions(): number {
    return this.#reconstructions;
  }

  get holders(): number {
    return this.#holders.size;
  }

  /** The agent's slot, made from base and journal where it holds none. */
  slotOf(agent: ResidentAgent): GuestInstance {
    if (agent.slot !== undefined) return agent.slot;
    this.#makeRoom(agent.planIndex);
    const made = this.#reconstruct(agent, agent.journal.length);
    assert(ledgersEqual(made.ledger, agent.ledger.plain()), "the journal reproduces the ledger");
    assert(made.initialised === agent.initialised, "the journal reproduces initialisation");
    agent.slot = made.slot;
    this.#holders.add(agent);
    return made.slot;
  }

  /** The agent gives its slot up for others. */
  release(agent: ResidentAgent): void {
    agent.releaseSlot();
    this.#holders.delete(agent);
  }

  /** The host failed in the agent's turn: its instance is not trusted any more. */
  discard(agent: ResidentAgent): void {
    if (agent.slot !== undefined) this.#host.gates.close(agent.slot.gate);
    agent.slot = undefined;
    this.#holders.delete(agent);
  }

  /** Returns to the last committed invocation: the slot is filled again when it is next needed. */
  rollBack(agent: ResidentAgent): void {
    assert(agent.slot !== undefined, "a running agent holds a slot");
    this.release(agent);
    agent.renewalDue = true;
  }

  /** Makes the base the agent's image as it counts now: before a turn that has not landed, else the present one. */
  settle(agent: ResidentAgent): void {
    if (this.#unsettled(agent) === 0) return;
    this.putAway(agent);
    const upTo = this.#unsettled(agent);
    if (upTo === 0) return;
    this.#renewals += 1;
    this.beforeRenewal(agent);
    if (agent.pendingFrom === undefined) {
      const slot = this.slotOf(agent);
      agent.base.capture(slot, { ledger: agent.ledger.plain(), initialised: agent.initialised });
    } else {
      const past = this.#reconstruct(agent, upTo);
      agent.base.capture(past.slot, past);
      agent.module.giveBack(past.slot);
      agent.pendingFrom = 0;
    }
    agent.journal.drop(upTo);
    agent.renewalDue = false;
  }

  #unsettled({ pendingFrom, journal }: ResidentAgent): number {
    return pendingFrom ?? journal.length;
  }

  /** The agent's image as it counts now outlasts its next turns: copied where that is cheap, else in its base. */
  keep(agent: ResidentAgent): void {
    const { kept, journal, pendingFrom, slot } = agent;
    // What a turn that has not landed begins with has to be found from the journal.
    if (pendingFrom !== undefined) return this.settle(agent);
    if (kept !== undefined && kept.journalLength === journal.length) return;
    this.putAway(agent);
    const journalLength = journal.length;
    if (journalLength === 0) return;
    if (slot !== undefined) {
      const { initialised, ledger } = agent;
      agent.kept = this.#kept.copy(slot, agent.base, { initialised, ledger: ledger.plain(), journalLength });
    }
    if (agent.kept === undefined) this.settle(agent);
  }

  /** What was kept of the agent goes into its base. */
  putAway(agent: ResidentAgent): void {
    if (agent.kept === undefined) return;
    this.beforeRenewal(agent);
    const { kept, base } = agent;
    if (kept === undefined) return;
    agent.kept = undefined;
    this.#renewals += 1;
    base.takeOver(kept);
    if (kept.owe !== undefined) base.owe(kept.owe);
    this.#kept.release(kept);
    agent.journal.drop(kept.journalLength);
    if (agent.pendingFrom !== undefined) agent.pendingFrom -= kept.journalLength;
  }

  /** State after the pending turn of an agent that was loaded from an image; its slot holds it. */
  executePending(agent: ResidentAgent): { readonly ledger: Ledger; readonly initialised: boolean } {
    assert(agent.slot === undefined, "a loaded agent holds no slot");
    const made = this.#reconstruct(agent, agent.journal.length);
    agent.slot = made.slot;
    this.#holders.add(agent);
    return made;
  }

  /** Settles where keeping the journal costs more than it saves. Only before a turn: a failing host returns there. */
  settleIfDue(agent: ResidentAgent): void {
    const { bytes, fuel } = agent.journal;
    const { journalBytesMax, journalFuelMax } = this.#bounds;
    const isLong = bytes > journalBytesMax && bytes > agent.base.memoryBytes / 4;
    const isDue = agent.renewalDue || isLong || fuel > journalFuelMax;
    if (isDue && agent.pendingFrom === undefined) this.settle(agent);
  }

  #makeRoom(planIndex: number): void {
    while (this.#holders.size >= this.#bounds.instancesMax) {
      const [oldest] = this.#holders;
      assert(oldest !== undefined, "someone holds a slot");
      if (oldest.planIndex !== planIndex && oldest.pendingFrom === undefined) this.settle(oldest);
      this.release(oldest);
    }
  }

  /** A slot with the base and the first `upTo` invocations of the journal. */
  #reconstruct(agent: ResidentAgent, upTo: number): Reconstruction {
    const { base, module } = agent;
    const slot = module.takeSlot(base.memoryBytes, agent.limits.memoryBytes);
    base.loadInto(slot);
    const ledger = new AgentLedger(base.ledger);
    let initialised = base.initialised;
    if (upTo > 0) this.#reconstructions += 1;
    const caller = {
      instance: slot,
      meter: this.#meter,
      depthBytes: this.#bounds.depthBytes,
      gates: this.#host.gates,
    };
    this.#host.enter(agent, ledger, caller);
    const reader = agent.journal.read();
    for (let index = 0; index < upTo; index += 1) {
      reader.next();
      this.#executeAgain(reader, caller);
      if (reader.code === EntryCode.INIT) initialised = true;
    }
    return { slot, ledger: ledger.plain(), initialised };
  }

  #executeAgain(entry: JournalReader, caller: Caller): void {
    const host = this.#host;
    entry.readInvocation(this.#invocation);
    this.#meter.start(unboundedFuel, unboundedFuel);
    host.effects.suppress(entry.turnEffectBytes);
    host.tick = entry.tick;
    host.timeNanos = entry.timeNanos;
    host.turnMessages = entry.turnMessages;
    host.repeat(entry.lookups);
    const verdict = callEntry(caller, this.#invocation);
    if (verdict.code !== 0)
      assert(false, `a committed invocation completes again, not ${faultName(verdict.code)}`);
    assert(this.#meter.used === entry.fuel, "a committed invocation costs the same again");
  }
}

function faultName(code: number): string {
  return Object.entries(FaultCode).find(([, value]) => value === code)?.[0] ?? String(code);
}
