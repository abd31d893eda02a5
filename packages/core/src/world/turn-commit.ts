/**
 * Makes turns visible. First every turn of the tick lands (its work is consumed), so that no mailbox counts
 * mail that its owner has read in the same tick; then effects are committed: turns of earlier ticks by
 * (planned tick, plan index), then those of this tick in plan order.
 */

import { assert, type ModuleDigest } from "@wasm-engine/abi";
import type { UpgradeOutcome } from "../ports.js";
import { touch, type Agent } from "./agent.js";
import { wakeIfWork } from "./delivery.js";
import { commitEffects } from "./effect-commit.js";
import { createEmission, type Emission } from "./emission.js";
import { markEnding } from "./ending.js";
import { setCadence, specDigestOf } from "./lifecycle.js";
import { supervise } from "./supervision.js";
import { endTask } from "./task-table.js";
import { land } from "./turn.js";
import { NOTHING_ELSE } from "./turn-record.js";
import { report, upgradeAfterTurn } from "./upgrade.js";
import type { TickScope, WorldState } from "./world-state.js";

/** Commits the turns of `world.landing`: busy ones first is the planner's order. They stay there for the seal. */
export function commitTurns(world: WorldState, scope: TickScope): void {
  const { landing } = world;
  for (let index = 0; index < landing.length; index += 1) landTurn(world, scope, landing.at(index));
  world.mail.begin(scope.mailTick);
  if (landing.length === 0) return;
  const emission = createEmission(world, scope, landing.at(0));
  for (let index = 0; index < landing.length; index += 1) commitTurn(emission, landing.at(index));
}

function landTurn(world: WorldState, scope: TickScope, agent: Agent): void {
  const { record, ledger } = agent;
  assert(agent.turn === record, "only executed turns land");
  if (record.visibleTick > record.plannedTick) {
    world.busy.delete(agent);
    scope.operations.push({ kind: "land", agent: agent.handle });
  }
  land(agent, record);
  agent.turn = undefined;
  ledger.requests = record.requests;
  ledger.messages = record.messages;
  ledger.spawns = record.spawns;
  if (record.streams !== undefined) ledger.streams = record.streams;
  agent.fuel += record.fuel;
  agent.imageDigest = undefined;
  scope.fuel += record.fuel;
  scope.invocations += record.completed;
  const { landing } = record;
  if (landing === NOTHING_ELSE) return;
  const { every } = agent.spec;
  if (every > 0 && landing.initialised)
    setCadence(world, scope, agent, nextCadence(record.plannedTick, every, scope.tick));
  else if (landing.cadenceRan)
    setCadence(world, scope, agent, nextCadence(agent.cadenceTick, every, scope.tick));
}

/** The first tick after `tick` that is a whole number of cadences after `from`: missed ones are not made up for. */
function nextCadence(from: number, every: number, tick: number): number {
  const behind = Math.max(0, Math.floor((tick - from) / every));
  return from + (behind + 1) * every;
}

function commitTurn(emission: Emission, agent: Agent): void {
  const { world, scope } = emission;
  const { record } = agent;
  const { landing, faultCode: code, guestCode } = record;
  world.effectsDigest.add(agent);
  commitEffects(emission, agent);
  for (const task of landing.tasksDone) endTask(world, scope, task, { end: "done" });
  if (landing.taskFailed !== undefined)
    endTask(world, scope, landing.taskFailed, { end: "failed", reported: true });
  if (code !== 0) {
    const { plannedTick } = record;
    const begun = plannedTick < scope.tick ? { plannedTick } : {};
    scope.faults.push({ agentId: agent.id, code, guestCode, ...begun });
    if (landing.faultMessage.length > 0)
      scope.deadLetters.push({
        tick: scope.tick,
        agentId: agent.id,
        reason: "FAULT",
        message: landing.faultMessage,
        faultCode: code,
      });
    supervise(world, scope, agent, { code, guestCode });
  }
  if (landing.shutDown) markEnding(world, scope, agent);
  if (agent.ending) return;
  upgradeAfterTurn(world, scope, agent);
  wakeIfWork(world, agent, scope.mailTick);
}

/** Passes collected operations on and takes over how upgrades went. */
export function applyOperations(world: WorldState, scope: TickScope): void {
  const operations = scope.operations.splice(0);
  if (operations.length === 0) return;
  const upgrades = operations.filter((operation) => operation.kind === "upgrade");
  world.executors.apply(operations, scope.tick).forEach((outcome, index) => {
    const upgrade = upgrades[index];
    assert(upgrade?.agent === outcome.agent, "outcomes come in the order of the upgrades");
    finishUpgrade(world, scope, outcome, upgrade.module);
  });
}

function finishUpgrade(
  world: WorldState,
  scope: TickScope,
  outcome: UpgradeOutcome,
  module: ModuleDigest,
): void {
  const agent = world.agents.byHandle(outcome.agent);
  if (agent === undefined) return;
  agent.fuel += outcome.fuel;
  agent.tenant.fuel.pay(outcome.fuel);
  agent.imageDigest = undefined;
  scope.fuel += outcome.fuel;
  touch(agent);
  if (outcome.result === "refused") {
    const { code, guestCode = 0 } = outcome;
    if (code !== undefined) scope.faults.push({ agentId: agent.id, code, guestCode });
    report(scope, agent, { module, result: "refused", reason: "guest" });
    return;
  }
  report(scope, agent, { module, result: outcome.result });
  agent.spec = { ...agent.spec, module };
  agent.specDigest = specDigestOf(world.hasher, agent.spec);
  if (outcome.result === "imported") return;
  agent.needsInit = true;
  agent.needsStart = true;
  wakeIfWork(world, agent, scope.mailTick);
}
