/**
 * From runnable agents to executed turns: credits, order, work, execution. A turn whose fuel exceeds one
 * slice keeps its agent busy until v = t + max(1, ceil(fuel / fuelPerSlice)) - 1; its tenant pays one slice
 * per tick, before anything else.
 */

import { assert } from "@wasm-engine/abi";
import { planTurns } from "../scheduler/planner.js";
import { sortRunnable } from "../scheduler/runnable-queue.js";
import type { TenantCredit } from "../scheduler/tenant-credit.js";
import { dueTasks, touch, type Agent } from "./agent.js";
import { sleep } from "./delivery.js";
import { cadenceMessage, takeWork, writeTurn } from "./turn.js";
import { keepOutcome, readOutcome } from "./turn-record.js";
import type { TickScope, WorldState } from "./world-state.js";

/** Executes the turns of the tick and fills `world.landing`: agents whose turns become visible, in commit order. */
export function runTurns(world: WorldState, scope: TickScope): void {
  const { tick } = scope;
  const { landing } = world;
  assert(landing.length === 0, "the turns of the last tick have landed");
  payBusySlices(world, tick);
  const { candidates } = world;
  // An upgrade in this tick was the turn of its agent.
  world.runnable.drain(candidates, (agent) => agent.upgradedTick === tick);
  const chosenCount = selectTurns(world, tick);
  if (world.busy.size > 0) {
    const visible = [...world.busy].filter((agent) => agent.turn?.visibleTick === tick).sort(compareRecords);
    for (const agent of visible) showTurn(world, agent);
  }
  if (chosenCount > 0) executeTurns(world, scope, chosenCount);
  settleCredits(world, chosenCount);
  candidates.clear();
}

function compareRecords({ record: left }: Agent, { record: right }: Agent): number {
  return left.plannedTick - right.plannedTick || left.planIndex - right.planIndex;
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
    agent.tenant.fuel.pay(Math.min(agent.reserveFuel, record.fuel - paid));
  }
}

/** Sorts the candidates and marks those that take a turn. */
function selectTurns(world: WorldState, tick: number): number {
  const { genesis, candidates, tenants } = world;
  if (genesis.policy === "priority") {
    for (let index = 0; index < candidates.length; index += 1) {
      const agent = candidates.at(index);
      agent.urgency = urgencyOf(agent, tick);
    }
  }
  world.agents.sorted();
  sortRunnable(candidates, genesis);
  const { turnsPerTickMax } = genesis;
  return planTurns({ runnable: candidates, tenants, turnsPerTickMax });
}

/** The higher of the agent's own priority and those of the tasks that it could run. */
export function urgencyOf(agent: Agent, tick: number): number {
  let urgency = agent.spec.priority;
  if (agent.tasks.size === 0) return urgency;
  for (const task of dueTasks(agent, tick)) urgency = Math.max(urgency, task.priority);
  return urgency;
}

/** Writes the turns, has them executed and reads what they did, all in plan order. */
function executeTurns(world: WorldState, scope: TickScope, chosenCount: number): void {
  const { tick } = scope;
  const { executors, genesis, candidates, chosen } = world;
  world.mail.open(tick);
  executors.beginTick(tick, genesis.epochNanos + BigInt(tick) * genesis.tickNanos);
  // One for all: a world of agents that act by themselves writes it a thousand times.
  let cadence: Uint8Array | undefined;
  for (let index = 0; index < candidates.length; index += 1) {
    const agent = candidates.at(index);
    if (!agent.isChosen) continue;
    const { record } = agent;
    record.plannedTick = tick;
    record.planIndex = chosen.length;
    record.ownMessages = agent.ownMessages;
    chosen.push(agent);
    sleep(world, agent);
    takeWork(agent, tick);
    if (record.work.cadence) cadence ??= cadenceMessage(tick);
    writeTurn(agent, executors.turnsOf(agent.handle), cadence);
  }
  assert(chosen.length === chosenCount, "every chosen agent takes a turn");
  executors.execute();
  scope.turns += chosenCount;
  for (let planIndex = 0; planIndex < chosenCount; planIndex += 1) {
    const agent = chosen.at(planIndex);
    const outcome = executors.outcomesOf(agent.handle);
    outcome.advance(planIndex);
    readOutcome(agent.record, outcome, agent.handle);
    takeTurn(world, agent, tick);
  }
  chosen.clear();
}

/** The agent's turn has been executed: it becomes visible now, or keeps the agent busy. */
function takeTurn(world: WorldState, agent: Agent, tick: number): void {
  const { record } = agent;
  const slices = Math.max(1, Math.ceil(record.fuel / agent.reserveFuel));
  record.visibleTick = tick + slices - 1;
  agent.turn = record;
  const unused = agent.reserveFuel - Math.min(record.fuel, agent.reserveFuel);
  agent.tenant.fuel.refund(Math.min(unused, agent.ownFuel));
  touch(agent);
  if (record.visibleTick === tick) {
    showTurn(world, agent);
    return;
  }
  keepOutcome(record);
  world.busy.add(agent);
}

/** The turn becomes visible now: what it has reserved and not sent comes back. */
function showTurn(world: WorldState, agent: Agent): void {
  const { record } = agent;
  world.landing.push(agent);
  const used = record.messages - agent.ledger.messages;
  assert(used >= 0, "counters of the ledger only grow");
  assert(used <= agent.reserveMessages, "the executors keep messagesPerTurnMax");
  agent.tenant.messages.refund(Math.min(agent.reserveMessages - used, record.ownMessages));
}

/** Leftovers go back to the queue and keep their place in the order; a tenant keeps credit only for them. */
function settleCredits(world: WorldState, chosenCount: number): void {
  const { candidates, runnable, tenants } = world;
  const waiting = new Map<TenantCredit, Agent>();
  for (let index = 0; index < candidates.length && chosenCount < candidates.length; index += 1) {
    const agent = candidates.at(index);
    if (agent.isChosen) continue;
    if (!waiting.has(agent.tenant)) waiting.set(agent.tenant, agent);
    runnable.add(agent);
  }
  for (const tenant of tenants.values()) tenant.endTick(waiting.get(tenant));
}
