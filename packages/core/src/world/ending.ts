/** The moment an agent ends. What its end entails is decided at the seal, in lifecycle.ts. */

import type { Agent } from "./agent.js";
import type { TickScope, WorldState } from "./world-state.js";

/** Marks the agent as ended in this tick. Until the seal it stays known, so that what is sent to it is refused. */
export function markEnding(world: WorldState, scope: TickScope, agent: Agent): void {
  if (agent.ending) return;
  agent.ending = true;
  scope.ending.push(agent);
  world.runnable.remove(agent);
  world.busy.delete(agent);
  agent.runnableSince = -1;
}
