/**
 * Whether the scores of every step of 64 texts are the same bits, whatever is asked beside them: each alone, in batches
 * of every size, with and without kept beginnings of prompts, by one model and by two that share the work, in shuffled
 * order and not all at once.
 */

import { createHash } from "node:crypto";
import { SeededNumbers } from "../../../packages/inference/dist/batch/seeded-numbers.js";
import { openTextModel } from "../../../packages/inference/dist/index.js";
import type { TextModel, TextModelOptions, TextRequest } from "../../../packages/inference/dist/index.js";

export interface BitPlan {
  readonly options: Pick<TextModelOptions, "folder" | "file" | "providers" | "nativeFrom">;
  readonly requests: number;
  /** Times that two models share all texts. */
  readonly rounds: number;
  /** Rows of the largest batch. */
  readonly rowsMax: number;
  /** Tokens of a text. */
  readonly tokens: number;
  /** Every so many sizes of batches. */
  readonly every: number;
  /** Tokens of the longest prompt. */
  readonly promptMax: number;
  readonly seed: number;
}

export interface BitFigure {
  /** `exact`, `min-2-rows`; `serial`: the test at load refused batches. */
  readonly batchMode: string;
  /** Texts that were compared with the same text alone. */
  readonly compared: number;
  readonly different: number;
  /** Hex SHA-256 over the scores of all texts alone; with provider `wasm` the same on every machine. */
  readonly digest: string;
}

export async function compareBits(plan: BitPlan): Promise<BitFigure> {
  const { options, every, seed, rowsMax } = plan;
  const random = new SeededNumbers(seed);
  const bare = await openTextModel({ ...options, rowsMax, prefixBytesMax: 0 });
  const keeping = await openTextModel({ ...options, rowsMax });
  const requests = requestsFor(bare.facts, plan, random);
  const alone: string[] = [];
  for (const request of requests) alone.push(await digestOf(bare, request));
  let compared = 0;
  let different = 0;
  const check = async (models: readonly TextModel[], size: number): Promise<void> => {
    const order = shuffled(
      requests.map((_, index) => index),
      random,
    ).slice(0, size);
    const found = await Promise.all(
      order.map(async (index, place) => {
        const model = models[random.next() % models.length];
        // Some join texts that are under way.
        for (let turn = 0; turn < (place % 4) * 3; turn += 1)
          await new Promise((resolve) => setImmediate(resolve));
        const request = requests[index];
        return model === undefined || request === undefined ? "" : digestOf(model, request);
      }),
    );
    compared += found.length;
    different += found.filter((digest, place) => digest !== alone[order[place] ?? 0]).length;
  };
  for (let size = 1; size <= requests.length; size += every) {
    await check([bare], size);
    await check([keeping], size);
  }
  for (let round = 0; round < plan.rounds; round += 1) await check([bare, keeping], requests.length);
  const { batchMode } = bare.facts;
  await keeping.close();
  await bare.close();
  return { batchMode, compared, different, digest: createHash("sha256").update(alone.join()).digest("hex") };
}

/** Greedy and sampled, 20 to 400 tokens long where the context has room, every fourth with the same beginning. */
function requestsFor(
  { vocabulary, context }: TextModel["facts"],
  { requests, tokens, promptMax }: BitPlan,
  random: SeededNumbers,
): readonly TextRequest[] {
  const token = (): number => 3 + (random.next() % (vocabulary - 3));
  const beginning = Array.from({ length: 300 }, token);
  return Array.from({ length: requests }, (_, index) => {
    const length = Math.min(20 + (random.next() % (promptMax - 19)), context - tokens);
    const own = Array.from({ length }, token);
    const prompt = index % 4 === 0 ? [...beginning.slice(0, length), ...own.slice(beginning.length)] : own;
    const sampled = { temperature: 0.9, topK: 40, topP: 0.95, repetitionPenalty: 1.1, seed: index };
    return { prompt, maxTokens: tokens, digest: true, ...(index % 2 === 0 ? {} : sampled) };
  });
}

async function digestOf(model: TextModel, request: TextRequest): Promise<string> {
  const { scoresDigest, tokens } = await model.generate(request);
  return `${scoresDigest ?? ""} ${tokens.join()}`;
}

function shuffled(items: readonly number[], random: SeededNumbers): number[] {
  const left = [...items];
  const mixed: number[] = [];
  while (left.length > 0) mixed.push(...left.splice(random.next() % left.length, 1));
  return mixed;
}
