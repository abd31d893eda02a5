/**
 * Numbers as JSON writes them, without an exponent, between two bounds: what may follow the characters so far, and how
 * many more it takes. Exact, because numbers are whole multiples of a power of ten here; with at most 15 digits each
 * of them is a float64 of its own, so what holds for the text holds for the number that is parsed from it.
 */

import { assert } from "@wasm-engine/abi";

/** Digits that a float64 keeps apart. */
const digitsMax = 15;
/** Digits behind the point, unless the bounds have more. */
const usualDecimals = 6;
const decimalsMax = 12;

/** One bound; `open` leaves the number itself out. */
export interface Bound {
  readonly value: number;
  readonly open: boolean;
}

/** After some characters: whether they are a number, and the fewest characters that make them a longer one. */
export interface NumberPlace {
  readonly complete: boolean;
  /** At least 1; Infinity where nothing longer is within the bounds. */
  readonly more: number;
}

const pattern = /^-?(?:0|[1-9]\d*)?(?:\.\d*)?$/;
const placesMax = 10_000;
const nowhere: NumberPlace = { complete: false, more: Infinity };

export class NumberRange {
  readonly #whole: boolean;
  /** Digits behind the point, and before it. */
  readonly #decimals: number;
  readonly #digits: number;
  /** Bounds in units of the last digit, both within. */
  readonly #least: bigint;
  readonly #most: bigint;
  readonly #places = new Map<string, NumberPlace>();

  constructor(whole: boolean, least: Bound | undefined, most: Bound | undefined) {
    this.#whole = whole;
    const needed = [least, most].map((bound) => (bound === undefined ? 0 : decimalsOf(bound.value)));
    this.#decimals = whole
      ? 0
      : Math.min(Math.max(usualDecimals, ...needed.map((count) => count + 1)), decimalsMax);
    this.#digits = digitsMax - this.#decimals;
    const end = 10n ** BigInt(digitsMax) - 1n;
    const low = least === undefined ? -end : scaled(least.value, this.#decimals);
    const high = most === undefined ? end : scaled(most.value, this.#decimals);
    this.#least = larger(
      typeof low === "bigint" ? low + (least?.open === true ? 1n : 0n) : low.floor + 1n,
      -end,
    );
    this.#most = smaller(typeof high === "bigint" ? high - (most?.open === true ? 1n : 0n) : high.floor, end);
  }

  /** Where the characters `text` lead. Nothing given: the beginning. */
  at(text: string): NumberPlace {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    if (this.#places.size >= placesMax) this.#places.clear();
    const place = this.#find(text);
    this.#places.set(text, place);
    return place;
  }

  #find(text: string): NumberPlace {
    if (!pattern.test(text) || (this.#whole && (text.includes(".") || text === "-0"))) return nowhere;
    const negative = text.startsWith("-");
    const [digits = "", decimals] = text.slice(negative ? 1 : 0).split(".");
    if (digits === "") return decimals === undefined ? this.#beginning(text) : nowhere;
    if (digits.length > this.#digits || (decimals?.length ?? 0) > this.#decimals) return nowhere;
    const read = decimals?.length ?? 0;
    const unit = 10n ** BigInt(this.#decimals - read);
    const size = BigInt(digits + (decimals ?? "")) * unit;
    const complete = text.at(-1) !== "." && this.#holds(size, size, 1n, negative);
    let more = Infinity;
    if (decimals === undefined) {
      const grows = digits === "0" ? 0 : this.#digits - digits.length;
      for (let added = 0; added <= grows; added += 1) {
        const factor = 10n ** BigInt(added);
        const [from, upTo] = [size * factor, (size + unit) * factor - 1n];
        if (added > 0 && this.#holds(from, upTo, unit, negative)) more = Math.min(more, added);
        for (let behind = 1; behind <= this.#decimals; behind += 1)
          if (this.#holds(from, upTo, 10n ** BigInt(this.#decimals - behind), negative))
            more = Math.min(more, added + 1 + behind);
      }
    } else {
      for (let behind = read + 1; behind <= this.#decimals; behind += 1)
        if (this.#holds(size, size + unit - 1n, 10n ** BigInt(this.#decimals - behind), negative))
          more = Math.min(more, behind - read);
    }
    return { complete, more };
  }

  /** Nothing but a sign, or not even that. */
  #beginning(text: string): NumberPlace {
    const next = text === "" ? "-0123456789" : "0123456789";
    const counts = [...next].map((character) => {
      const { complete, more } = this.at(text + character);
      return complete ? 1 : 1 + more;
    });
    return { complete: false, more: Math.min(...counts) };
  }

  /** Whether a multiple of `unit` between two sizes is within the bounds, with the sign. */
  #holds(from: bigint, upTo: bigint, unit: bigint, negative: boolean): boolean {
    assert(from <= upTo, "a range begins before it ends");
    const least = negative ? -this.#most : this.#least;
    const most = negative ? -this.#least : this.#most;
    const low = larger(from, least);
    if (low > smaller(upTo, most)) return false;
    const first = low <= 0n ? 0n : ((low + unit - 1n) / unit) * unit;
    return first >= low && first <= smaller(upTo, most);
  }
}

const larger = (left: bigint, right: bigint): bigint => (left > right ? left : right);
const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right);

/** The shortest decimal text of a number, taken apart: digits × 10^exponent. */
function decimalOf(value: number): { readonly digits: bigint; readonly exponent: number } {
  const [mantissa = "0", power = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length };
}

const decimalsOf = (value: number): number => Math.max(-decimalOf(value).exponent, 0);

/** `value` × 10^decimals; where that is no whole number, the next lower one. */
function scaled(value: number, decimals: number): bigint | { readonly floor: bigint } {
  const { digits, exponent } = decimalOf(value);
  const places = exponent + decimals;
  if (places >= 0) return digits * 10n ** BigInt(places);
  const unit = 10n ** BigInt(-places);
  const quotient = digits / unit;
  if (quotient * unit === digits) return quotient;
  return { floor: digits < 0n ? quotient - 1n : quotient };
}
