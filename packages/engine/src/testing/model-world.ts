/** Worlds of agents that ask the fake model: one record, one request, one line of output. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OpenOptions } from "../client/engine.js";
import type { InferenceSetup, ModelSetup, ResolvedWorld, StopRule } from "../world/contract.js";
import type { FakeBehaviour } from "./fake-inference.js";
import { modelGuestText } from "./model-guest.js";
import type { ModelGuestOptions } from "./model-guest.js";
import { sampleWorld } from "./sample-world.js";

export interface ModelWorldOptions extends ModelGuestOptions {
  /** Fresh folder of the test. */
  readonly directory: string;
  readonly behaviour?: FakeBehaviour;
  readonly setup?: Partial<ModelSetup>;
  readonly inference?: InferenceSetup;
  readonly records?: number;
  readonly span?: number;
  readonly agents?: number;
  readonly snapshotEvery?: number;
  readonly stop?: StopRule;
}

/** Agents that ask model `m`, which is fake. */
export async function modelWorld(options: ModelWorldOptions): Promise<ResolvedWorld> {
  const { directory, records = 20, span = 10, agents = 5, model = "m", stop = { when: "idle" } } = options;
  const { snapshotEvery } = options;
  const sample = await sampleWorld({
    directory,
    agents,
    text: modelGuestText(options),
    records,
    span,
    stop,
    // Never by the clock: tests count what a run does.
    snapshotEvery: snapshotEvery ?? 1_000_000,
  });
  const dir = join(directory, "model");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "fake.json"), JSON.stringify(options.behaviour ?? {}));
  const specs = sample.genesis.agents.map((agent) => ({
    ...agent,
    every: 0,
    capabilities: { ...agent.capabilities, models: [model] },
    limits: { ...agent.limits, memoryBytes: 64 * 65_536 },
  }));
  return {
    ...sample,
    genesis: { ...sample.genesis, agents: specs, models: [model] },
    models: [{ name: model, dir, providers: ["cpu", "wasm"], thread: "shared", ...options.setup }],
    ...(options.inference === undefined ? {} : { inference: options.inference }),
  };
}

/** Replaces the inference package by the fake. */
export const fakeTesting: NonNullable<OpenOptions["testing"]> = {
  inferenceService: new URL("./fake-inference.js", import.meta.url).href,
};

/** Requests per batch that the fake model was asked, in order. */
export function batchesOf(directory: string): number[] {
  const lines = readFileSync(join(directory, "model", "calls.txt"), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => Number(line.split(" ")[1]));
}
