/**
 * A decoder on its runtime: a part of a prompt, or one token for each of several rows. Rows are padded on the right,
 * between their keys and the new token's: models that count positions by their mask are wrong with padding on the left.
 */

import { TensorType, assert, elementBytes } from "@wasm-engine/abi";
import type { TensorBlock } from "@wasm-engine/abi";
import type { OnnxSession } from "../runtime/onnx-runtime.js";
import { lastScores, writtenName } from "./decoder-graph.js";
import type { DecoderShape } from "./decoder-shape.js";
import { joinedPast } from "./key-value-slab.js";
import type { KeyValueSlab, KeyValues } from "./key-value-slab.js";

/** One row of a step: the token that is read, and how many its past has. */
export interface StepRow {
  readonly token: number;
  readonly length: number;
}

/** Scores after a row's last token as the model wrote them, and the keys and values of what it read. */
export interface RowResult {
  readonly scores: Uint8Array;
  readonly written: KeyValues;
}

/** Fills rows of a batch that nobody asked for. */
const idleRow: StepRow = { token: 0, length: 0 };

export class DecoderSession {
  readonly shape: DecoderShape;
  readonly #session: OnnxSession;
  readonly #wanted: readonly string[];

  constructor(session: OnnxSession, shape: DecoderShape) {
    this.shape = shape;
    this.#session = session;
    this.#wanted = [lastScores, ...shape.keyValues.map(writtenName)];
  }

  /** Reads tokens of one row behind its past. */
  async read(tokens: readonly number[], past: readonly KeyValues[]): Promise<RowResult> {
    const length = past.reduce((sum, piece) => sum + piece.tokens, 0);
    const { keyValues } = this.shape;
    const [result] = await this.#run({
      rows: 1,
      tokens,
      positions: tokens.map((_, index) => length + index),
      mask: new Array<number>(length + tokens.length).fill(1),
      past: joinedPast(keyValues, past),
    });
    assert(result !== undefined, "a row has a result");
    return result;
  }

  /** Reads one token per row behind the rows of `slab`, in a batch of `batch` rows, and writes what is new into it. */
  async step(rows: readonly StepRow[], slab: KeyValueSlab, batch: number): Promise<readonly RowResult[]> {
    assert(rows.length <= batch && batch <= slab.rows, "rows fit into the batch");
    const { width } = slab;
    const appended = this.shape.placement === "append";
    const columns = appended ? width + 1 : width;
    const all = Array.from({ length: batch }, (_, row) => rows[row] ?? idleRow);
    const mask = new Array<number>(batch * columns).fill(0);
    all.forEach(({ length }, row) => {
      assert(length < width, "a row has room for its new token");
      mask.fill(1, row * columns, row * columns + length);
      mask[row * columns + (appended ? width : length)] = 1;
    });
    const results = await this.#run({
      rows: batch,
      tokens: all.map(({ token }) => token),
      positions: all.map(({ length }) => length),
      mask,
      past: slab.past(batch),
    });
    return rows.map(({ length }, row) => {
      const result = results[row];
      assert(result !== undefined, "every row has a result");
      slab.write(row, length, result.written);
      return result;
    });
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  async #run({ rows, tokens, positions, mask, past }: Feeds): Promise<readonly RowResult[]> {
    const { shape } = this;
    const inputs = [
      wholeNumbers("input_ids", shape.ids, rows, tokens),
      wholeNumbers("attention_mask", shape.mask, rows, mask),
      ...past,
    ];
    if (shape.positions !== undefined)
      inputs.push(wholeNumbers("position_ids", shape.positions, rows, positions));
    if (shape.scoresToKeep !== undefined) {
      const { name, rank } = shape.scoresToKeep;
      inputs.push({ ...wholeNumbers(name, TensorType.INT64, 1, [1]), dimensions: rank === 0 ? [] : [1] });
    }
    const [scores, ...written] = await this.#session.run(inputs, this.#wanted);
    assert(scores !== undefined, "a run gives scores");
    const count = tokens.length / rows;
    return Array.from({ length: rows }, (_, row) => ({
      scores: rowOf(scores, row),
      written: { tokens: count, parts: written.map((tensor) => rowOf(tensor, row)) },
    }));
  }
}

interface Feeds {
  readonly rows: number;
  readonly tokens: readonly number[];
  readonly positions: readonly number[];
  readonly mask: readonly number[];
  readonly past: readonly TensorBlock[];
}

function rowOf({ dimensions, data }: TensorBlock, row: number): Uint8Array {
  const bytes = data.length / (dimensions[0] ?? 1);
  return data.subarray(row * bytes, (row + 1) * bytes);
}

function wholeNumbers(name: string, type: TensorType, rows: number, values: readonly number[]): TensorBlock {
  const data = new Uint8Array(values.length * elementBytes(type));
  if (type === TensorType.INT64) new BigInt64Array(data.buffer).set(values.map(BigInt));
  else new Int32Array(data.buffer).set(values);
  return { name, type, dimensions: [rows, values.length / rows], data };
}
