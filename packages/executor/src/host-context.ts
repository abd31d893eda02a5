/**
 * What host functions see of the invocation that calls them: memory, ledger, effects, the sealed view. One object
 * per executor whose fields are set before each invocation; where a journal is executed again, effects are
 * suppressed and lookups are answered from the journal.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle, AgentId, Sha256 } from "@wasm-engine/abi";
import { AgentLedger } from "./agent-ledger.js";
import { EffectBuffer } from "./effect-buffer.js";
import { EMPTY_LEDGER } from "./executor-contract.js";
import type { PopulationChange } from "./executor-contract.js";
import { GateHub } from "./gate-module.js";
import { FuelMeter } from "./fuel-meter.js";
import { refill } from "./guest-call.js";
import type { Caller } from "./guest-call.js";
import type { GuestInstance } from "./guest-instance.js";
import { emptyGuestMessage } from "./guest-message.js";
import type { GuestMessage } from "./guest-message.js";
import type { GuestMemory } from "./guest-memory.js";
import { movedBytesPerFuel } from "./limits.js";
import { streamKey } from "./random-stream.js";

/** A host function was called where none may be: `agent_describe`, export and import of state. */
export class HostDenial extends Error {}

/** Whose invocation it is. Derived keys of streams are a cache, never state. */
export interface HostGuest {
  readonly agent: AgentHandle;
  readonly streamSeed: Uint8Array;
  readonly streamKeys: Map<string, Uint32Array>;
  readonly limits: { readonly messagesPerTurnMax: number };
}

const NOBODY: HostGuest = {
  agent: 0 as AgentHandle, // placeholder before the first invocation
  streamSeed: new Uint8Array(32),
  streamKeys: new Map(),
  limits: { messagesPerTurnMax: 0 },
};

export class HostContext {
  readonly #sha256: Sha256;
  /** What `lookup` finds: the population as sealed. */
  readonly #population = new Map<string, AgentHandle>();
  #caller: Caller | undefined;
  #guest = NOBODY;
  #denied = true;
  #chargeFuel = 0;
  #recorded: readonly AgentHandle[] | undefined;
  ledger = new AgentLedger(EMPTY_LEDGER);
  readonly effects = new EffectBuffer();
  /** Gates of all guests of the executor. */
  readonly gates = new GateHub();
  /** Meter of turns. */
  readonly meter = new FuelMeter();
  messagesPerTurnMax = 0;
  /** SEND and PUBLISH effects of this turn. */
  turnMessages = 0;
  tick = 0;
  timeNanos = 0n;
  /** Answers of `lookup` in this invocation; 0 for NOT_FOUND. */
  readonly lookups: AgentHandle[] = [];
  /** What the host puts into the record that comes next. */
  readonly stamp = { requestId: 0, ticks: 0, messageId: 0 };
  /** The message that the running host function reads. */
  readonly message: GuestMessage = emptyGuestMessage();

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get agent(): AgentHandle {
    return this.#guest.agent;
  }

  get sha256(): Sha256 {
    return this.#sha256;
  }

  get memory(): GuestMemory {
    return this.#instance.memory;
  }

  get #instance(): GuestInstance {
    assert(this.#caller !== undefined, "host functions are called by an invocation");
    return this.#caller.instance;
  }

  /** Changes what `lookup` finds. */
  seal(change: PopulationChange): void {
    for (const id of change.removed) this.#population.delete(id);
    for (const [id, agent] of change.added) this.#population.set(id, agent);
  }

  /** `lookup` finds nobody any more. */
  forgetPopulation(): void {
    this.#population.clear();
  }

  /** Makes `guest` the one whose invocations follow. */
  enter(guest: HostGuest, ledger: AgentLedger, caller: Caller): void {
    this.#guest = guest;
    this.#caller = caller;
    this.#denied = false;
    this.#recorded = undefined;
    this.ledger = ledger;
    this.messagesPerTurnMax = guest.limits.messagesPerTurnMax;
    this.turnMessages = 0;
    if (this.lookups.length > 0) this.lookups.length = 0;
  }

  /** Answers lookups of the invocation with `lookups`, in order. */
  repeat(lookups: readonly AgentHandle[]): void {
    this.lookups.length = 0;
    this.#recorded = lookups;
  }

  /** Refuses host functions but `log` in what follows. */
  deny(): void {
    this.#denied = true;
  }

  /** Start of every host function. */
  begin(): this {
    if (this.#denied) throw new HostDenial("host functions are not available here");
    return this.beginAlways();
  }

  /** Start of a host function that no view of the world and no agent notices. */
  beginAlways(): this {
    this.#chargeFuel = 0;
    return this;
  }

  chargeFuel(fuel: number): void {
    this.#chargeFuel += fuel;
  }

  /** Charges the moving of bytes. */
  chargeMoved(bytes: number): void {
    this.#chargeFuel += Math.ceil(bytes / movedBytesPerFuel);
  }

  /** End of every host function: hands the charge to the thunk and the result to the guest. */
  finish(result: number): number {
    if (this.#chargeFuel > 0) this.gates.charge(this.#instance.place, this.#chargeFuel);
    return result;
  }

  /** Fuel of the slice ran out; 1 where the next slice was granted. */
  grantSlice(): number {
    return this.#caller !== undefined && refill(this.#caller) ? 1 : 0;
  }

  /** The sealed view, or the journal's answer; 0 for nobody. What was found is noted. */
  lookUp(id: AgentId): AgentHandle {
    const nobody = 0 as AgentHandle; // stands for NOT_FOUND in journals
    let handle = this.#population.get(id) ?? nobody;
    if (this.#recorded !== undefined) {
      const recorded = this.#recorded[this.lookups.length];
      assert(recorded !== undefined, "the journal holds every lookup");
      handle = recorded;
    }
    this.lookups.push(handle);
    return handle;
  }

  streamKey(name: string): Uint32Array {
    const known = this.#guest.streamKeys.get(name);
    if (known !== undefined) return known;
    const key = streamKey(this.#sha256, this.#guest.streamSeed, name);
    this.#guest.streamKeys.set(name, key);
    return key;
  }
}
