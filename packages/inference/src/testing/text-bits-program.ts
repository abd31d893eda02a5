/**
 * Whether texts are the same alone and together, for every model of a folder: 64 requests of 20 to 400 tokens, greedy
 * and sampled, some with equal beginnings, alone without kept prompts, then in batches of every size from 2 to 64 with
 * them, shuffled. Compares the digest of the scores of every step. Prints a line of JSON per model; the exit code is 1
 * where anything differs. `--every N` takes each Nth size, `--tokens N` that many tokens a text, `--seed N` other ones,
 * `--file NAME` one model of the folder's `onnx`.
 *
 *   node packages/inference/dist/testing/text-bits-program.js FOLDER PROVIDER [NATIVE] [--every N] [--tokens N]
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ProviderName } from "@wasm-engine/core";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import { openTextModel } from "../index.js";
import type { TextModel, TextRequest, TextResult } from "../index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    file: { type: "string" },
    every: { type: "string", default: "1" },
  },
});
const [folder = "", provider = "cpu", native] = positionals;
const random = new SeededNumbers(Number(values.seed));

function requestsFor({ vocabulary, context }: TextModel["facts"], count: number): readonly TextRequest[] {
  const token = (): number => 3 + (random.next() % (vocabulary - 3));
  const beginning = Array.from({ length: 300 }, token);
  return Array.from({ length: count }, (_, index) => {
    const length = Math.min(20 + (random.next() % 381), context - Number(values.tokens));
    const own = Array.from({ length }, token);
    const prompt = index % 4 === 0 ? [...beginning.slice(0, length), ...own.slice(beginning.length)] : own;
    const sampled = { temperature: 0.9, topK: 40, topP: 0.95, repetitionPenalty: 1.1, seed: index };
    return {
      prompt,
      maxTokens: Number(values.tokens),
      digest: true,
      ...(index % 2 === 0 ? {} : sampled),
    };
  });
}

const digestOf = ({ scoresDigest, tokens }: TextResult): string => `${scoresDigest ?? ""} ${tokens.join()}`;

function shuffled<Item>(items: readonly Item[]): Item[] {
  const left = [...items];
  const mixed: Item[] = [];
  while (left.length > 0) mixed.push(...left.splice(random.next() % left.length, 1));
  return mixed;
}

async function compare(file: string): Promise<number> {
  const options = { folder, file, providers: [provider as ProviderName] }; // checked when it is looked up
  const where = native === undefined ? {} : { nativeFrom: [native] };
  const lone = await openTextModel({ ...options, ...where, rowsMax: 64, prefixBytesMax: 0 });
  const requests = requestsFor(lone.facts, 64);
  const expected: string[] = [];
  for (const request of requests) expected.push(digestOf(await lone.generate(request)));
  await lone.close();
  const model = await openTextModel({ ...options, ...where, rowsMax: 64 });
  let compared = 0;
  let different = 0;
  for (let size = 2; size <= requests.length; size += Number(values.every)) {
    const order = shuffled(requests.map((_, index) => index)).slice(0, size);
    const results = await Promise.all(
      order.map((index) => model.generate(requests[index] ?? { prompt: "" })),
    );
    results.forEach((result, place) => {
      compared += 1;
      if (digestOf(result) !== expected[order[place] ?? 0]) different += 1;
    });
  }
  const { batchMode } = model.facts;
  await model.close();
  process.stdout.write(`${JSON.stringify({ file, provider, batchMode, compared, different })}\n`);
  return different;
}

let differences = 0;
const names = values.file === undefined ? readdirSync(join(folder, "onnx")).sort() : [values.file];
for (const name of names) if (name.endsWith(".onnx")) differences += await compare(`onnx/${name}`);
process.exitCode = differences === 0 ? 0 : 1;
