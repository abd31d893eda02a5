/**
 * What a CSV cell means without a declared type: a number where it is written as plain JSON writes one (no
 * exponent, no leading zero, no plus sign, integers up to 2^53 - 1), else text. `007`, `1e5` and `` stay text.
 */

const plainNumber = /^-?(?:0|[1-9]\d*)(\.\d+)?$/;

export function cellValue(cell: string): number | string {
  const match = plainNumber.exec(cell);
  if (match === null) return cell;
  const value = Number(cell);
  if (match[1] === undefined && !Number.isSafeInteger(value)) return cell;
  return Number.isFinite(value) ? value : cell;
}
