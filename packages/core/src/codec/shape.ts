/**
 * Shapes: declarative two-way codecs between the model's plain data and canonical CBOR values. A
 * shape checks in both directions, so nothing malformed is written and nothing malformed is read.
 * Unknown fields are refused.
 */

import type { CborValue } from "./cbor.js";
import { coreError } from "../errors.js";

/** The way from the top to the value at hand, for errors. */
export type Trail = (string | number)[];

export interface Shape<T> {
  encode(value: T, trail: Trail): CborValue;
  decode(value: CborValue, trail: Trail): T;
}

/** A field that may be absent; an absent field is not written. */
export interface OptionalField<T> {
  readonly optional: Shape<T>;
}

/** One shape per property; properties that may be absent take `optional(shape)`. */
export type Fields<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K>
    ? OptionalField<Exclude<T[K], undefined>>
    : Shape<T[K]>;
};

/** Canonical value of `value`. @throws {WE_CODEC_SHAPE} */
export function encodeShape<T>(shape: Shape<T>, name: string, value: T): CborValue {
  return shape.encode(value, [name]);
}

/** Model value of a canonical value. @throws {WE_CODEC_SHAPE} */
export function decodeShape<T>(shape: Shape<T>, name: string, value: CborValue): T {
  return shape.decode(value, [name]);
}

/** Refuses the value at the end of `trail`. */
export function shapeError(expected: string, value: unknown, trail: Trail): Error {
  let path = "";
  for (const step of trail) {
    path += typeof step === "number" ? `[${step}]` : path === "" ? step : `.${step}`;
  }
  return coreError("WE_CODEC_SHAPE", { expected, actual: describe(value), path });
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}

/** A shape whose stored and model forms are the same value. */
export function primitive<T extends CborValue>(
  expected: string,
  accepts: (value: unknown) => value is T,
): Shape<T> {
  const check = (value: unknown, trail: Trail): T => {
    if (!accepts(value)) throw shapeError(expected, value, trail);
    return value;
  };
  return { encode: check, decode: check };
}

export const text: Shape<string> = primitive("text", (value) => typeof value === "string");
export const flag: Shape<boolean> = primitive("true or false", (value) => typeof value === "boolean");

/** Safe integer within [least, most]. */
export function integer(least = 0, most: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return primitive(
    `an integer from ${least} to ${most}`,
    (value): value is number =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most,
  );
}

/** 64-bit integer; a bigint in the model, the shortest integer in CBOR. */
export function wideInteger(least: bigint, most: bigint): Shape<bigint> {
  const check = (value: unknown, trail: Trail): bigint => {
    const whole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
    const wide = whole ? BigInt(value) : least - 1n;
    if (wide < least || wide > most) throw shapeError(`an integer from ${least} to ${most}`, value, trail);
    return wide;
  };
  return { encode: check, decode: check };
}

/** Byte string, of exactly `length` bytes where given. */
export function bytes(length?: number): Shape<Uint8Array> {
  return primitive(
    length === undefined ? "bytes" : `${length} bytes`,
    (value): value is Uint8Array =>
      value instanceof Uint8Array && (length === undefined || value.length === length),
  );
}

/** One of the given texts or numbers. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
  const accepted: ReadonlySet<unknown> = new Set(values);
  return primitive(`one of ${values.join(", ")}`, (value): value is T => accepted.has(value));
}

/** Text that satisfies `accepts`, such as a branded id. */
export function textLike<T extends string>(
  expected: string,
  accepts: (value: string) => value is T,
): Shape<T> {
  return primitive(expected, (value): value is T => typeof value === "string" && accepts(value));
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return {
    encode: (value, trail) => each(value, trail, (entry) => item.encode(entry, trail)),
    decode: (value, trail) => {
      if (!Array.isArray(value)) throw shapeError("a list", value, trail);
      return each(value as readonly CborValue[], trail, (entry) => item.decode(entry, trail)); // checked above
    },
  };
}

function each<From, To>(values: readonly From[], trail: Trail, change: (value: From) => To): To[] {
  if (!isList(values)) throw shapeError("a list", values, trail);
  return values.map((value, index) => {
    trail.push(index);
    const changed = change(value);
    trail.pop();
    return changed;
  });
}

/** Callers are programs: the static type may lie. */
function isList(value: unknown): boolean {
  return Array.isArray(value);
}

/** Map from text to values of one shape. */
export function dictionary<T>(item: Shape<T>): Shape<{ readonly [key: string]: T }> {
  return {
    encode: (value, trail) => entries(value, trail, (entry) => item.encode(entry, trail)),
    decode: (value, trail) => entries(requireMap(value, trail), trail, (entry) => item.decode(entry, trail)),
  };
}

function entries<From, To>(
  map: { readonly [key: string]: From },
  trail: Trail,
  change: (value: From) => To,
): { [key: string]: To } {
  const changed: [string, To][] = Object.entries(map).map(([key, value]) => {
    trail.push(key);
    const entry: [string, To] = [key, change(value)];
    trail.pop();
    return entry;
  });
  return Object.fromEntries(changed);
}

export function optional<T>(shape: Shape<T>): OptionalField<T> {
  return { optional: shape };
}

/** Map with exactly these fields. */
export function record<T extends object>(fields: Fields<T>): Shape<T> {
  const names = Object.keys(fields).sort(canonicalOrder);
  const shapes = fields as { readonly [name: string]: Shape<unknown> | OptionalField<unknown> }; // read by name
  return {
    encode: (value, trail) => project(names, shapes, value, trail, encodeField) as CborValue, // fields are such
    decode: (value, trail) => {
      const map = requireMap(value, trail);
      for (const name of Object.keys(map)) {
        if (!Object.hasOwn(shapes, name)) throw shapeError(`only ${names.join(", ")}`, name, trail);
      }
      return project(names, shapes, map, trail, decodeField) as T; // every field was checked by its shape
    },
  };
}

/** Order of canonical CBOR for the ASCII names of fields, so that encoding finds them sorted. */
function canonicalOrder(left: string, right: string): number {
  return left.length - right.length || (left < right ? -1 : 1);
}

type FieldStep = (shape: Shape<unknown>, value: unknown, trail: Trail) => unknown;

const encodeField: FieldStep = (shape, value, trail) => shape.encode(value, trail);
const decodeField: FieldStep = (shape, value, trail) => shape.decode(value as CborValue, trail); // of a decoded map

function project(
  names: readonly string[],
  shapes: { readonly [name: string]: Shape<unknown> | OptionalField<unknown> },
  value: object,
  trail: Trail,
  step: FieldStep,
): object {
  const source = requireMap(value, trail) as { readonly [name: string]: unknown }; // read by name
  const projected: { [name: string]: unknown } = {};
  for (const name of names) {
    const field = shapes[name];
    if (field === undefined) continue;
    const entry = Object.hasOwn(source, name) ? source[name] : undefined;
    const isOptional = "optional" in field;
    if (isOptional && entry === undefined) continue;
    trail.push(name);
    if (entry === undefined) throw shapeError("a value", entry, trail);
    projected[name] = step(isOptional ? field.optional : field, entry, trail);
    trail.pop();
  }
  return projected;
}

/** The member of a union whose `kind` may be `K`. */
export type CaseOf<T extends { readonly kind: string }, K extends string> = T extends unknown
  ? K extends T["kind"]
    ? T
    : never
  : never;

/** Union told apart by `kind`; every case is a shape of the whole map. */
export function union<T extends { readonly kind: string }>(cases: {
  readonly [K in T["kind"]]: Shape<CaseOf<T, K>>;
}): Shape<T> {
  // Each case is reached only by its own kind.
  const shapes = cases as object as { readonly [kind: string]: Shape<T> | undefined }; // looked up by kind
  const pick = (value: object, trail: Trail): Shape<T> => {
    const kind = "kind" in value ? value.kind : undefined;
    const shape = typeof kind === "string" && Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
    trail.push("kind");
    if (shape === undefined) throw shapeError(`one of ${Object.keys(shapes).join(", ")}`, kind, trail);
    trail.pop();
    return shape;
  };
  return {
    encode: (value, trail) => pick(value, trail).encode(value, trail),
    decode: (value, trail) => pick(requireMap(value, trail), trail).decode(value, trail),
  };
}

/** @throws {WE_CODEC_SHAPE} where `value` is not a map */
function requireMap(value: unknown, trail: Trail): { readonly [key: string]: CborValue } {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw shapeError("a map", value, trail);
  }
  return value as { readonly [key: string]: CborValue }; // checked above
}
