/**
 * What somebody would write who knows the runtime well and needs nothing else: prompts read one after the other, each
 * in one run, then a run per token for all rows, padded on the right, that copies nothing but scores and new keys. No
 * scheduling, no sampler but the largest score, no text, no checks. The yardstick of the engine's own loop.
 */

import { readFileSync } from "node:fs";
import type * as Ort from "onnxruntime-web";
import type { InferenceSession, Tensor } from "onnxruntime-web";
import { readOnnxHeader } from "../../../packages/inference/dist/onnx/index.js";
import {
  lastScores,
  withStepOutputs,
  writtenName,
} from "../../../packages/inference/dist/text/decoder-graph.js";
import { readDecoderShape } from "../../../packages/inference/dist/text/decoder-shape.js";
import type { DecoderShape } from "../../../packages/inference/dist/text/decoder-shape.js";

export interface RawLoop {
  /** Texts for all prompts, as token ids. */
  readonly generate: (
    prompts: readonly (readonly number[])[],
    tokens: number,
  ) => Promise<readonly (readonly number[])[]>;
  readonly close: () => Promise<void>;
}

interface Place {
  readonly path: string;
  readonly threads: number;
  /** The package of the runtime. */
  readonly runtime: RawRuntime;
}

/** onnxruntime-node and onnxruntime-web have one interface. */
export type RawRuntime = Pick<typeof Ort, "InferenceSession" | "Tensor">;

export async function openRawLoop({ path, threads, runtime }: Place): Promise<RawLoop> {
  const bytes = readFileSync(path);
  const header = readOnnxHeader(bytes);
  const shape = typeof header === "string" ? header : readDecoderShape(header);
  if (typeof shape === "string") throw new TypeError(`${path}: ${shape}`);
  const session = await runtime.InferenceSession.create(withStepOutputs(bytes, shape), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  return {
    generate: (prompts, tokens) =>
      generate(new Rows(runtime, session, { shape, count: prompts.length }), prompts, tokens),
    close: () => session.release(),
  };
}

async function generate(
  rows: Rows,
  prompts: readonly (readonly number[])[],
  tokens: number,
): Promise<readonly (readonly number[])[]> {
  rows.reserve(Math.max(...prompts.map(({ length }) => length)) + tokens);
  const texts: number[][] = [];
  for (const [row, prompt] of prompts.entries()) texts.push([await rows.read(row, prompt)]);
  for (let index = 1; index < tokens; index += 1) {
    const next = await rows.step(
      texts.map((text) => text.at(-1) ?? 0),
      prompts.map(({ length }) => length + index - 1),
    );
    texts.forEach((text, row) => text.push(next[row] ?? 0));
  }
  return texts;
}

class Rows {
  readonly #ort: RawRuntime;
  readonly #session: InferenceSession;
  readonly #shape: DecoderShape;
  readonly #count: number;
  readonly #wanted: readonly string[];
  #width = 0;
  #slabs: Float32Array[] = [];

  constructor(
    ort: RawRuntime,
    session: InferenceSession,
    { shape, count }: { readonly shape: DecoderShape; readonly count: number },
  ) {
    this.#ort = ort;
    this.#session = session;
    this.#shape = shape;
    this.#count = count;
    this.#wanted = [lastScores, ...shape.keyValues.map(writtenName)];
  }

  reserve(width: number): void {
    this.#width = width;
    this.#slabs = this.#shape.keyValues.map(
      ({ heads, size }) => new Float32Array(this.#count * heads * width * size),
    );
  }

  /** A prompt alone. */
  async read(row: number, prompt: readonly number[]): Promise<number> {
    const empty = this.#shape.keyValues.map(() => new Float32Array(0));
    const results = await this.#run([prompt], new Array<number>(prompt.length).fill(1), {
      past: empty,
      width: 0,
    });
    this.#write(results, [{ row, position: 0 }], prompt.length);
    return best(this.#floats(results, lastScores), 0, this.#shape.vocabulary);
  }

  /** One token for every row. */
  async step(tokens: readonly number[], lengths: readonly number[]): Promise<readonly number[]> {
    const mask = new Array<number>(tokens.length * this.#width).fill(0);
    lengths.forEach((length, row) => mask.fill(1, row * this.#width, row * this.#width + length + 1));
    const results = await this.#run(
      tokens.map((token) => [token]),
      mask,
      { past: this.#slabs, width: this.#width },
    );
    this.#write(
      results,
      lengths.map((position, row) => ({ row, position })),
      1,
    );
    const scores = this.#floats(results, lastScores);
    return tokens.map((_, row) => best(scores, row * this.#shape.vocabulary, this.#shape.vocabulary));
  }

  async #run(
    tokens: readonly (readonly number[])[],
    mask: readonly number[],
    { past, width }: { readonly past: readonly Float32Array[]; readonly width: number },
  ): Promise<InferenceSession.ReturnType> {
    const { Tensor: Made } = this.#ort;
    const rows = tokens.length;
    const numbers = (values: readonly number[]): Tensor =>
      new Made("int64", BigInt64Array.from(values, BigInt), [rows, values.length / rows]);
    const feeds: Record<string, Tensor> = {
      input_ids: numbers(tokens.flat()),
      attention_mask: numbers(mask),
    };
    this.#shape.keyValues.forEach(({ past: name, heads, size }, index) => {
      feeds[name] = new Made("float32", past[index] ?? new Float32Array(0), [rows, heads, width, size]);
    });
    return this.#session.run(feeds, this.#wanted);
  }

  #floats(results: InferenceSession.ReturnType, name: string): Float32Array {
    return results[name]?.data as Float32Array; // every output of this model is float32
  }

  #write(
    results: InferenceSession.ReturnType,
    places: readonly { readonly row: number; readonly position: number }[],
    tokens: number,
  ): void {
    this.#shape.keyValues.forEach((port, index) => {
      const slab = this.#slabs[index];
      const fresh = this.#floats(results, writtenName(port));
      const { heads, size } = port;
      places.forEach(({ row, position }, source) => {
        for (let head = 0; head < heads; head += 1) {
          const from = (source * heads + head) * tokens * size;
          const to = ((row * heads + head) * this.#width + position) * size;
          slab?.set(fresh.subarray(from, from + tokens * size), to);
        }
      });
    });
  }
}

function best(scores: Float32Array, start: number, count: number): number {
  let found = 0;
  let most = -Infinity;
  for (let id = 0; id < count; id += 1) {
    const score = scores[start + id] ?? 0;
    if (score > most) {
      most = score;
      found = id;
    }
  }
  return found;
}
