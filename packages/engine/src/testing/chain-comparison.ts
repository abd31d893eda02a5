/**
 * One world of a model that writes texts and of one that gives vectors, run without a clock with different numbers of
 * inference threads and delays by chance: its chain must be the same each time.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Engine } from "../client/engine.js";
import type { RunResult } from "../world/control.js";
import { slowTesting } from "./slow-inference.js";
import { textWorld, writeDecoder, writeEncoder } from "./text-world.js";
import type { TextRecord } from "./text-world.js";

/** Folders of both models, made of the samples of the inference package. */
export async function writeModels(
  folder: string,
): Promise<{ readonly text: string; readonly plain: string }> {
  mkdirSync(folder, { recursive: true });
  return {
    text: await writeDecoder(join(folder, "decoder")),
    plain: await writeEncoder(join(folder, "encoder")),
  };
}

const words = ["tea", "night", "coffee", "water", "day", "good"];
const writers = 6;

/** Agents a1 to a6 want texts, streamed and drawn among them, a7 to a9 vectors, several in a tick. */
export function mixedRecords(ticks: number): readonly TextRecord[] {
  const records: TextRecord[] = [];
  for (let tick = 0; tick < ticks; tick += 1) {
    for (const [index, word] of words.entries()) {
      if ((tick + index) % 3 !== 0) continue;
      const sampled = index % 2 === 0 ? {} : { temperature: 1.5, topK: 30 };
      const maxTokens = 4 + ((tick * 7 + index * 5) % 20);
      const prompt = `the ${word} and the ${words[tick % words.length] ?? ""}`;
      records.push({ tick, to: `a${index + 1}`, prompt, maxTokens, stream: index % 3 === 0, ...sampled });
    }
    for (let agent = writers + 1; agent <= writers + 3; agent += 1)
      records.push({ tick, to: `a${agent}`, input: `a ${words[(tick + agent) % words.length] ?? ""}` });
  }
  return records;
}

export interface ComparedRun {
  /** Fresh folder. */
  readonly directory: string;
  readonly models: { readonly text: string; readonly plain: string };
  readonly records: readonly TextRecord[];
  /** Threads of each model. */
  readonly workers: number;
  readonly delayMsMax: number;
}

export async function comparedRun(run: ComparedRun): Promise<RunResult> {
  const { directory, models, records, workers, delayMsMax } = run;
  const agents = Array.from({ length: 3 }, (_, index) => `a${writers + 1 + index}`);
  const second = { model: models.plain, agents };
  const world = await textWorld({ directory, records, model: models.text, agents: writers + 3, second });
  const testing = delayMsMax === 0 ? {} : { testing: slowTesting(delayMsMax) };
  const open = { isolation: "inline", inferenceWorkers: workers, askAnew: true, ...testing } as const;
  await using running = await Engine.open(world, open);
  return await running.run();
}
