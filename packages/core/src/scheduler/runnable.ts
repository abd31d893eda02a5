/** What the scheduler sees of an agent that has work. Everything else about agents is the world's. */

import type { Cost, TenantCredit } from "./tenant-credit.js";

/** Reserves one slice of fuel and `messagesPerTurnMax`. */
export interface Runnable extends Cost {
  readonly id: string;
  /** Place of its id among the ids of all live agents. */
  readonly idRank: number;
  /** Place in the rotation of `round-robin`: 32 bits that depend on the agent alone. */
  readonly rank: number;
  /** Tick at which it became runnable. An agent that is left over keeps it. */
  readonly runnableSince: number;
  /** The higher of its own priority and those of its due tasks. */
  readonly urgency: number;
  readonly tenant: TenantCredit;
  /** Written by the queue: where it stands there; -1 where it does not. */
  queuePlace: number;
  /** Written by the planner: what its own tenant paid; the rest of the reservation was spare and is not given back. */
  ownFuel: number;
  ownMessages: number;
  /** Written by the planner: takes a turn in this tick. */
  isChosen: boolean;
}
