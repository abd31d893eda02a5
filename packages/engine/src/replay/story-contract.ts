/** What a run did, in the words of people: what `dev` compares two runs by. Plain data, bounded. */

import type { AgentId } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import type { ReplayReport } from "./replay-contract.js";

/** One deed of one agent. Two deeds are the same where kind, about and text are, whenever they happened. */
export interface StoryEntry {
  readonly tick: number;
  readonly agentId: AgentId;
  /**
   * sent: a message to agents; published: a message on a topic that left the world; replied: an answer to the outside;
   * asked: a request to a model or a tool; heard: its answer; said: a console line; fault, exit: how it ended.
   */
  readonly kind: "sent" | "published" | "replied" | "asked" | "heard" | "said" | "fault" | "exit";
  /** Receivers and topic, model or tool, level. */
  readonly about: string;
  /** Payload as JSON or text; a long one is cut and ends in its length and digest. */
  readonly text: string;
}

export interface StoryAgent {
  readonly agentId: AgentId;
  /** Digest of the module that it ran at last. */
  readonly module: string;
  /** First tick after which it lived. */
  readonly since: number;
  /** Last tick after which it lived; absent: it lives at the end. */
  readonly until?: number;
  /**
   * Stretches of ticks [first, last] after which nothing of it was pending: no request, no timer, no turn under way, no
   * answer unread. There it can take another module.
   */
  readonly quiet: readonly (readonly [first: number, last: number])[];
  /** What it says about itself at the end, where its module can. */
  readonly state?: Json;
}

export interface Story {
  readonly entries: readonly StoryEntry[];
  readonly agents: readonly StoryAgent[];
  /** Last tick that was executed. */
  readonly tick: number;
  /** Entries after this tick are left out: there were too many. */
  readonly cutAfter?: number;
}

/** The job: a replay from tick 0 that compares every commit, and tells what happened on the way. */
export interface StoryJob {
  readonly kind: "story";
  readonly dir: string;
}

export interface StoryReport {
  readonly replay: ReplayReport;
  readonly story: Story;
}
