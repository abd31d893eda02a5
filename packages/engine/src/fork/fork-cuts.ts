/**
 * What `--cut` names, looked up in the world at the forked tick: an agent that lives there, or a topic that somebody
 * could publish to. Decides which inputs cut it off; what a cut means is decided by the core.
 */

import type { InputBody, WorldContract } from "@wasm-engine/core";
import { adviceFor } from "../config/suggestion.js";
import type { RunSetup } from "../world/run-store.js";
import { forkError } from "./errors.js";

/** The two inputs that cut something off. */
export type CutBody = Extract<InputBody, { readonly kind: "cut" | "cut-topic" }>;

/**
 * `AGENT` or `TOPIC`; where both have the name, `agent:NAME` or `topic:NAME`. One that is named twice is cut once.
 * @throws {WE_FORK_CUT}
 */
export function cutsOf(
  world: WorldContract,
  names: readonly string[],
  outputs: RunSetup["outputs"],
): readonly CutBody[] {
  if (names.length === 0) return [];
  const known = knownIn(world, outputs);
  const cuts = new Map<string, CutBody>();
  for (const name of names) {
    const body = cutNamed(known, name, world.tick);
    cuts.set(cutText(body), body);
  }
  return [...cuts.values()];
}

/** How a fork's record names it. */
export function cutText(body: CutBody): string {
  return body.kind === "cut" ? `cut agent:${body.agent}` : `cut topic:${body.topic}`;
}

interface Known {
  readonly agents: ReadonlyMap<string, CutBody>;
  readonly topics: ReadonlyMap<string, CutBody>;
  /** What outputs follow by pattern: beginnings of names; of `*` the empty one. */
  readonly followed: readonly string[];
}

/** Topics have no list of their own: they are those of members, of grants that name one, and of outputs. */
function knownIn(world: WorldContract, outputs: RunSetup["outputs"]): Known {
  const agents = new Map<string, CutBody>();
  const patterns = outputs.map(({ topic }) => topic);
  const topics = new Set(patterns.filter((topic) => !topic.endsWith("*")));
  for (const { agentId, spec, topics: joined } of world.agents()) {
    agents.set(agentId, { kind: "cut", agent: agentId });
    for (const topic of joined) topics.add(topic);
    for (const topic of spec.capabilities.topics) if (!topic.endsWith("*")) topics.add(topic);
  }
  const sorted = [...topics].sort();
  return {
    agents,
    topics: new Map(sorted.map((topic) => [topic, { kind: "cut-topic", topic }])),
    followed: patterns.filter((topic) => topic.endsWith("*")).map((topic) => topic.slice(0, -1)),
  };
}

function cutNamed({ agents, topics, followed }: Known, name: string, tick: number): CutBody {
  const [agent, topic] = [agents.get(name), topics.get(name)];
  if (agent !== undefined && topic !== undefined) {
    const advice = `say which one: --cut agent:${name} or --cut topic:${name}`;
    throw forkError("WE_FORK_CUT", { name, tick, reason: "an agent and a topic have that name", advice });
  }
  const [, kind, rest = ""] = /^(agent|topic):(.+)$/.exec(name) ?? [];
  const found = agent ?? topic ?? (kind === "agent" ? agents.get(rest) : topics.get(rest));
  if (found !== undefined) return found;
  // An output of `*` follows every name, misspelt ones as well: only who says that it is a topic may mean it.
  const meant = kind === "topic" ? rest : name;
  const isFollowed = followed.some(
    (prefix) => (prefix !== "" || kind === "topic") && meant.startsWith(prefix),
  );
  if (kind !== "agent" && isFollowed) return { kind: "cut-topic", topic: meant };
  const [known, noun] =
    kind === "agent"
      ? [agents, "agents"]
      : kind === "topic"
        ? [topics, "topics"]
        : [new Map([...agents, ...topics]), "agents and topics"];
  const reason = kind === undefined ? "there is no such agent or topic" : `there is no such ${kind}`;
  const advice = adviceFor(kind === undefined ? name : rest, [...known.keys()], noun);
  throw forkError("WE_FORK_CUT", { name, tick, reason, advice });
}
