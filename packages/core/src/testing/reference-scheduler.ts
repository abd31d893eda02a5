/**
 * The scheduler as its text says it, naive on purpose: it walks every tick, sorts by looking for the
 * smallest, and shares no code with the planner. Knows agents only as queues of fuel.
 *
 * Rules: an agent with work that is neither paused nor busy waits since the tick at which that became true.
 * Per tick every tenant is granted its fuel and messages, then pays the slices of busy agents. In policy
 * order a turn is planned if its tenant has a turn left and credit for one slice and for all messages that
 * the turn may send; the first one that does not fit stops its tenant. Then elastic tenants use turns that
 * are left of the tick, and fuel and messages of tenants that nobody waits in. A turn runs through all work
 * that the agent has; what it did not use of its own reservation is given back: fuel at once, messages when
 * the turn becomes visible. At the end of a tick a tenant in which somebody waits keeps at most the greater
 * of one grant and the reservation of its first waiting agent, any other tenant only its debt.
 */

import type { Policy, TenantSpec } from "../model.js";

export interface ReferenceAgent {
  readonly id: string;
  readonly rank: number;
  readonly tenant: string;
  readonly priority: number;
  readonly slice: number;
  readonly messagesMax: number;
}

export type ReferenceEvent =
  | { readonly kind: "pause" | "resume"; readonly agent: string }
  | ({ readonly kind: "mail"; readonly agent: string } & ReferenceCost)
  | ({ readonly kind: "task"; readonly agent: string; readonly priority: number } & ReferenceCost);

/** What working off a message or task costs. */
export interface ReferenceCost {
  readonly fuel: number;
  /** Messages that it tries to send. */
  readonly sends: number;
}

export interface ReferenceSetting {
  readonly policy: Policy;
  readonly stride: number;
  readonly turnsPerTickMax: number;
  readonly tenants: readonly TenantSpec[];
  readonly agents: readonly ReferenceAgent[];
}

export interface ReferenceTick {
  readonly order: string[];
  readonly waiting: string[];
  readonly credits: { tenant: string; fuel: number; messages: number }[];
}

interface Work extends ReferenceCost {
  /** Of a task; mail has none. */
  readonly priority: number;
}

interface Busy {
  readonly plannedTick: number;
  readonly visibleTick: number;
  readonly fuel: number;
  readonly workCount: number;
  readonly unsent: number;
}

/** What a tenant pays of the reservation of its agent; the rest was spare. */
interface Own {
  readonly fuel: number;
  readonly messages: number;
}

interface Queue extends ReferenceAgent {
  work: Work[];
  since: number | undefined;
  paused: boolean;
  busy: Busy | undefined;
}

interface Tenant extends TenantSpec {
  credit: number;
  messageCredit: number;
  turns: number;
  stopped: boolean;
}

export class ReferenceScheduler {
  readonly #setting: ReferenceSetting;
  readonly #queues: Queue[];
  readonly #tenants: Tenant[];

  /** Everybody has the two invocations of a first turn to do at tick 0. */
  constructor(setting: ReferenceSetting) {
    this.#setting = setting;
    const none = Number.NEGATIVE_INFINITY;
    this.#queues = setting.agents.map((agent) => ({
      ...agent,
      work: [{ fuel: 2, sends: 0, priority: none }],
      since: 0,
      paused: false,
      busy: undefined,
    }));
    const everything = {
      name: "default",
      fuelPerTick: 1e15,
      turnsPerTick: setting.turnsPerTickMax,
      messagesPerTick: 1e15,
      agentsMax: 1e9,
      elastic: false,
    };
    const tenants = setting.tenants.length === 0 ? [everything] : setting.tenants;
    this.#tenants = tenants.map((tenant) => ({
      ...tenant,
      credit: 0,
      messageCredit: 0,
      turns: 0,
      stopped: false,
    }));
  }

  tick(tick: number, events: readonly ReferenceEvent[]): ReferenceTick {
    for (const event of events)
      if (event.kind === "pause" || event.kind === "resume") this.#change(tick, event);
    for (const event of events) {
      if (event.kind !== "mail" && event.kind !== "task") continue;
      const queue = this.#queues.find(({ id }) => id === event.agent);
      if (queue === undefined) continue;
      const priority = event.kind === "task" ? event.priority : Number.NEGATIVE_INFINITY;
      queue.work.push({ fuel: event.fuel + 1, sends: event.sends, priority });
      this.#wait(queue, tick);
    }
    this.#grant(tick);
    const chosen = this.#choose();
    for (const [queue, own] of chosen) this.#execute(queue, own, tick);
    for (const queue of this.#queues)
      if (queue.busy?.visibleTick === tick) this.#tenantOf(queue).messageCredit += queue.busy.unsent;
    const leftover = this.#inOrder().filter((queue) => !chosen.has(queue));
    this.#settle(leftover);
    for (const queue of this.#queues) this.#land(queue, tick);
    return {
      order: [...chosen.keys()].map(({ id }) => id),
      waiting: this.#inOrder().map(({ id }) => id),
      credits: this.#credits(),
    };
  }

  #credits(): ReferenceTick["credits"] {
    if (this.#setting.tenants.length === 0) return [];
    return this.#tenants.map(({ name, credit, messageCredit }) => ({
      tenant: name,
      fuel: credit,
      messages: messageCredit,
    }));
  }

  #change(tick: number, event: ReferenceEvent): void {
    const queue = this.#queues.find(({ id }) => id === event.agent);
    if (queue === undefined) return;
    queue.paused = event.kind === "pause";
    if (queue.paused) queue.since = undefined;
    else this.#wait(queue, tick);
  }

  #wait(queue: Queue, tick: number): void {
    if (!queue.paused && queue.busy === undefined && queue.work.length > 0) queue.since ??= tick;
  }

  #grant(tick: number): void {
    for (const tenant of this.#tenants) {
      tenant.credit += tenant.fuelPerTick;
      tenant.messageCredit += tenant.messagesPerTick;
      tenant.turns = tenant.turnsPerTick;
      tenant.stopped = false;
    }
    for (const queue of this.#queues) {
      if (queue.busy === undefined) continue;
      const slicesPaid = tick - queue.busy.plannedTick;
      this.#tenantOf(queue).credit -= Math.min(queue.slice, queue.busy.fuel - slicesPaid * queue.slice);
    }
  }

  /** Chosen agents in policy order, with what their own tenant paid. */
  #choose(): Map<Queue, Own> {
    const paid = new Map<Queue, Own>();
    for (const queue of this.#inOrder()) {
      const tenant = this.#tenantOf(queue);
      const covered = tenant.credit >= queue.slice && tenant.messageCredit >= queue.messagesMax;
      if (tenant.stopped || tenant.turns === 0 || !covered) {
        tenant.stopped = true;
        continue;
      }
      tenant.turns -= 1;
      tenant.credit -= queue.slice;
      tenant.messageCredit -= queue.messagesMax;
      paid.set(queue, { fuel: queue.slice, messages: queue.messagesMax });
    }
    this.#chooseSpare(paid);
    return new Map(
      this.#inOrder().flatMap((queue) => {
        const own = paid.get(queue);
        return own === undefined ? [] : [[queue, own]];
      }),
    );
  }

  #chooseSpare(paid: Map<Queue, Own>): void {
    let spareFuel = 0;
    let spareMessages = 0;
    for (const tenant of this.#tenants) {
      if (tenant.stopped) continue;
      spareFuel += Math.max(0, tenant.credit);
      spareMessages += tenant.messageCredit;
    }
    const exhausted = new Set<Tenant>();
    for (const queue of this.#inOrder()) {
      const tenant = this.#tenantOf(queue);
      if (paid.size === this.#setting.turnsPerTickMax) break;
      if (paid.has(queue) || !tenant.elastic || exhausted.has(tenant)) continue;
      const fuel = Math.min(queue.slice, Math.max(0, tenant.credit));
      const messages = Math.min(queue.messagesMax, tenant.messageCredit);
      if (fuel + spareFuel < queue.slice || messages + spareMessages < queue.messagesMax) {
        exhausted.add(tenant);
        continue;
      }
      tenant.credit -= fuel;
      tenant.messageCredit -= messages;
      spareFuel -= queue.slice - fuel;
      spareMessages -= queue.messagesMax - messages;
      paid.set(queue, { fuel, messages });
    }
  }

  #execute(queue: Queue, own: Own, tick: number): void {
    let fuel = 0;
    let sends = 0;
    for (const work of queue.work) {
      fuel += work.fuel;
      sends += work.sends;
    }
    const unused = Math.max(0, queue.slice - fuel);
    this.#tenantOf(queue).credit += Math.min(unused, own.fuel);
    const unsent = Math.min(queue.messagesMax - Math.min(queue.messagesMax, sends), own.messages);
    let visibleTick = tick;
    while ((visibleTick - tick + 1) * queue.slice < fuel) visibleTick += 1;
    queue.busy = { plannedTick: tick, visibleTick, fuel, workCount: queue.work.length, unsent };
    queue.since = undefined;
  }

  #settle(leftover: readonly Queue[]): void {
    for (const tenant of this.#tenants) {
      const first = leftover.find((queue) => queue.tenant === tenant.name);
      const most = first === undefined ? 0 : Math.max(tenant.fuelPerTick, first.slice);
      tenant.credit = Math.min(tenant.credit, most);
      const mostMessages = first === undefined ? 0 : Math.max(tenant.messagesPerTick, first.messagesMax);
      tenant.messageCredit = Math.min(tenant.messageCredit, mostMessages);
    }
  }

  #land(queue: Queue, tick: number): void {
    if (queue.busy?.visibleTick !== tick) return;
    queue.work = queue.work.slice(queue.busy.workCount);
    queue.busy = undefined;
    this.#wait(queue, tick + 1);
  }

  #tenantOf(queue: Queue): Tenant {
    const tenant = this.#tenants.find(({ name }) => name === queue.tenant);
    if (tenant === undefined) throw new Error(`unknown tenant ${queue.tenant}`);
    return tenant;
  }

  /** Everybody who waits, by looking for the first again and again. */
  #inOrder(): Queue[] {
    const left = this.#queues.filter(({ since }) => since !== undefined);
    const sorted: Queue[] = [];
    while (left.length > 0) {
      let first = 0;
      for (let index = 1; index < left.length; index += 1) {
        if (this.#isBefore(left[index], left[first])) first = index;
      }
      sorted.push(...left.splice(first, 1));
    }
    return sorted;
  }

  #isBefore(one: Queue | undefined, other: Queue | undefined): boolean {
    const [a, b] = [this.#keyOf(one), this.#keyOf(other)];
    for (const [index, part] of a.entries()) {
      const against = b[index] ?? 0;
      if (part !== against) return part < against;
    }
    return (one?.id ?? "") < (other?.id ?? "");
  }

  #keyOf(queue: Queue | undefined): number[] {
    const { since = 0, rank = 0, priority = 0, work = [] } = queue ?? {};
    switch (this.#setting.policy) {
      case "fifo":
        return [since];
      case "priority":
        return [-Math.max(priority, ...work.map((entry) => entry.priority)), since];
      case "round-robin":
        return [since, Number((BigInt(rank) + BigInt(since) * BigInt(this.#setting.stride)) % 2n ** 32n)];
    }
  }
}
