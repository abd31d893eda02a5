/**
 * What follows a fault.
 *   restart   good: the next turn goes on with the state before the faulting invocation;
 *             fresh: new memory, init, start
 *   stop      the agent ends
 *   escalate  the agent ends and its parent receives a message with topic `child-fault`; without a living
 *             parent the declared tenant contains it; without declared tenants the run should stop
 *             (`TickResult.unsupervised`)
 * More than `max` faults within `withinTicks` end the agent under `restart` too.
 */

import { Encoding, FaultCode, MessageFlag, MessageKind, encodeUtf8 } from "@wasm-engine/abi";
import { touch, type Agent } from "./agent.js";
import { engineMessage, enqueue, isReachable } from "./delivery.js";
import { markEnding } from "./ending.js";
import { restartFresh } from "./lifecycle.js";
import type { TickScope, WorldState } from "./world-state.js";

/** Why a turn ended early. */
export interface Fault {
  readonly code: FaultCode;
  /** GUEST_ERROR: the negative value that the guest returned, else 0. */
  readonly guestCode: number;
}

const childFaultTopic = encodeUtf8("child-fault");

/** Applies the agent's fault policy. `agent` has landed and is not ending. */
export function supervise(world: WorldState, scope: TickScope, agent: Agent, fault: Fault): void {
  const { strategy, from, max, withinTicks } = agent.spec.onFault;
  agent.faults += 1;
  agent.faultTicks = agent.faultTicks.filter((tick) => tick > scope.tick - withinTicks);
  agent.faultTicks.push(scope.tick);
  touch(agent);
  const stopping = agent.stopTick >= 0 && agent.mailbox.length === 0;
  if (agent.ending || stopping) return markEnding(world, scope, agent);
  switch (strategy) {
    case "restart":
      if (agent.faultTicks.length > max) markEnding(world, scope, agent);
      else if (from === "fresh") restartFresh(world, scope, agent);
      return;
    case "stop":
      return markEnding(world, scope, agent);
    case "escalate":
      markEnding(world, scope, agent);
      return escalate(world, scope, agent, fault);
  }
}

function escalate(world: WorldState, scope: TickScope, agent: Agent, fault: Fault): void {
  const parent = world.agents.byHandle(agent.parent);
  if (isReachable(parent)) {
    const payload = { agentId: agent.id, code: nameOf(fault.code), guestCode: fault.guestCode };
    const message = engineMessage({
      kind: MessageKind.MESSAGE,
      encoding: Encoding.JSON,
      flags: MessageFlag.ERROR,
      peer: agent.handle,
      tick: scope.mailTick,
      topic: childFaultTopic,
      payload: encodeUtf8(JSON.stringify(payload)),
    });
    return enqueue(world, scope, parent, message);
  }
  if (world.genesis.tenants.length === 0) scope.unsupervised ??= agent.id;
}

function nameOf(code: FaultCode): string {
  return Object.entries(FaultCode).find(([, value]) => value === code)?.[0] ?? String(code);
}
