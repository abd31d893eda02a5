/**
 * One agent inside the executor: identity, base, journal, ledger and, while it holds one, its slot. Pure data with
 * the few rules that must hold between its parts.
 *
 * Life: created or loaded - turns (journal grows) - renewed (journal becomes base) - [a turn of several slices:
 * pending until it lands] - dropped. The slot may go and come at any time: base and journal are the agent.
 */

import { assert } from "@wasm-engine/abi";
import type { AgentHandle, AgentId } from "@wasm-engine/abi";
import { AgentLedger } from "./agent-ledger.js";
import type { LedgerMark } from "./agent-ledger.js";
import type { BaseImage } from "./base-image.js";
import type { AgentLimits } from "./executor-contract.js";
import type { GuestInstance } from "./guest-instance.js";
import type { KeptImage } from "./kept-image.js";
import { Journal } from "./journal.js";
import type { LoadedModule } from "./loaded-module.js";
import type { OwedDigest } from "./owed-digests.js";
import type { OwedImage } from "./owed-images.js";

export interface AgentIdentity {
  readonly agent: AgentHandle;
  readonly id: AgentId;
  readonly limits: AgentLimits;
  readonly streamSeed: Uint8Array;
}

/** Where a turn of an agent began: what a failing host returns to. Reused: overwritten by the next turn. */
export interface TurnMark {
  agent: ResidentAgent;
  journalLength: number;
  initialised: boolean;
  readonly ledger: LedgerMark;
}

/** What every turn reads comes first: agents are many, and lines of the cache few. */
export class ResidentAgent {
  readonly agent: AgentHandle;
  readonly ledger: AgentLedger;
  readonly journal = new Journal();
  limits: AgentLimits;
  module: LoadedModule;
  slot: GuestInstance | undefined;
  /** Journal length before the turn that has not landed; undefined where every turn has. */
  pendingFrom: number | undefined;
  /** A digest of an earlier moment that has not been computed yet. */
  owed: OwedDigest | undefined;
  /** An image of an earlier moment that has not been taken over yet. */
  owedImage: OwedImage | undefined;
  /** The image of an earlier boundary, which is to go into the base before the agent is brought up to date. */
  kept: KeptImage | undefined;
  /** Image digest, as long as it holds. */
  digest: Uint8Array | undefined;
  /** The journal was executed again: the next turn starts from a new base. */
  renewalDue = false;
  /** Plan that the agent last ran in. */
  planIndex = 0;
  initialised: boolean;
  base: BaseImage;
  readonly id: AgentId;
  readonly streamSeed: Uint8Array;
  /** Derived keys of named streams. */
  readonly streamKeys = new Map<string, Uint32Array>();
  /** Came from an image: the `create` that follows keeps it. */
  loaded = false;

  constructor(identity: AgentIdentity, module: LoadedModule, base: BaseImage) {
    assert(identity.streamSeed.length === 32, "a stream seed has 32 bytes");
    this.agent = identity.agent;
    this.id = identity.id;
    this.limits = identity.limits;
    this.streamSeed = identity.streamSeed;
    this.module = module;
    this.base = base;
    this.initialised = base.initialised;
    this.ledger = new AgentLedger(base.ledger);
  }

  /** The module's memory is larger than the agent may have: it can never run. */
  get isOversized(): boolean {
    return this.module.initial.memoryBytes > this.limits.memoryBytes;
  }

  /** Notes where a turn begins. */
  mark(out: TurnMark): void {
    assert(this.pendingFrom === undefined, "a busy agent takes no turn");
    out.agent = this;
    out.journalLength = this.journal.length;
    out.initialised = this.initialised;
    this.ledger.mark(out.ledger);
  }

  /** Undoes a turn whose host failed. The slot goes: base and journal say what it held. */
  rewind(mark: TurnMark): void {
    assert(mark.agent === this, "an agent returns to its own mark");
    assert(mark.journalLength <= this.journal.length, "a turn only adds to the journal");
    this.journal.truncate(mark.journalLength);
    this.ledger.restore(mark.ledger);
    this.initialised = mark.initialised;
    this.pendingFrom = undefined;
    this.digest = undefined;
    this.slot = undefined;
  }

  /** Starts over from `base`; a ledger that goes on is part of it. */
  replaceBase(base: BaseImage): void {
    assert(this.kept === undefined, "what was kept of an agent is put away before the agent starts over");
    this.releaseSlot();
    this.base = base;
    this.journal.clear();
    this.ledger.restore(base.ledger);
    this.initialised = base.initialised;
    this.pendingFrom = undefined;
    this.digest = undefined;
    this.renewalDue = false;
  }

  /** The agent is no more; what still points here keeps next to nothing. */
  retire(): void {
    this.replaceBase(this.module.initial);
  }

  releaseSlot(): void {
    if (this.slot !== undefined) this.module.giveBack(this.slot);
    this.slot = undefined;
  }
}
