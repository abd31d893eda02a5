/**
 * A run of a world in a test as readable JSON, what people look at first before what only machines read, and the first
 * place where two of them differ.
 */

import type { Json } from "@wasm-engine/core";
import type { MiniWorld } from "./mini-world.js";

export interface RunStory {
  readonly tick: number;
  readonly messages: Json;
  readonly faults: Json;
  /** By id: status, what it describes, fuel. */
  readonly agents: Json;
  readonly chainHead: string;
}

/** Where two values of JSON differ first, in the order of `expected`. */
export interface StoryDifference {
  /** `messages[7].body.text` */
  readonly path: string;
  /** undefined: is not there. */
  readonly expected: Json | undefined;
  readonly actual: Json | undefined;
}

export function storyOf(world: MiniWorld): RunStory {
  const agents = world.agents.map((id) => {
    const { status, described, fuel } = world.agent(id);
    return [id, plain({ status, described, fuel })] as const;
  });
  return {
    tick: world.tick,
    messages: plain(world.messages()),
    faults: plain(world.faults),
    agents: Object.fromEntries(agents),
    chainHead: world.chainHead,
  };
}

/** Plain JSON of what a test sees: bytes as base64. */
function plain(value: unknown): Json {
  const text = JSON.stringify(value, (_key, member: unknown) => {
    return member instanceof Uint8Array ? { base64: Buffer.from(member).toString("base64") } : member;
  });
  return JSON.parse(text) as Json; // JSON.parse gives nothing else
}

/** undefined where the values are equal. */
export function firstDifference(
  expected: Json | undefined,
  actual: Json | undefined,
  path = "",
): StoryDifference | undefined {
  if (!isTree(expected) || !isTree(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    return expected === actual ? undefined : { path: path === "" ? "the value" : path, expected, actual };
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const key of keys) {
    const step = Array.isArray(expected) ? `[${key}]` : path === "" ? key : `.${key}`;
    const difference = firstDifference(memberOf(expected, key), memberOf(actual, key), path + step);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isTree(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null;
}

/** Own members only: one may be called `constructor`. */
function memberOf(tree: { readonly [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(tree, key) ? tree[key] : undefined;
}

const shownMax = 300;

/** A value in one line of a message; long ones are cut. */
export function shownValue(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`;
}

/** The tick and the sender of the message that a difference lies in, for people. */
export function placeOf({ path }: StoryDifference, story: RunStory): string {
  const index = /^messages\[(\d+)\]/.exec(path)?.[1];
  const messages = story.messages as readonly { readonly tick: number; readonly from: string | null }[]; // see storyOf
  const message = index === undefined ? undefined : messages[Number(index)];
  if (message === undefined) return "";
  return ` (tick ${message.tick}, from ${message.from ?? "outside"})`;
}
