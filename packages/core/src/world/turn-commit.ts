/**
 * Makes turns visible. First every turn of the tick lands (its work is consumed), so that no mailbox counts
 * mail that its owner has read in the same tick; then effects are committed: turns of earlier ticks by
 * (planned tick, plan index), then those of this tick in plan order.
 */

import type { ModuleDigest } from "@wasm-engine/abi";
import type { UpgradeOutcome } from "../ports.js";
import { touch, type Agent, type TurnRecord } from "./agent.js";
import { wakeIfWork } from "./delivery.js";
import { commitEffects } from "./effect-commit.js";
import { markEnding } from "./ending.js";
import { setCadence, specDigestOf } from "./lifecycle.js";
import { supervise } from "./supervision.js";
import { endTask } from "./task-table.js";
import { land, type Landing } from "./turn.js";
import type { TickScope, WorldState } from "./world-state.js";

interface LandedTurn {
  readonly agent: Agent;
  readonly record: TurnRecord;
  readonly landing: Landing;
}

/** Commits `landing` turns; busy ones first is the caller's order. */
export function commitTurns(world: WorldState, scope: TickScope, agents: readonly Agent[]): void {
  const landed: LandedTurn[] = [];
  for (const agent of agents) {
    const record = agent.turn;
    if (record === undefined) continue;
    landed.push({ agent, record, landing: landTurn(world, scope, agent, record) });
  }
  for (const turn of landed) commitTurn(world, scope, turn);
}

function landTurn(world: WorldState, scope: TickScope, agent: Agent, record: TurnRecord): Landing {
  const { outcome } = record;
  if (record.visibleTick > record.plannedTick) {
    world.busy.delete(agent);
    scope.operations.push({ kind: "land", agent: agent.handle });
  }
  const landing = land(agent, record);
  agent.turn = undefined;
  agent.ledger = outcome.ledger;
  agent.fuel += outcome.fuel;
  agent.imageDigest = undefined;
  scope.fuel += outcome.fuel;
  scope.invocations += outcome.completed;
  scope.landed.push({ agent, record });
  const { every } = agent.spec;
  if (every > 0 && landing.initialised)
    setCadence(world, scope, agent, nextCadence(record.plannedTick, every, scope.tick));
  else if (landing.cadenceRan)
    setCadence(world, scope, agent, nextCadence(agent.cadenceTick, every, scope.tick));
  return landing;
}

/** The first tick after `tick` that is a whole number of cadences after `from`: missed ones are not made up for. */
function nextCadence(from: number, every: number, tick: number): number {
  const behind = Math.max(0, Math.floor((tick - from) / every));
  return from + (behind + 1) * every;
}

function commitTurn(world: WorldState, scope: TickScope, turn: LandedTurn): void {
  const { agent, record, landing } = turn;
  commitEffects(world, scope, agent, record);
  for (const task of landing.tasksDone) endTask(world, scope, task, { end: "done" });
  if (landing.taskFailed !== undefined)
    endTask(world, scope, landing.taskFailed, { end: "failed", reported: true });
  const { fault } = record.outcome;
  if (fault !== undefined) {
    const { code, guestCode } = fault;
    scope.faults.push({ agentId: agent.id, code, guestCode });
    if (landing.faultMessage.length > 0)
      scope.deadLetters.push({
        tick: scope.tick,
        agentId: agent.id,
        reason: "FAULT",
        message: landing.faultMessage,
        faultCode: code,
      });
    supervise(world, scope, agent, fault);
  }
  if (landing.shutDown) markEnding(world, scope, agent);
  if (agent.ending) return;
  applyPendingUpgrade(scope, agent);
  wakeIfWork(world, agent, scope.mailTick);
}

function applyPendingUpgrade(scope: TickScope, agent: Agent): void {
  if (agent.pendingUpgrade === undefined) return;
  scope.operations.push({ kind: "upgrade", agent: agent.handle, module: agent.pendingUpgrade });
  agent.pendingUpgrade = undefined;
  touch(agent);
}

/** Passes collected operations on and takes over how upgrades went. */
export function applyOperations(world: WorldState, scope: TickScope): void {
  const operations = scope.operations.splice(0);
  if (operations.length === 0) return;
  const modules = new Map<number, ModuleDigest>();
  for (const operation of operations)
    if (operation.kind === "upgrade") modules.set(operation.agent, operation.module);
  for (const outcome of world.executors.apply(operations, scope.tick))
    finishUpgrade(world, scope, outcome, modules.get(outcome.agent));
}

function finishUpgrade(
  world: WorldState,
  scope: TickScope,
  outcome: UpgradeOutcome,
  module: ModuleDigest | undefined,
): void {
  const agent = world.agents.byHandle(outcome.agent);
  if (agent === undefined || module === undefined) return;
  agent.fuel += outcome.fuel;
  agent.tenant.fuel.pay(outcome.fuel);
  agent.imageDigest = undefined;
  scope.fuel += outcome.fuel;
  touch(agent);
  if (outcome.result === "refused") {
    const { code, guestCode = 0 } = outcome;
    if (code !== undefined) scope.faults.push({ agentId: agent.id, code, guestCode });
    return;
  }
  agent.spec = { ...agent.spec, module };
  agent.specDigest = specDigestOf(world.hasher, agent.spec);
  if (outcome.result === "imported") return;
  agent.needsInit = true;
  agent.needsStart = true;
  wakeIfWork(world, agent, scope.mailTick);
}
