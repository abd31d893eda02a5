/**
 * A conversation of two, kept whole: each of them holds every message of about 1 KiB that was said. Either the words come
 * from outside, as those of people and models do, and are inputs, or the agents make them up, and are recomputed.
 */

import { Encoding } from "@wasm-engine/abi";
import { Engine, replayRun } from "wasm-engine";
import type { RunningWorld } from "wasm-engine";
import { createWorldFolder } from "./world-folder.js";
import type { WorldFolder } from "./world-folder.js";

const messageCharacters = 1000;

export interface ConversationFigure {
  readonly name: string;
  readonly steps: number;
  /** Everything that the run folder, or the database, holds at the end. */
  readonly bytes: number;
  /** Of it, the event log. */
  readonly logBytes?: number;
  readonly stepsPerSecond: number;
  readonly ok: boolean;
}

export interface ConversationPlan {
  readonly steps: number;
  readonly source: "outside" | "agents";
  readonly quick: boolean;
}

/** What is said in a step: readable, as long as the others, different every time. The peer says the same. */
export function said(step: number): string {
  const words: string[] = [];
  let state = (step + 1) >>> 0;
  for (let length = 0; length < messageCharacters; length += 6) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words.push(String.fromCharCode(...[0, 5, 10, 15, 20].map((shift) => 97 + ((state >>> shift) % 26))));
  }
  return words.join(" ").slice(0, messageCharacters);
}

export async function measureConversation(plan: ConversationPlan): Promise<ConversationFigure> {
  const folder = createWorldFolder({
    name: `talk-${plan.source}`,
    agent: "talk",
    prebuilt: plan.quick,
    agents: 2,
    columns: ["peer", "begins"],
    row: (agent) => [`s${1 - agent}`, plan.source === "agents" && agent === 0 ? "true" : "false"],
    entry: [
      `args: { peer: "{peer}", begins: "{begins}", steps: ${plan.steps} }`,
      'capabilities: { send: ["*"] }',
    ],
  });
  try {
    return await measureIn(folder, plan);
  } finally {
    folder.remove();
  }
}

async function measureIn(folder: WorldFolder, plan: ConversationPlan): Promise<ConversationFigure> {
  const { steps, source } = plan;
  const world = await Engine.open(folder.config, { dir: folder.runFolder("talk"), durability: "sync" });
  const startMs = performance.now();
  if (source === "outside") await tell(world, steps);
  else await world.run({ until: { when: "idle" } });
  const elapsedMs = performance.now() - startMs;
  const { agents } = await world.inspect({ describe: true });
  const result = await world.stop();
  await world.close();
  const bytes = folder.runBytes("talk");
  const { verified } = await replayRun(result.dir);
  // Each holds all that was said, by itself and by the other.
  const whole = agents.every(({ describe }) => {
    const { count, checksum } = describe as { count: number; checksum: number }; // worlds/talk
    return count === steps && checksum === checksumOf(steps);
  });
  return {
    name: source === "outside" ? "wasm-engine, words from outside" : "wasm-engine, words of the agents",
    steps,
    bytes,
    logBytes: folder.logBytes("talk"),
    stepsPerSecond: Math.round((steps / elapsedMs) * 1000),
    ok: verified && whole && result.faults === 0,
  };
}

/** The two are told in turns what they say, each when the other has been answered. */
async function tell(world: RunningWorld, steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1)
    await world.ask(`s${step % 2}`, said(step), { topic: "tell", encoding: Encoding.TEXT });
}

function checksumOf(steps: number): number {
  let checksum = 0;
  for (let step = 0; step < steps; step += 1) {
    for (const byte of Buffer.from(said(step))) checksum = (Math.imul(checksum, 31) + byte) >>> 0;
  }
  return checksum;
}
