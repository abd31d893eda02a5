/**
 * What agents ask a model that reads texts: `input`, as servers with the interface of OpenAI take it, and how the
 * vectors are made. Names in either spelling; whatever is not understood is refused.
 */

import { Encoding, decodeUtf8 } from "@wasm-engine/abi";
import type { TensorRequest } from "@wasm-engine/core";
import { encoderTextsMax } from "../limits.js";
import { adviceFor } from "../suggestion.js";
import type { Pooling } from "./encoder-settings.js";

export interface EncoderRequest {
  /** Texts, or ids of tokens. */
  readonly inputs: readonly (string | readonly number[])[];
  readonly pooling?: Pooling;
  readonly normalize?: boolean;
  /** The first so many numbers of every vector. */
  readonly dimensions?: number;
  /** A text that is too long is cut instead of refused. */
  readonly truncate: boolean;
}

type Members = Readonly<Record<string, unknown>>;

const POOLINGS: readonly string[] = ["mean", "cls", "last"] satisfies readonly Pooling[];
const NAMES = ["input", "pooling", "normalize", "dimensions", "truncate"] as const;

/** Whether a request is one of texts: a map as JSON that has `input`. Anything else is for tensors. */
export function isEncoderRequest({ encoding, payload }: TensorRequest): boolean {
  return encoding === Encoding.JSON && membersOf(payload)?.["input"] !== undefined;
}

/** The request, or a text that says what is wrong with it. */
export function readEncoderRequest({ payload }: TensorRequest): EncoderRequest | string {
  const members = Object.fromEntries(
    Object.entries(membersOf(payload) ?? {})
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [
        name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        value,
      ]),
  );
  for (const name of Object.keys(members))
    if (!(NAMES as readonly string[]).includes(name))
      return `unknown member "${name.slice(0, 80)}": ${adviceFor(name.slice(0, 80), NAMES, "members")}`;
  const { input, pooling, normalize, dimensions, truncate = false } = members;
  const inputs = inputsOf(input);
  if (inputs === undefined) return "input is a text, a list of texts, or lists of token ids";
  if (inputs.length === 0 || inputs.length > encoderTextsMax)
    return `input has ${inputs.length} texts, at least 1 and at most ${encoderTextsMax} are taken`;
  if (pooling !== undefined && !POOLINGS.includes(pooling as string))
    return `pooling is one of ${POOLINGS.join(", ")}`;
  if (normalize !== undefined && typeof normalize !== "boolean") return "normalize is true or false";
  if (dimensions !== undefined && (!Number.isInteger(dimensions) || Number(dimensions) < 1))
    return "dimensions is a whole number from 1";
  if (typeof truncate !== "boolean") return "truncate is true or false";
  return {
    inputs,
    truncate,
    ...(pooling === undefined ? {} : { pooling: pooling as Pooling }), // one of POOLINGS
    ...(normalize === undefined ? {} : { normalize }),
    ...(dimensions === undefined ? {} : { dimensions: Number(dimensions) }),
  };
}

function inputsOf(input: unknown): EncoderRequest["inputs"] | undefined {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) return undefined;
  const list = input as readonly unknown[];
  if (list.every((text) => typeof text === "string")) return list;
  if (list.every(isId)) return [list];
  return list.every(
    (ids): ids is readonly number[] => Array.isArray(ids) && ids.length > 0 && ids.every(isId),
  )
    ? list
    : undefined;
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0;
}

function membersOf(payload: Uint8Array): Members | undefined {
  try {
    const value: unknown = JSON.parse(decodeUtf8(payload) ?? "");
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap ? (value as Members) : undefined; // an object, as the line above has shown
  } catch {
    return undefined;
  }
}
