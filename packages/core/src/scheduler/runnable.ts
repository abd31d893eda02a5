/** What the scheduler sees of an agent that has work. Everything else about agents is the world's. */

import type { Cost, TenantCredit } from "./tenant-credit.js";

/** Reserves one slice of fuel and `messagesPerTurnMax`. */
export interface Runnable extends Cost {
  readonly id: string;
  /** Place in the rotation of `round-robin`: 32 bits that depend on the agent alone. */
  readonly rank: number;
  /** Tick at which it became runnable. An agent that is left over keeps it. */
  readonly runnableSince: number;
  /** The higher of its own priority and those of its due tasks. */
  readonly urgency: number;
  readonly tenant: TenantCredit;
}
