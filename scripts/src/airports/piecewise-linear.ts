/**
 * The shape of the airports' models: one function per column of the input, linear between fixed knots and constant
 * beyond them. It is fitted as values at the knots (each row then has two numbers per column, between 0 and 1) and
 * shipped as a layer of rectifiers, where knot k adds a change of slope.
 */

import { assert } from "@wasm-engine/abi";

/** Knots of one column, ascending, at least two. */
export type Knots = readonly number[];

/** Width of {@link spread}. */
export function knotCount(columns: readonly Knots[]): number {
  return columns.reduce((sum, knots) => sum + knots.length, 0);
}

/** A row as weights of the knots: the two around each value share 1, nearer ones get more. */
export function spread(row: ArrayLike<number>, columns: readonly Knots[]): Float64Array {
  const weights = new Float64Array(knotCount(columns));
  let offset = 0;
  columns.forEach((knots, column) => {
    const value = clamped(row[column] ?? Number.NaN, knots);
    assert(Number.isFinite(value), `column ${column} holds a number`);
    let right = 1;
    while (right < knots.length - 1 && value > at(knots, right)) right += 1;
    const share = (value - at(knots, right - 1)) / (at(knots, right) - at(knots, right - 1));
    weights[offset + right - 1] = 1 - share;
    weights[offset + right] = share;
    offset += knots.length;
  });
  return weights;
}

/** A rectifier: max(0, column − knot) × slope. */
export interface Rectifier {
  readonly column: number;
  readonly knot: number;
  readonly slope: number;
}

/** The same function as rectifiers of the clamped columns, and what it is where all of them are 0. */
export function rectifiers(
  values: ArrayLike<number>,
  columns: readonly Knots[],
): { readonly units: readonly Rectifier[]; readonly offset: number } {
  assert(values.length === knotCount(columns), "there is a value for every knot");
  const units: Rectifier[] = [];
  let first = 0;
  let offset = 0;
  columns.forEach((knots, column) => {
    offset += at(values, first);
    let slope = 0;
    for (let index = 0; index + 1 < knots.length; index += 1) {
      const rise = at(values, first + index + 1) - at(values, first + index);
      const next = rise / (at(knots, index + 1) - at(knots, index));
      units.push({ column, knot: at(knots, index), slope: next - slope });
      slope = next;
    }
    first += knots.length;
  });
  return { units, offset };
}

function clamped(value: number, knots: Knots): number {
  return Math.max(at(knots, 0), Math.min(at(knots, knots.length - 1), value));
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] ?? Number.NaN;
}
