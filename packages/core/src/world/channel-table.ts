/**
 * Members of topics as of the last seal. Derived from the agents' own subscriptions, so
 * never stored or hashed itself.
 */

import { compareIds } from "@wasm-engine/abi";
import type { Agent } from "./agent.js";

interface Channel {
  readonly members: Set<Agent>;
  sorted: readonly Agent[] | undefined;
}

export class ChannelTable {
  readonly #channels = new Map<string, Channel>();

  /** In id order. */
  members(topic: string): readonly Agent[] {
    const channel = this.#channels.get(topic);
    if (channel === undefined) return [];
    channel.sorted ??= [...channel.members].sort((left, right) => compareIds(left.id, right.id));
    return channel.sorted;
  }

  join(agent: Agent, topic: string): void {
    let channel = this.#channels.get(topic);
    if (channel === undefined) {
      channel = { members: new Set(), sorted: undefined };
      this.#channels.set(topic, channel);
    }
    channel.members.add(agent);
    channel.sorted = undefined;
    agent.channels.add(topic);
  }

  leave(agent: Agent, topic: string): void {
    agent.channels.delete(topic);
    const channel = this.#channels.get(topic);
    if (channel === undefined) return;
    channel.members.delete(agent);
    channel.sorted = undefined;
    if (channel.members.size === 0) this.#channels.delete(topic);
  }

  leaveAll(agent: Agent): void {
    for (const topic of [...agent.channels]) this.leave(agent, topic);
  }
}
