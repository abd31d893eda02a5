/**
 * Upgrades that wait. An agent with pending requests is suspended somewhere, and its new version could not go on there.
 *   asked     nothing is pending, or no drainTicks are given: the upgrade is the agent's turn of this tick
 *   draining  answers to its requests are delivered; messages, tasks and cadence wait behind them, in their order
 *   drained   the turn of t has left nothing pending: the upgrade is the agent's turn of t + 1
 *   refused   at the deadline something is pending: the old version stays and gets what has waited
 * A busy agent begins to drain when its turn has landed. How modules change hands is the executors' business.
 */

import { FaultCode, type ModuleDigest } from "@wasm-engine/abi";
import type { InputBody, UpgradeReport } from "../model.js";
import { hasWork, touch, type Agent } from "./agent.js";
import { pendingViews } from "./agent-view.js";
import { isAnswer, sleep, wakeIfWork } from "./delivery.js";
import type { TickScope, WorldState } from "./world-state.js";

/** An upgrade that is to be carried out. Messages wait for it where the agent's `heldCount` is not negative. */
export interface WaitingUpgrade {
  readonly module: ModuleDigest;
  readonly sinceTick: number;
  /** First tick at which it is refused; `sinceTick`: it waits for nothing but a turn under way. */
  readonly deadlineTick: number;
}

type UpgradeInput = Extract<InputBody, { readonly kind: "upgrade" }>;
type GiveUpReason = "replaced" | "stopping" | "ended";

/** The later of two upgrades counts. */
export function admitUpgrade(world: WorldState, scope: TickScope, agent: Agent, body: UpgradeInput): void {
  giveUpUpgrade(world, scope, agent, "replaced");
  const { module, drainTicks = 0 } = body;
  agent.upgrade = { module, sinceTick: scope.tick, deadlineTick: scope.tick + drainTicks };
  if (agent.turn === undefined) begin(world, scope, agent, agent.upgrade);
}

/** A turn of the agent has landed, and its effects and faults are committed. */
export function upgradeAfterTurn(world: WorldState, scope: TickScope, agent: Agent): void {
  const { upgrade } = agent;
  if (upgrade === undefined) return;
  touch(agent);
  if (agent.heldCount < 0) begin(world, scope, agent, upgrade);
  else if (isDrained(agent)) scope.drained.push(agent);
}

/** Called at the seal: agents that have drained in this tick are upgraded in the next one. */
export function sealDrained(world: WorldState, scope: TickScope): void {
  for (const agent of scope.drained.splice(0))
    if (!agent.ending) world.timers.add(scope.tick + 1, agent.handle, 0);
}

/** Called where the timer queue points at the agent, before anything else is admitted. */
export function upgradeWhereDue(world: WorldState, scope: TickScope, agent: Agent): void {
  const { upgrade } = agent;
  if (upgrade === undefined || agent.heldCount < 0) return;
  const drained = agent.turn === undefined && isDrained(agent);
  if (!drained && upgrade.deadlineTick > scope.tick) return;
  touch(agent);
  if (drained) carryOut(world, scope, agent, upgrade);
  else refuse(world, scope, agent, upgrade);
}

/** Nobody waits any more for the upgrade of an agent, if one waits. What has waited for it is delivered. */
export function giveUpUpgrade(world: WorldState, scope: TickScope, agent: Agent, reason: GiveUpReason): void {
  const { upgrade } = agent;
  if (upgrade === undefined) return;
  report(scope, agent, { module: upgrade.module, result: "refused", reason });
  release(world, scope, agent, upgrade);
}

/** Adds what a restored agent waits for to the timer queue. */
export function indexUpgrade(world: WorldState, agent: Agent): void {
  const { upgrade, handle } = agent;
  if (upgrade === undefined || agent.heldCount < 0) return;
  if (upgrade.deadlineTick > world.tick) world.timers.add(upgrade.deadlineTick, handle, 0);
  if (agent.turn === undefined && isDrained(agent)) world.timers.add(world.tick + 1, handle, 0);
}

/** Notes how an upgrade has ended, for whoever asked for it. */
export function report(
  scope: TickScope,
  agent: Agent,
  ending: Omit<UpgradeReport, "agentId" | "pending"> & Partial<Pick<UpgradeReport, "pending">>,
): void {
  scope.upgrades.push({ agentId: agent.id, pending: [], ...ending });
}

/** The agent is not busy: carries the upgrade out, refuses it or begins to wait. */
function begin(world: WorldState, scope: TickScope, agent: Agent, upgrade: WaitingUpgrade): void {
  const waitsForTurn = upgrade.deadlineTick === upgrade.sinceTick;
  if (waitsForTurn || isDrained(agent)) return carryOut(world, scope, agent, upgrade);
  if (upgrade.deadlineTick <= scope.tick) return refuse(world, scope, agent, upgrade);
  agent.heldCount = agent.mailbox.partition(isAnswer);
  world.timers.add(upgrade.deadlineTick, agent.handle, 0);
  // What it was queued for may be among what waits now.
  if (!hasWork(agent, scope.mailTick)) sleep(world, agent);
}

/** Nothing is pending and no answer is on its way to the agent. Memory that has not begun holds nothing. */
function isDrained(agent: Agent): boolean {
  if (agent.needsInit) return true;
  return !agent.needsStart && agent.requests.size === 0 && !hasAnswers(agent);
}

function hasAnswers({ mailbox, heldCount }: Agent): boolean {
  if (heldCount >= 0) return mailbox.length > heldCount;
  for (let index = 0; index < mailbox.length; index += 1) if (isAnswer(mailbox.kindAt(index))) return true;
  return false;
}

function carryOut(world: WorldState, scope: TickScope, agent: Agent, upgrade: WaitingUpgrade): void {
  // Before the plan it is the agent's turn of this tick; at the commit the turn that it has waited for was.
  if (scope.mailTick === scope.tick) agent.upgradedTick = scope.tick;
  scope.operations.push({ kind: "upgrade", agent: agent.handle, module: upgrade.module });
  release(world, scope, agent, upgrade);
}

function refuse(world: WorldState, scope: TickScope, agent: Agent, upgrade: WaitingUpgrade): void {
  scope.faults.push({ agentId: agent.id, code: FaultCode.HOST_DENIED, guestCode: 0 });
  const { module } = upgrade;
  report(scope, agent, { module, result: "refused", reason: "pending", pending: pendingViews(world, agent) });
  release(world, scope, agent, upgrade);
}

function release(world: WorldState, scope: TickScope, agent: Agent, upgrade: WaitingUpgrade): void {
  agent.upgrade = undefined;
  touch(agent);
  if (agent.heldCount < 0) return;
  if (upgrade.deadlineTick > scope.tick) world.timers.remove(upgrade.deadlineTick);
  agent.heldCount = -1;
  wakeIfWork(world, agent, scope.mailTick);
}
