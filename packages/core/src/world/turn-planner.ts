/**
 * From runnable agents to executed turns: credits, order, work, execution. A turn whose fuel exceeds one
 * slice keeps its agent busy until v = t + max(1, ceil(fuel / fuelPerSlice)) - 1; its tenant pays one slice
 * per tick, before anything else.
 */

import { assert } from "@wasm-engine/abi";
import type { Turn } from "../ports.js";
import { orderOf } from "../scheduler/policy.js";
import { planTurns, type Reservation, type Selection } from "../scheduler/planner.js";
import type { TenantCredit } from "../scheduler/tenant-credit.js";
import { dueTasks, touch, type Agent, type TurnWork } from "./agent.js";
import { sleep } from "./delivery.js";
import { invocationsOf, takeWork } from "./turn.js";
import type { TickScope, WorldState } from "./world-state.js";

/** Executes the turns of the tick and returns the agents whose turns become visible in it, in commit order. */
export function runTurns(world: WorldState, scope: TickScope): Agent[] {
  const { tick } = scope;
  payBusySlices(world, tick);
  const selection = selectTurns(world, tick);
  const landing = [...world.busy].filter((agent) => agent.turn?.visibleTick === tick);
  landing.sort(compareRecords);
  for (const agent of executeTurns(world, scope, selection.chosen)) {
    if (agent.turn?.visibleTick === tick) landing.push(agent);
    else world.busy.add(agent);
  }
  for (const agent of landing) refundMessages(agent);
  settleCredits(world, selection);
  return landing;
}

function compareRecords(left: Agent, right: Agent): number {
  const [a, b] = [left.turn, right.turn];
  assert(a !== undefined && b !== undefined, "busy agents have a turn");
  return a.plannedTick - b.plannedTick || a.planIndex - b.planIndex;
}

/** Grants the tick's credit, after that of ticks that were not executed, and pays the slices that run on. */
function payBusySlices(world: WorldState, tick: number): void {
  const fullSlices = new Map<TenantCredit, number>();
  for (const agent of world.busy)
    fullSlices.set(agent.tenant, (fullSlices.get(agent.tenant) ?? 0) + agent.reserveFuel);
  for (const tenant of world.tenants.values()) {
    tenant.beginTick(tick - world.tick - 1, fullSlices.get(tenant) ?? 0);
  }
  for (const agent of world.busy) {
    const record = agent.turn;
    assert(record !== undefined, "busy agents have a turn");
    assert(record.visibleTick >= tick, "a turn lands in its tick");
    const paid = (tick - record.plannedTick) * agent.reserveFuel;
    agent.tenant.fuel.pay(Math.min(agent.reserveFuel, record.outcome.fuel - paid));
  }
}

function selectTurns(world: WorldState, tick: number): Selection<Agent> {
  const { genesis } = world;
  const candidates: Agent[] = [];
  for (const agent of world.runnable) {
    if (agent.upgradedTick === tick) continue;
    agent.urgency = urgencyOf(agent, tick);
    candidates.push(agent);
  }
  const order = orderOf(genesis.policy, genesis.stride);
  return planTurns(candidates, order, world.tenants.values(), genesis.turnsPerTickMax);
}

/** The higher of the agent's own priority and those of the tasks that it could run. */
export function urgencyOf(agent: Agent, tick: number): number {
  let urgency = agent.spec.priority;
  for (const task of dueTasks(agent, tick)) urgency = Math.max(urgency, task.priority);
  return urgency;
}

function executeTurns(world: WorldState, scope: TickScope, chosen: readonly Reservation<Agent>[]): Agent[] {
  const { tick } = scope;
  if (chosen.length === 0) return [];
  const works: TurnWork[] = [];
  const turns: Turn[] = chosen.map(({ agent }) => {
    sleep(world, agent);
    const work = takeWork(agent, tick);
    works.push(work);
    return { agent: agent.handle, invocations: invocationsOf(agent, work, tick) };
  });
  const { epochNanos, tickNanos } = world.genesis;
  const outcomes = world.executors.execute(
    { tick, turns },
    {
      handleOf: (id) => world.agents.sealedHandleOf(id),
      timeNanos: (at) => epochNanos + BigInt(at) * tickNanos,
    },
  );
  assert(outcomes.length === chosen.length, "one outcome per turn");
  scope.turns += chosen.length;
  return chosen.map(({ agent, ownFuel, ownMessages }, planIndex) => {
    const outcome = outcomes[planIndex];
    const work = works[planIndex];
    assert(outcome !== undefined && work !== undefined, "one outcome per turn");
    const slices = Math.max(1, Math.ceil(outcome.fuel / agent.reserveFuel));
    const visibleTick = tick + slices - 1;
    agent.turn = { plannedTick: tick, planIndex, visibleTick, work, outcome, ownMessages };
    const unused = agent.reserveFuel - Math.min(outcome.fuel, agent.reserveFuel);
    agent.tenant.fuel.refund(Math.min(unused, ownFuel));
    touch(agent);
    return agent;
  });
}

/** Gives back what a turn that becomes visible now has reserved and not sent. */
function refundMessages(agent: Agent): void {
  const record = agent.turn;
  assert(record !== undefined, "an agent that lands has a turn");
  const used = record.outcome.ledger.messages - agent.ledger.messages;
  assert(used >= 0, "counters of the ledger only grow");
  assert(used <= agent.reserveMessages, "the executors keep messagesPerTurnMax");
  agent.tenant.messages.refund(Math.min(agent.reserveMessages - used, record.ownMessages));
}

/** Leftovers keep their place in the queue; a tenant keeps credit only for them. */
function settleCredits(world: WorldState, selection: Selection<Agent>): void {
  const waiting = new Map<TenantCredit, Agent>();
  for (const agent of selection.leftover) {
    if (!waiting.has(agent.tenant)) waiting.set(agent.tenant, agent);
  }
  for (const tenant of world.tenants.values()) tenant.endTick(waiting.get(tenant));
}
