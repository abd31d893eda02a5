/**
 * What host functions see of the invocation that calls them: memory, ledger, effects, the sealed view. One object
 * per executor, set before each invocation; where a journal is executed again, effects are suppressed and lookups
 * are answered from the journal.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle, Sha256 } from "@wasm-engine/abi";
import { AgentLedger } from "./agent-ledger.js";
import { EffectBuffer } from "./effect-buffer.js";
import { EMPTY_LEDGER } from "./executor-contract.js";
import type { GuestInstance } from "./guest-instance.js";
import { emptyGuestMessage } from "./guest-message.js";
import type { GuestMessage } from "./guest-message.js";
import type { GuestMemory } from "./guest-memory.js";
import { movedBytesPerFuel } from "./limits.js";
import { streamKey } from "./random-stream.js";

/** A host function was called where none may be: `agent_describe`, export and import of state. */
export class HostDenial extends Error {}

/** Asked for more fuel; true where the next slice was granted. */
export type SliceHook = () => boolean;

/** Derived keys of an agent's streams: a cache, never state. */
export interface StreamOwner {
  readonly agent: AgentHandle;
  readonly streamSeed: Uint8Array;
  readonly streamKeys: Map<string, Uint32Array>;
}

/** The invocation's surroundings. */
export interface Scene {
  readonly instance: GuestInstance;
  readonly owner: StreamOwner;
  readonly ledger: AgentLedger;
  readonly effects: EffectBuffer;
  readonly messagesPerTurnMax: number;
  readonly tick: number;
  readonly timeNanos: bigint;
  readonly handleOf: (id: string) => AgentHandle | undefined;
  readonly slice: SliceHook;
  /** No host function may be called but `log`. */
  readonly denied: boolean;
}

const NO_OWNER: StreamOwner = {
  agent: 0 as AgentHandle, // placeholder before the first invocation
  streamSeed: new Uint8Array(32),
  streamKeys: new Map(),
};

export class HostContext {
  readonly #sha256: Sha256;
  #instance: GuestInstance | undefined;
  #owner = NO_OWNER;
  #slice: SliceHook = () => false;
  #denied = true;
  #chargeFuel = 0;
  ledger = new AgentLedger(EMPTY_LEDGER);
  effects = new EffectBuffer();
  messagesPerTurnMax = 0;
  /** SEND and PUBLISH effects of this turn. */
  turnMessages = 0;
  tick = 0;
  timeNanos = 0n;
  handleOf: (id: string) => AgentHandle | undefined = () => undefined;
  /** Answers of `lookup` in this invocation; 0 for NOT_FOUND. */
  readonly lookups: AgentHandle[] = [];
  /** The message that the running host function reads. */
  readonly message: GuestMessage = emptyGuestMessage();
  /** Charges the moving of bytes; bound once so that no call allocates. */
  readonly chargeMoved = (bytes: number): void => {
    this.#chargeFuel += Math.ceil(bytes / movedBytesPerFuel);
  };

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  get agent(): AgentHandle {
    return this.#owner.agent;
  }

  get sha256(): Sha256 {
    return this.#sha256;
  }

  get memory(): GuestMemory {
    assert(this.#instance !== undefined, "host functions are called by an invocation");
    return this.#instance.memory;
  }

  /** Sets the surroundings of the next invocations. */
  enter(scene: Scene): void {
    this.#instance = scene.instance;
    this.#owner = scene.owner;
    this.#slice = scene.slice;
    this.#denied = scene.denied;
    this.ledger = scene.ledger;
    this.effects = scene.effects;
    this.messagesPerTurnMax = scene.messagesPerTurnMax;
    this.tick = scene.tick;
    this.timeNanos = scene.timeNanos;
    this.handleOf = scene.handleOf;
    this.turnMessages = 0;
    this.lookups.length = 0;
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

  /** End of every host function: hands the charge to the thunk and the result to the guest. */
  finish(result: number): number {
    if (this.#chargeFuel > 0 && this.#instance !== undefined) this.#instance.charge.value = this.#chargeFuel;
    return result;
  }

  /** Fuel of the slice ran out. */
  grantSlice(): number {
    return this.#slice() ? 1 : 0;
  }

  streamKey(name: string): Uint32Array {
    const known = this.#owner.streamKeys.get(name);
    if (known !== undefined) return known;
    const key = streamKey(this.#sha256, this.#owner.streamSeed, name);
    this.#owner.streamKeys.set(name, key);
    return key;
  }
}
