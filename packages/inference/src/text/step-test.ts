/**
 * Finds out, when a decoder is loaded, whether a row's scores and keys depend on the rows beside it, bit for bit, and
 * on the width of the memory they stand in. What it finds decides how generations are decoded together.
 */

import { assert } from "@wasm-engine/abi";
import type { BatchMode } from "@wasm-engine/core";
import { mixedWidthTokens } from "../limits.js";
import { SeededNumbers } from "../batch/seeded-numbers.js";
import type { DecoderSession, RowResult, StepRow } from "./decoder-session.js";
import { KeyValueSlab } from "./key-value-slab.js";
import type { KeyValues } from "./key-value-slab.js";
import { scoresOf } from "./scores.js";

export interface StepRules {
  readonly mode: BatchMode;
  /** Sizes of batches that were tested, ascending; others are filled up to the next. The first is for one row. */
  readonly sizes: readonly number[];
  /** Rows may stand in a wider slab than their own length asks for. */
  readonly mixedWidths: boolean;
  /** Whether a row may stand in a slab that is wider than its past; if not, it is read behind exactly its past. */
  readonly padded: boolean;
}

interface PoolRow extends StepRow {
  readonly past: KeyValues;
}

/** Around the sizes in which kernels take rows, no further apart than what filling up may cost. */
const batchSizes = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64] as const;
/** Of the largest score: above what 16-bit floats round, far below what a wrong position does. */
const paddingTolerance = 0.02;
const poolLengths = [1, 2, 5, 12, 19, 33, 50, 61] as const;

/** `width` is the smallest that is used, `wide` the largest that the context allows. */
export async function testSteps(
  session: DecoderSession,
  { rowsMax, width, wide }: { readonly rowsMax: number; readonly width: number; readonly wide: number },
): Promise<StepRules> {
  // Never fewer, so that a small batch is not asked by another rule than a large one.
  const sizes = batchSizes.filter((size) => size <= Math.max(rowsMax, 8));
  const pool = await readPool(session, width);
  const alone = await lone(session, pool, { width, batch: 1 });
  if (!(await paddingIsHidden(session, pool, alone)))
    return { mode: "serial", sizes: [1], mixedWidths: false, padded: false };
  for (const [mode, batch] of [
    ["exact", 1],
    ["min-2-rows", 2],
  ] as const) {
    const expected = batch === 1 ? alone : await lone(session, pool, { width, batch });
    const widths = [width + mixedWidthTokens, width * 4].map((tokens) => Math.min(wide, tokens));
    const mixedWidths = await widthsEqual(session, pool, { expected, widths, batch });
    const wider = mixedWidths ? Math.max(...widths) : width;
    if (await batchesEqual(session, pool, { expected, sizes, width, wider }))
      return { mode, sizes: mode === "exact" ? [1, ...sizes] : sizes, mixedWidths, padded: true };
  }
  return { mode: "serial", sizes: [1], mixedWidths: false, padded: true };
}

/** Whether rows may stand in slabs of other widths: only where each row's own length says what is read of it. */
async function widthsEqual(
  session: DecoderSession,
  pool: readonly PoolRow[],
  {
    expected,
    widths,
    batch,
  }: { readonly expected: readonly RowResult[]; readonly widths: readonly number[]; readonly batch: number },
): Promise<boolean> {
  if (session.shape.placement !== "in-place") return false;
  for (const width of widths) if (!same(await lone(session, pool, { width, batch }), expected)) return false;
  return true;
}

async function readPool(session: DecoderSession, width: number): Promise<readonly PoolRow[]> {
  const random = new SeededNumbers(31);
  const token = (): number => random.next() % session.shape.vocabulary;
  const pool: PoolRow[] = [];
  for (const length of poolLengths.filter((size) => size < width)) {
    const { written } = await session.read(Array.from({ length }, token), []);
    pool.push({ token: token(), length, past: written });
  }
  assert(pool.length > 0, "a context holds a token and the next");
  return pool;
}

/** Each row by itself, in a batch of `batch` rows of which the others are idle. */
async function lone(
  session: DecoderSession,
  pool: readonly PoolRow[],
  { width, batch }: { readonly width: number; readonly batch: number },
): Promise<readonly RowResult[]> {
  const results: RowResult[] = [];
  for (const row of pool) results.push(...(await together(session, [row], { width, batch })));
  return results;
}

/**
 * A model that does not heed its mask, or counts positions by the width of its past, answers padded rows with nonsense,
 * alone and together alike. Last bits may differ from those without padding, not more.
 */
async function paddingIsHidden(
  session: DecoderSession,
  pool: readonly PoolRow[],
  padded: readonly RowResult[],
): Promise<boolean> {
  for (const [index, { token, past }] of pool.entries()) {
    const exact = scoresOf((await session.read([token], [past])).scores, session.shape.scores);
    const found = scoresOf(padded[index]?.scores ?? new Uint8Array(0), session.shape.scores);
    const largest = exact.reduce((most, score) => Math.max(most, Math.abs(score)), 0);
    const off = exact.reduce((most, score, id) => Math.max(most, Math.abs(score - (found[id] ?? 0))), 0);
    if (off > largest * paddingTolerance) return false;
  }
  return true;
}

interface Expectation {
  readonly expected: readonly RowResult[];
  readonly sizes: readonly number[];
  readonly width: number;
  readonly wider: number;
}

async function batchesEqual(
  session: DecoderSession,
  pool: readonly PoolRow[],
  { expected, sizes, width, wider }: Expectation,
): Promise<boolean> {
  for (const size of sizes) {
    const members = Array.from({ length: size }, (_, position) => (position * 5 + size) % pool.length);
    const rows = members.flatMap((member) => pool[member] ?? []);
    const results = await together(session, rows, { width: size % 2 === 0 ? wider : width, batch: size });
    if (
      !same(
        results,
        members.flatMap((member) => expected[member] ?? []),
      )
    )
      return false;
  }
  return true;
}

async function together(
  session: DecoderSession,
  rows: readonly PoolRow[],
  { width, batch }: { readonly width: number; readonly batch: number },
): Promise<readonly RowResult[]> {
  const slab = new KeyValueSlab(session.shape.keyValues, { width, rows: batch });
  rows.forEach(({ past }, row) => slab.write(row, 0, past));
  return session.step(rows, slab, batch);
}

function same(left: readonly RowResult[], right: readonly RowResult[]): boolean {
  const equal = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
    a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
  return (
    left.length === right.length &&
    left.every(({ scores, written }, index) => {
      const other = right[index];
      return (
        equal(scores, other?.scores) &&
        written.parts.every((part, place) => equal(part, other?.written.parts[place]))
      );
    })
  );
}
