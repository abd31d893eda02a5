/**
 * Runs one turn: its invocations in order, each committed to the journal or rolled back. The first fault ends the
 * turn. Fuel is exact where all invocations complete; else every slice that the turn began, in full.
 */

import { FaultCode, assert } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import { EffectBuffer } from "./effect-buffer.js";
import type { FaultDetail, Invocation, SealedView, Turn, TurnOutcome } from "./executor-contract.js";
import { FuelMeter } from "./fuel-meter.js";
import { callEntry } from "./guest-call.js";
import type { Caller, Verdict } from "./guest-call.js";
import type { HostContext } from "./host-context.js";
import { invocationsPerTurnMax } from "./limits.js";
import type { ResidentAgent } from "./resident-agent.js";
import type { SlotKeeper } from "./slot-keeper.js";

const NO_EFFECTS = new Uint8Array(0);
const NO_LOOKUPS: readonly AgentHandle[] = [];

export interface TurnRunnerOptions {
  readonly host: HostContext;
  readonly keeper: SlotKeeper;
  readonly depthBytes: number;
  readonly onFaultDetail: ((detail: FaultDetail) => void) | undefined;
}

/** The tick that turns run in. */
export interface TickScene {
  readonly tick: number;
  readonly timeNanos: bigint;
  readonly handleOf: (id: string) => AgentHandle | undefined;
}

/** What every turn of a plan shares. */
export function tickScene(tick: number, view: SealedView): TickScene {
  return { tick, timeNanos: view.timeNanos(tick), handleOf: (id) => view.handleOf(id) };
}

export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #effects = new EffectBuffer();

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
  }

  run(agent: ResidentAgent, turn: Turn, scene: TickScene): TurnOutcome {
    assert(turn.invocations.length <= invocationsPerTurnMax, "a turn's invocations fit into u16");
    assert(agent.pendingFrom === undefined, "a busy agent takes no turn");
    const { fuelPerSlice, fuelPerTurnMax } = agent.limits;
    const meter = new FuelMeter(fuelPerSlice, fuelPerTurnMax);
    if (turn.invocations.length === 0) return this.#outcome(agent, 0, 0);
    if (agent.isOversized) return this.#refuse(agent, meter, scene.tick);
    agent.digest = undefined;
    const journalStart = agent.journal.length;
    const instance = this.#options.keeper.slotOf(agent);
    const caller = { instance, meter, depthBytes: this.#options.depthBytes };
    this.#effects.start();
    this.#enter(agent, caller, scene);
    let completed = 0;
    let verdict: Verdict | undefined;
    for (const invocation of turn.invocations) {
      verdict = this.#invoke(agent, caller, { invocation, scene, index: completed });
      if (verdict.code !== 0) break;
      completed += 1;
    }
    assert(verdict !== undefined, "a turn has an invocation");
    const fuel = verdict.code === 0 ? meter.used : meter.granted;
    if (fuel > fuelPerSlice) agent.pendingFrom = journalStart;
    if (verdict.code === 0) return this.#outcome(agent, fuel, completed);
    this.#report(agent, scene.tick, verdict);
    const fault = { invocation: completed, code: verdict.code, guestCode: verdict.guestCode };
    return { ...this.#outcome(agent, fuel, completed), fault };
  }

  /** One invocation: committed, or as if it had never been. */
  #invoke(
    agent: ResidentAgent,
    caller: Caller,
    step: { readonly invocation: Invocation; readonly scene: TickScene; readonly index: number },
  ): Verdict {
    const { host, keeper } = this.#options;
    const { invocation, scene } = step;
    const ledgerBefore = agent.ledger.plain();
    const turnEffectBytes = this.#effects.usedBytes;
    const turnMessages = host.turnMessages;
    const fuelBefore = caller.meter.used;
    this.#effects.invocation = step.index;
    if (host.lookups.length > 0) host.lookups.length = 0;
    const verdict = callEntry(caller, invocation);
    if (verdict.code !== 0) {
      // Its console lines go with its effects; what it said about the failure is kept for people.
      const said = this.#effects.errorLines(turnEffectBytes);
      agent.ledger.restore(ledgerBefore);
      this.#effects.truncate(turnEffectBytes);
      keeper.rollBack(agent);
      return { ...verdict, detail: [reasonOf(verdict), ...said].join("\n") };
    }
    if (invocation.entry === "init") agent.initialised = true;
    const { tick, timeNanos } = scene;
    const lookups = host.lookups.length === 0 ? NO_LOOKUPS : [...host.lookups];
    const fuel = caller.meter.used - fuelBefore;
    const { entry, message } = invocation;
    agent.journal.append({ tick, timeNanos, entry, turnMessages, turnEffectBytes, lookups, fuel }, message);
    return verdict;
  }

  #enter(agent: ResidentAgent, caller: Caller, scene: TickScene): void {
    this.#options.host.enter({
      instance: caller.instance,
      owner: agent,
      ledger: agent.ledger,
      effects: this.#effects,
      messagesPerTurnMax: agent.limits.messagesPerTurnMax,
      tick: scene.tick,
      timeNanos: scene.timeNanos,
      handleOf: scene.handleOf,
      slice: () => caller.meter.refill(caller.instance),
      denied: false,
    });
  }

  #outcome(agent: ResidentAgent, fuel: number, completed: number): TurnOutcome {
    const effects = completed === 0 ? NO_EFFECTS : this.#effects.take();
    return { fuel, completed, effects, ledger: agent.ledger.plain() };
  }

  /** The agent may have less memory than its module starts with: nothing of it ever runs. */
  #refuse(agent: ResidentAgent, meter: FuelMeter, tick: number): TurnOutcome {
    const fault = { invocation: 0, code: FaultCode.HOST_DENIED, guestCode: 0 };
    const detail = "the module starts with more memory than memoryBytes allows";
    this.#report(agent, tick, { ...fault, detail });
    return { ...this.#outcome(agent, meter.granted, 0), fault };
  }

  #report(agent: ResidentAgent, tick: number, verdict: Verdict): void {
    const { code, guestCode } = verdict;
    if (code === 0) return;
    const detail = verdict.detail ?? reasonOf(verdict);
    this.#options.onFaultDetail?.({ agent: agent.agent, id: agent.id, tick, code, guestCode, detail });
  }
}

/** What happened, in one line. How exhaustion shows in the machine (a trap) says nothing to people. */
function reasonOf({ code, guestCode, detail }: Verdict): string {
  if (code === FaultCode.OUT_OF_FUEL) return "the turn used up fuelPerTurnMax";
  if (code === FaultCode.OUT_OF_DEPTH) return "calls went deeper than the stack budget";
  return detail ?? `the agent returned ${guestCode}`;
}
