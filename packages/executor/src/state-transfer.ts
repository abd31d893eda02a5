/**
 * Calls that run outside turns: export and import of state for an upgrade, `agent_describe`. No host function but
 * `log` may be called in them, and what they log is for the words about a refusal only. A refused upgrade leaves the
 * agent as it was.
 */

import { FaultCode, Region, SIZED_BLOCK_HEADER_BYTES, assert, limits } from "@wasm-engine/abi";
import type { CallWitness, FaultDetail, UpgradeOutcome } from "./executor-contract.js";
import { FuelMeter } from "./fuel-meter.js";
import { COMPLETED, callGuest, callStart, enter, fromResult, place, placingFuel } from "./guest-call.js";
import type { Caller, Verdict } from "./guest-call.js";
import type { GuestInstance } from "./guest-instance.js";
import type { HostContext } from "./host-context.js";
import type { LoadedModule } from "./loaded-module.js";
import type { ResidentAgent } from "./resident-agent.js";
import type { SlotKeeper } from "./slot-keeper.js";

/** Room for what is logged at first; it grows. */
const saidBytes = 4096;
const DENIED: Verdict = { code: FaultCode.HOST_DENIED, guestCode: 0 };
const NO_BLOCK: Verdict = { code: FaultCode.GUEST_ERROR, guestCode: 0 };

export interface TransferOptions {
  readonly host: HostContext;
  readonly keeper: SlotKeeper;
  readonly depthBytes: number;
  readonly onFaultDetail: ((detail: FaultDetail) => void) | undefined;
  readonly witness: CallWitness | undefined;
}

/** A call's verdict with the block it left, header included. */
interface Exported {
  readonly verdict: Verdict;
  readonly block: Uint8Array;
}

export class StateTransfer {
  readonly #options: TransferOptions;
  readonly #meter = new FuelMeter();
  #tick = 0;
  /** What a guest logs in such a call; read for people, never committed. */
  readonly #said = new Region((bytes) => new ArrayBuffer(bytes), saidBytes);

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  /** Moves the agent to `module`, with its state where both modules offer it. */
  upgrade(agent: ResidentAgent, module: LoadedModule, tick: number): UpgradeOutcome {
    this.#tick = tick;
    const outcome = this.#upgrade(agent, module);
    if (outcome.code === undefined) return outcome;
    const said = this.#options.host.effects.errorLines(0);
    const { code, guestCode = 0 } = outcome;
    const detail = ["the upgrade was refused", ...said].join("\n");
    this.#options.onFaultDetail?.({ agent: agent.agent, id: agent.id, tick, code, guestCode, detail });
    return outcome;
  }

  #upgrade(agent: ResidentAgent, module: LoadedModule): UpgradeOutcome {
    assert(agent.pendingFrom === undefined, "a busy agent is upgraded when its turn has landed");
    const meter = this.#meter;
    meter.start(agent.limits.fuelPerSlice, agent.limits.fuelPerTurnMax);
    this.#options.host.effects.start(this.#said, 0);
    const fits = module.initial.memoryBytes <= agent.limits.memoryBytes;
    if (!fits) {
      this.#paid(agent, { module, placing: 0 }, () => ({ verdict: DENIED }));
      return refused(agent, meter, DENIED);
    }
    const moves = agent.initialised && !agent.isOversized && agent.module.offersExport && module.offersImport;
    if (!moves) {
      this.#adopt(agent, module);
      return { agent: agent.agent, result: "fresh", fuel: 0 };
    }
    // Before the witness hears: getting a slot may execute what has been paid for.
    this.#options.keeper.slotOf(agent);
    const exported = this.#paid(agent, { module: agent.module, placing: 0 }, () => this.#export(agent));
    // Exporting ran guest code: the slot is not the agent any more, base and journal still are.
    this.#options.keeper.release(agent);
    if (exported.verdict.code !== 0) return refused(agent, meter, exported.verdict);
    return this.#import(agent, module, exported.block);
  }

  /** JSON bytes of `agent_describe`, run on a copy; undefined where there is none. */
  describe(agent: ResidentAgent): Uint8Array | undefined {
    const { keeper } = this.#options;
    keeper.settle(agent);
    if (!agent.base.initialised || agent.isOversized || !agent.module.offersDescribe) return undefined;
    const slot = agent.module.takeSlot(agent.base.memoryBytes, agent.limits.memoryBytes);
    agent.base.loadInto(slot);
    this.#meter.start(limits.describeFuelMax, limits.describeFuelMax);
    const caller = this.#caller(agent, slot);
    const described = readBlock(caller, slot.entries.agent_describe, limits.describeBytesMax);
    agent.module.giveBack(slot);
    return described.verdict.code === 0 ? described.block.slice(SIZED_BLOCK_HEADER_BYTES) : undefined;
  }

  /** What an exported function without parameters returns, run on a copy; see the contract. */
  examine(agent: ResidentAgent, name: string): number | null | undefined {
    const { keeper } = this.#options;
    keeper.settle(agent);
    if (!agent.base.initialised || agent.isOversized) return undefined;
    const slot = agent.module.takeSlot(agent.base.memoryBytes, agent.limits.memoryBytes);
    try {
      const examined = slot.plainFunction(name);
      if (examined === undefined) return undefined;
      agent.base.loadInto(slot);
      this.#meter.start(limits.describeFuelMax, limits.describeFuelMax);
      let result = 1;
      const { code } = callGuest(this.#caller(agent, slot), 0, (caller) => {
        enter(caller);
        result = examined() ?? 1;
        return COMPLETED;
      });
      return code === 0 ? result : null;
    } finally {
      agent.module.giveBack(slot);
    }
  }

  #export(agent: ResidentAgent): Exported {
    const slot = this.#options.keeper.slotOf(agent);
    const caller = this.#caller(agent, slot);
    return readBlock(caller, slot.entries.agent_export_state, agent.limits.memoryBytes);
  }

  #import(agent: ResidentAgent, module: LoadedModule, block: Uint8Array): UpgradeOutcome {
    const meter = this.#meter;
    const slot = module.takeSlot(module.initial.memoryBytes, agent.limits.memoryBytes);
    module.initial.loadInto(slot);
    const caller = this.#caller(agent, slot);
    const placing = placingFuel(block.length);
    const { verdict } = this.#paid(agent, { module, placing }, () => ({
      verdict: callGuest(caller, placing, () => importInto(caller, block)),
    }));
    if (verdict.code === 0) {
      this.#adopt(agent, module);
      agent.initialised = true;
      agent.base.capture(slot, { ledger: agent.ledger.plain(), initialised: true });
    }
    module.giveBack(slot);
    if (verdict.code !== 0) return refused(agent, meter, verdict);
    return { agent: agent.agent, result: "imported", fuel: meter.used };
  }

  /** Runs one half of an upgrade in sight of the witness. */
  #paid<Half extends { readonly verdict: Verdict }>(
    { agent, id }: ResidentAgent,
    { module, placing }: { readonly module: LoadedModule; readonly placing: number },
    run: () => Half,
  ): Half {
    const meter = this.#meter;
    const { witness } = this.#options;
    const before = meter.used;
    witness?.begin({ agent, id, module: module.digest, tick: this.#tick, placingFuel: placing });
    const half = run();
    const isFaulted = half.verdict.code !== 0;
    witness?.end((isFaulted ? meter.granted : meter.used) - before, isFaulted);
    return half;
  }

  /** Fresh memory of `module`; identity and ledger go on. */
  #adopt(agent: ResidentAgent, module: LoadedModule): void {
    const ledger = agent.ledger.plain();
    this.#options.keeper.release(agent);
    agent.module = module;
    agent.replaceBase(module.initial.fork({ ledger, initialised: false }));
  }

  #caller(agent: ResidentAgent, instance: GuestInstance): Caller {
    const { host, depthBytes } = this.#options;
    const caller = { instance, meter: this.#meter, depthBytes, gates: host.gates };
    host.effects.start(this.#said, 0);
    host.enter(agent, agent.ledger, caller);
    host.deny();
    return caller;
  }
}

/** A new instance with the state of another one. */
function importInto(caller: Caller, block: Uint8Array): Verdict {
  const started = callStart(caller);
  if (started.code !== 0) return started;
  const pointer = place(caller, block);
  if (typeof pointer !== "number") return pointer;
  const importState = enter(caller).agent_import_state;
  return importState === undefined ? DENIED : fromResult(importState(pointer));
}

/** Calls `entry` and copies the sized block that it points to, header included. */
function readBlock(caller: Caller, entry: (() => number) | undefined, bytesMax: number): Exported {
  let block = new Uint8Array(0);
  const verdict = callGuest(caller, 0, () => {
    assert(entry !== undefined, "callers ask whether the module offers it");
    enter(caller);
    const result = entry();
    const { memory } = caller.instance;
    const pointer = result >>> 0;
    const isReadable = pointer !== 0 && memory.holds(pointer, SIZED_BLOCK_HEADER_BYTES);
    if (!isReadable) return blockRefused(result);
    const blockBytes = SIZED_BLOCK_HEADER_BYTES + memory.view.getUint32(pointer, true);
    if (blockBytes > bytesMax || !memory.holds(pointer, blockBytes)) return blockRefused(result);
    block = memory.bytes.slice(pointer, pointer + blockBytes);
    return COMPLETED;
  });
  return { verdict, block };
}

/** A negative result is the guest's own error code; any other pointer to nowhere has none. */
function blockRefused(result: number): Verdict {
  return result < 0 ? fromResult(result) : NO_BLOCK;
}

function refused(agent: ResidentAgent, meter: FuelMeter, verdict: Verdict): UpgradeOutcome {
  assert(verdict.code !== 0, "a refusal has a code");
  const { code, guestCode } = verdict;
  return { agent: agent.agent, result: "refused", fuel: meter.granted, code, guestCode };
}
