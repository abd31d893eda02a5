/**
 * Texts to vectors or classes. Every text is padded on the right to a width that follows from its own length, so that
 * its numbers depend on it alone; texts of equal width are run together where a test of that width has shown that rows
 * do not change each other.
 */

import { Encoding, TensorType, assert, elementBytes, encodeUtf8 } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { BatchMode, TensorRequest, TensorResponse } from "@wasm-engine/core";
import { runAlone, runJoined } from "../batch/joined-run.js";
import type { Inputs } from "../batch/joined-run.js";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import { testRows } from "../batch/self-test.js";
import { encoderPaddingChangeMax } from "../limits.js";
import { failed } from "../request/answer-writer.js";
import type { OnnxSession } from "../runtime/onnx-runtime.js";
import { readEncoderRequest } from "./encoder-request.js";
import type { EncoderRequest } from "./encoder-request.js";
import type { EncoderSettings } from "./encoder-settings.js";
import type { EncoderShape } from "./encoder-shape.js";
import { float32Number, normalized, numbersOf, pooled, shares } from "./pooling.js";

/** What is known of an encoder before a runtime has it. */
export interface EncoderFiles {
  readonly shape: EncoderShape;
  readonly settings: EncoderSettings;
}

/** Rows that a width is tested with. */
const poolRows = 16;

/** Widths: 8, 12, 16, 24, 32, 48, …: never more than half of a text is padding, and few shapes are tested. */
export function paddedWidth(tokens: number, context: number): number {
  for (let width = 8; ; width *= 2) {
    if (tokens <= width) return Math.min(width, context);
    if (tokens <= width * 1.5) return Math.min(width * 1.5, context);
  }
}

export class Encoder {
  readonly #session: OnnxSession;
  readonly #shape: EncoderShape;
  readonly #settings: EncoderSettings;
  readonly #rowsMax: number;
  readonly #isPadded: boolean;
  readonly #modes = new Map<number, BatchMode>();

  private constructor(
    session: OnnxSession,
    { shape, settings }: EncoderFiles,
    rowsMax: number,
    isPadded: boolean,
  ) {
    this.#session = session;
    this.#shape = shape;
    const { context } = settings;
    this.#settings = { ...settings, context: Math.min(context, shape.width ?? context) };
    this.#rowsMax = rowsMax;
    this.#isPadded = isPadded;
  }

  /**
   * Finds out whether the model heeds its mask: one that does not is given every text at its own length. `rowsMax` is 1
   * where requests are never joined. Rejects where the model cannot take tokens.
   */
  static async open(whole: OnnxSession, files: EncoderFiles, rowsMax: number): Promise<Encoder> {
    const { output } = files.shape;
    const session: OnnxSession = {
      outputNames: [output],
      run: (inputs) => whole.run(inputs, [output]),
      dispose: () => whole.dispose(),
    };
    if (files.shape.width !== undefined || files.shape.mask === undefined)
      return new Encoder(session, files, rowsMax, files.shape.width !== undefined);
    const unpadded = new Encoder(session, files, 1, false);
    const padded = new Encoder(session, files, 1, true);
    const tokens = seededTokens(1, Math.min(5, files.settings.context), files.settings.vocabulary);
    const [left] = await unpadded.#vectors([tokens]);
    const [right] = await padded.#vectors([tokens]);
    assert(left !== undefined && right !== undefined, "a text has a vector");
    const scale = left.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const change = left.reduce(
      (most, value, index) => Math.max(most, Math.abs(value - (right[index] ?? 0))),
      0,
    );
    return new Encoder(session, files, rowsMax, change <= scale * encoderPaddingChangeMax);
  }

  /** One answer per request, in their order. Rejects where a run fails. */
  async answer(
    requests: readonly TensorRequest[],
    answerBytesMax: number,
  ): Promise<readonly TensorResponse[]> {
    const plans = requests.map((request) => this.#plan(request));
    const rows = plans.flatMap((plan) => ("response" in plan ? [] : plan.texts));
    const vectors = await this.#vectors(rows);
    let taken = 0;
    return plans.map((plan) => {
      if ("response" in plan) return plan.response;
      const own = vectors.slice(taken, taken + plan.texts.length);
      taken += plan.texts.length;
      return this.#write(plan, own, answerBytesMax);
    });
  }

  #plan(request: TensorRequest): Plan | { readonly response: TensorResponse } {
    const refuse = (message: string, code: string): { readonly response: TensorResponse } => ({
      response: { ok: false, code, message },
    });
    const read = readEncoderRequest(request);
    if (typeof read === "string") return refuse(read, "BAD_INPUT");
    const { context, vocabulary } = this.#settings;
    const isClassifier = this.#shape.gives === "classes";
    const forVectors = read.pooling ?? read.normalize ?? read.dimensions;
    if (isClassifier && forVectors !== undefined)
      return refuse(
        "pooling, normalize and dimensions are for vectors; this model gives classes",
        "BAD_INPUT",
      );
    if (this.#shape.gives === "whole" && read.pooling !== undefined)
      return refuse("this model pools by itself", "BAD_INPUT");
    const texts: Text[] = [];
    for (const input of read.inputs) {
      const full = typeof input === "string" ? this.#settings.encoding.encode(input) : input;
      if (full.length === 0) return refuse("a text has at least one token", "BAD_INPUT");
      const stranger = full.find((id) => id >= vocabulary && vocabulary > 2);
      if (stranger !== undefined) return refuse(`${stranger} is no token of this model`, "BAD_INPUT");
      if (full.length > context && !read.truncate) {
        const hint = "ask with truncate to have it cut";
        return refuse(
          `a text has ${full.length} tokens, the model takes ${context}; ${hint}`,
          "CONTEXT_LIMIT",
        );
      }
      const tokens = full.length > context ? this.#cut(input, full) : full;
      texts.push({ tokens, pooling: read.pooling ?? this.#settings.pooling });
    }
    return { request: read, texts };
  }

  /** What the tokenizer puts behind a text stays behind it. */
  #cut(input: string | readonly number[], full: readonly number[]): readonly number[] {
    const { context, encoding } = this.#settings;
    if (typeof input !== "string") return full.slice(0, context);
    const plain = encoding.encode(input, { special: false });
    let before = 0;
    while (before + plain.length < full.length && plain.some((id, index) => full[before + index] !== id))
      before += 1;
    const behind = full.slice(before + plain.length);
    return behind.length >= context
      ? full.slice(0, context)
      : [...full.slice(0, context - behind.length), ...behind];
  }

  #write({ request, texts }: Plan, vectors: readonly Float64Array[], bytesMax: number): TensorResponse {
    if (vectors.some((vector) => !vector.every(Number.isFinite)))
      return failed("the model gives no numbers for it");
    const promptTokens = texts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const document =
      this.#shape.gives === "classes"
        ? { results: vectors.map((scores) => this.#classes(scores)), promptTokens }
        : { embeddings: vectors.map((vector) => this.#embedding(vector, request)), promptTokens };
    const payload = encodeUtf8(JSON.stringify(document));
    return payload.length <= bytesMax
      ? { ok: true, encoding: Encoding.JSON, payload }
      : failed(`the answer has ${payload.length} bytes, at most ${bytesMax} fit`);
  }

  #embedding(
    vector: Float64Array,
    { dimensions = vector.length, normalize }: EncoderRequest,
  ): readonly number[] {
    const cut = vector.slice(0, dimensions);
    const isNormal = normalize ?? this.#settings.normalize;
    return Array.from(isNormal ? normalized(cut) : cut, float32Number);
  }

  #classes(scores: Float64Array): unknown {
    const { labels, classRule } = this.#settings;
    const all = Array.from(shares(scores, classRule), float32Number);
    const named = all.map((score, index) => ({ label: labels[index] ?? `LABEL_${index}`, score }));
    const best = named.reduce((most, next) => (next.score > most.score ? next : most));
    return { ...best, scores: Object.fromEntries(named.map(({ label, score }) => [label, score])) };
  }

  /** Vectors or scores of texts, in their order. */
  async #vectors(texts: readonly (Text | readonly number[])[]): Promise<readonly Float64Array[]> {
    const rows = texts.map((text) =>
      "tokens" in text ? text : { tokens: text, pooling: this.#settings.pooling },
    );
    const byWidth = new Map<number, number[]>();
    rows.forEach(({ tokens }, index) => {
      const width = this.#widthOf(tokens.length);
      byWidth.set(width, [...(byWidth.get(width) ?? []), index]);
    });
    const vectors: Float64Array[] = [];
    for (const [width, members] of byWidth) {
      const mode = await this.#modeOf(width);
      const size = mode === "serial" ? 1 : this.#rowsMax;
      for (let start = 0; start < members.length; start += size) {
        const group = members.slice(start, start + size);
        const outputs = await this.#run(
          group.map((index) => this.#inputs(rows[index]?.tokens ?? [], width)),
          mode,
        );
        group.forEach((index, position) => {
          const [output, row] = [outputs[position], rows[index]];
          assert(output !== undefined && row !== undefined, "every row has an output");
          vectors[index] = this.#vectorOf(output, row, width);
        });
      }
    }
    return vectors;
  }

  #vectorOf({ data, type }: TensorBlock, { tokens, pooling }: Text, width: number): Float64Array {
    const numbers = numbersOf(data, type);
    return this.#shape.gives === "tokens" ? pooled(numbers, width, tokens.length, pooling) : numbers;
  }

  async #run(rows: readonly Inputs[], mode: BatchMode): Promise<readonly TensorBlock[]> {
    const [only] = rows;
    const isAlone = rows.length === 1 && only !== undefined;
    const outputs =
      isAlone && mode !== "min-2-rows"
        ? [await runAlone(this.#session, only)]
        : await runJoined(this.#session, isAlone ? [only, only] : rows);
    return outputs.flatMap(([output]) => output ?? []);
  }

  async #modeOf(width: number): Promise<BatchMode> {
    if (this.#rowsMax === 1 || !this.#isPadded) return "serial";
    const known = this.#modes.get(width);
    if (known !== undefined) return known;
    const { vocabulary } = this.#settings;
    const pool = Array.from({ length: poolRows }, (_, row) =>
      this.#inputs(seededTokens(row + 2, 1 + ((row * 7) % width), vocabulary), width),
    );
    const mode = await testRows(this.#session, pool, this.#rowsMax);
    this.#modes.set(width, mode);
    return mode;
  }

  #widthOf(tokens: number): number {
    if (this.#shape.width !== undefined) return this.#shape.width;
    return this.#isPadded ? paddedWidth(tokens, this.#settings.context) : tokens;
  }

  /** In the order of names that every export has; the session takes them by name. */
  #inputs(tokens: readonly number[], width: number): Inputs {
    const { ids, mask, segments } = this.#shape;
    const padding = new Array<number>(width - tokens.length).fill(this.#settings.padding);
    const seen = Array.from({ length: width }, (_, index) => (index < tokens.length ? 1 : 0));
    return [
      wholeNumbers("input_ids", ids, [...tokens, ...padding]),
      ...(mask === undefined ? [] : [wholeNumbers("attention_mask", mask, seen)]),
      ...(segments === undefined
        ? []
        : [wholeNumbers("token_type_ids", segments, new Array<number>(width).fill(0))]),
    ];
  }
}

interface Text {
  readonly tokens: readonly number[];
  readonly pooling: EncoderSettings["pooling"];
}

interface Plan {
  readonly request: EncoderRequest;
  readonly texts: readonly Text[];
}

function seededTokens(seed: number, count: number, vocabulary: number): readonly number[] {
  const random = new SeededNumbers(seed);
  return Array.from({ length: count }, () => random.next() % vocabulary);
}

function wholeNumbers(name: string, type: TensorType, values: readonly number[]): TensorBlock {
  const data = new Uint8Array(values.length * elementBytes(type));
  if (type === TensorType.INT64) new BigInt64Array(data.buffer).set(values.map(BigInt));
  else new Int32Array(data.buffer).set(values);
  return { name, type, dimensions: [1, values.length], data };
}
