/**
 * The world: a pure state machine. `step` admits, plans, executes through its port, commits and seals one
 * tick; everything else reads. The rules live in the files beside this one; here is their order.
 */

import {
  assert,
  handleOfId,
  type AgentHandle,
  type AgentId,
  type ModuleDigest,
  type Sha256,
} from "@wasm-engine/abi";
import { KeptList } from "../kept-list.js";
import { genesisDigest, inputsDigest } from "../codec/chain.js";
import { coreError } from "../errors.js";
import type { ExecutedTick, Genesis, Input, Seal, TickResult } from "../model.js";
import { orderOf } from "../scheduler/policy.js";
import { RunnableQueue } from "../scheduler/runnable-queue.js";
import { tenantCredits } from "../scheduler/tenant-credit.js";
import { TimerQueue } from "../scheduler/timer-queue.js";
import type { AgentView, ScheduleView, WorldContract, WorldFactory, WorldPorts } from "../world-contract.js";
import { AgentTable } from "./agent-table.js";
import { viewOf } from "./agent-view.js";
import { admit } from "./admission.js";
import { ChannelTable } from "./channel-table.js";
import { CutTable } from "./cut-table.js";
import { EffectsDigest } from "./effects-digest.js";
import { applyMemberships } from "./effect-commit.js";
import { checkGenesis } from "./genesis-check.js";
import { removeEnded, startAgent } from "./lifecycle.js";
import { MailStore } from "./mail-store.js";
import { RetainedTable } from "./retained-table.js";
import { noteState, restoreState } from "./state-codec.js";
import { SealQueue, type OpenCommit } from "./seal-queue.js";
import { StateHash } from "./state-hash.js";
import { startRefusal } from "./start-refusal.js";
import { decideSubmissions } from "./task-table.js";
import { applyOperations, commitTurns } from "./turn-commit.js";
import { runTurns, urgencyOf } from "./turn-planner.js";
import { sealDrained } from "./upgrade.js";
import { createScope, type TickScope, type WorldState } from "./world-state.js";

/** The one way to make worlds. */
export const World: WorldFactory = {
  create(genesis, ports) {
    const state = emptyState(genesis, ports);
    const scope = createScope(0);
    for (const spec of genesis.agents) {
      const sha256: Sha256 = (bytes) => ports.hasher.sha256(bytes);
      const handle = handleOfId(sha256, spec.id);
      const refusal = startRefusal(state, spec, handle);
      if (refusal !== undefined)
        throw coreError("WE_WORLD_GENESIS", { reason: `agent "${spec.id}" cannot start: ${refusal}` });
      const [agent, operation] = startAgent(state, {
        spec,
        handle,
        parent: 0 as typeof handle,
        firstTick: 0,
      }); // brand: the outside
      for (const topic of spec.channels) state.channels.join(agent, topic);
      scope.operations.push(operation);
    }
    applyOperations(state, scope);
    sealPopulation(state);
    return new LiveWorld(state);
  },
  restore(genesis, bytes, ports) {
    const state = emptyState(genesis, ports);
    restoreState(state, bytes);
    sealPopulation(state);
    return new LiveWorld(state);
  },
};

function emptyState(genesis: Genesis, { hasher, executors }: WorldPorts): WorldState {
  checkGenesis(genesis);
  return {
    genesis,
    hasher,
    executors,
    agents: new AgentTable(genesis),
    channels: new ChannelTable(),
    cuts: new CutTable(),
    timers: new TimerQueue(),
    tenants: tenantCredits(genesis.tenants, genesis.turnsPerTickMax),
    runnable: new RunnableQueue(),
    busy: new Set(),
    dependents: new Map(),
    taskTargets: new Map(),
    incoming: new Map(),
    endedTasks: new RetainedTable(hasher),
    idempotencyKeys: new RetainedTable(hasher),
    retiredLedgers: new RetainedTable(hasher),
    mail: new MailStore(executors),
    effectsDigest: new EffectsDigest(hasher),
    stateHash: new StateHash(),
    candidates: new KeptList(),
    chosen: new KeptList(),
    landing: new KeptList(),
    tick: -1,
    chainHead: genesisDigest(hasher, genesis),
  };
}

class LiveWorld implements WorldContract {
  readonly #state: WorldState;
  readonly #seals: SealQueue;

  constructor(state: WorldState) {
    this.#state = state;
    this.#seals = new SealQueue(state);
  }

  get genesis(): Genesis {
    return this.#state.genesis;
  }

  get tick(): number {
    return this.#state.tick;
  }

  get chainHead(): Uint8Array {
    this.#seals.complete();
    return this.#state.chainHead;
  }

  nextDueTick(): number | undefined {
    const { runnable, busy, timers, tick } = this.#state;
    if (runnable.size > 0) return tick + 1;
    let due = timers.nextTick() ?? Infinity;
    for (const agent of busy) due = Math.min(due, agent.turn?.visibleTick ?? Infinity);
    return due === Infinity ? undefined : due;
  }

  step(tick: number, inputs: readonly Input[]): TickResult {
    assert(this.#seals.isEmpty, "seals of earlier ticks are taken first");
    const executed = this.#execute(tick, inputs, false);
    const seal = this.#seals.take(true).at(-1);
    assert(seal?.commit.tick === tick, "a step is sealed");
    return { ...executed, ...seal };
  }

  advance(tick: number, inputs: readonly Input[]): ExecutedTick {
    return this.#execute(tick, inputs, true);
  }

  advanceSeals(count: number): boolean {
    return this.#seals.advance(count);
  }

  get sealsLeft(): number {
    return this.#seals.left;
  }

  takeSeals(all: boolean): readonly Seal[] {
    return this.#seals.take(all);
  }

  #execute(tick: number, inputs: readonly Input[], isLate: boolean): ExecutedTick {
    const state = this.#state;
    const due = this.nextDueTick();
    assert(Number.isSafeInteger(tick) && tick > state.tick, "ticks are executed once, in order");
    assert(due === undefined || tick <= due, "no due tick is skipped");
    assert(
      inputs.every((input) => input.tick === tick),
      "inputs belong to the tick",
    );
    const scope = createScope(tick);
    admit(state, scope, inputs);
    applyOperations(state, scope);
    runTurns(state, scope);
    scope.mailTick = tick + 1;
    commitTurns(state, scope);
    decideSubmissions(state, scope);
    removeEnded(state, scope);
    sealDrained(state, scope);
    applyMemberships(state, scope);
    applyOperations(state, scope);
    this.#seals.push(closeTick(state, scope, inputs), isLate);
    state.landing.clear();
    return resultOf(scope);
  }

  stateHash(): Uint8Array {
    this.#seals.complete();
    return this.#state.stateHash.of(this.#state);
  }

  agentDigests(): readonly (readonly [AgentId, Uint8Array])[] {
    this.#seals.complete();
    return this.#state.stateHash.agentDigests(this.#state);
  }

  awaits(agent: AgentHandle, requestId: number): boolean {
    return this.#state.agents.byHandle(agent)?.requests.has(requestId) ?? false;
  }

  idOf(agent: AgentHandle): AgentId | undefined {
    return this.#state.agents.byHandle(agent)?.id;
  }

  agents(): readonly AgentView[] {
    return this.#state.agents.sorted().map((agent) => viewOf(this.#state, agent));
  }

  agent(id: AgentId): AgentView | undefined {
    const agent = this.#state.agents.byId(id);
    return agent === undefined ? undefined : viewOf(this.#state, agent);
  }

  moduleOf(id: AgentId): ModuleDigest | undefined {
    return this.#state.agents.byId(id)?.spec.module;
  }

  schedule(): ScheduleView {
    const { genesis, runnable, tenants, tick } = this.#state;
    this.#state.agents.sorted();
    const waiting = runnable.toArray();
    for (const agent of waiting) agent.urgency = urgencyOf(agent, tick + 1);
    waiting.sort(orderOf(genesis.policy, genesis.stride));
    const credits = genesis.tenants.map(({ name: tenant }) => {
      const credit = tenants.get(tenant);
      return { tenant, fuel: credit?.fuel.balance ?? 0, messages: credit?.messages.balance ?? 0 };
    });
    return { waiting: waiting.map((agent) => agent.id), credits };
  }

  exportState(): Uint8Array {
    return this.beginExport()(this.chainHead);
  }

  beginExport(): (chainHead: Uint8Array) => Uint8Array {
    return noteState(this.#state);
  }
}

/** Tells the executors who came and went: what lookup finds from the next tick on. */
function sealPopulation({ agents, executors }: WorldState): void {
  const change = agents.seal();
  if (change !== undefined) executors.seal(change);
}

/** Closes the tick: everything that its commit covers but the state hash. */
function closeTick(state: WorldState, scope: TickScope, inputs: readonly Input[]): OpenCommit {
  const { tick } = scope;
  sealPopulation(state);
  state.tick = tick;
  const inputsSeal = inputsDigest(state.hasher, inputs);
  return {
    tick,
    fuel: scope.fuel,
    effectsDigest: state.effectsDigest.finish(state.landing),
    ...(inputsSeal === undefined ? {} : { inputsDigest: inputsSeal }),
  };
}

function resultOf(scope: TickScope): ExecutedTick {
  return {
    fuel: scope.fuel,
    departures: scope.departures,
    requests: scope.requests,
    deadLetters: scope.deadLetters,
    console: scope.console,
    faults: scope.faults,
    exits: scope.exits,
    ended: scope.ended,
    upgrades: scope.upgrades,
    ...(scope.unsupervised === undefined ? {} : { unsupervised: scope.unsupervised }),
    figures: {
      turns: scope.turns,
      invocations: scope.invocations,
      messages: scope.messages,
      faults: scope.faults.length,
      inferences: scope.requests.filter(({ kind }) => kind === "inference").length,
    },
  };
}
