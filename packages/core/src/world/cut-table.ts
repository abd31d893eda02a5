/**
 * Who and what a fork has cut off. A table of the world: nobody's digest but that of the world knows it.
 *   agent   nothing of it reaches others or the outside, and nothing of them reaches it: messages, answers, publishes,
 *           tasks, children. Its timers, models, tools, tasks and messages to itself go on, and so do inputs of
 *           lifecycle, answers of the engine and supervision.
 *   topic   nothing that is published to it reaches members or outputs.
 * Both hold by name, for as long as the run goes on. What had reached a mailbox before is read.
 */

import { compareIds, type AgentId } from "@wasm-engine/abi";
import type { CborValue } from "../codec/cbor.js";

export class CutTable {
  readonly #agents = new Set<AgentId>();
  readonly #topics = new Set<string>();
  /** True until something has been cut: what every message asks first. */
  #isEmpty = true;

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** False where it was cut already. */
  cutAgent(id: AgentId): boolean {
    if (this.#agents.has(id)) return false;
    this.#agents.add(id);
    this.#isEmpty = false;
    return true;
  }

  cutTopic(topic: string): void {
    this.#topics.add(topic);
    this.#isEmpty = false;
  }

  /** True where nothing passes between the agent and anybody else. */
  hasAgent(id: AgentId): boolean {
    return !this.#isEmpty && this.#agents.has(id);
  }

  hasTopic(topic: string): boolean {
    return !this.#isEmpty && this.#topics.has(topic);
  }

  /** True where nothing passes between the two. Nobody is separated from itself; no id is the outside. */
  separates(one: AgentId | undefined, other: AgentId | undefined): boolean {
    if (this.#isEmpty || one === other) return false;
    return (one !== undefined && this.#agents.has(one)) || (other !== undefined && this.#agents.has(other));
  }

  /** Agents and topics, each in id order: for state hash and snapshot. */
  value(): readonly [readonly string[], readonly string[]] & CborValue {
    return [[...this.#agents].sort(compareIds), [...this.#topics].sort(compareIds)];
  }

  restore([agents, topics]: readonly [readonly AgentId[], readonly string[]]): void {
    for (const id of agents) this.cutAgent(id);
    for (const topic of topics) this.cutTopic(topic);
  }
}
