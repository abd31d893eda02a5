/** The first error by offset: nothing behind it changes it, and nothing before the first wrong byte is reported. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { Profile } from "./module-draft.js";
import { FUZZ_MODULES } from "./testing/fuzz-module.js";
import { derivedSeed, seededRandom } from "./testing/random.js";
import type { Random } from "./testing/random.js";
import { validate } from "./validator.js";

const seed = Number(process.env["WASM_ENGINE_SEED"] ?? 20_261_122);
const rounds = Number(process.env["WASM_ENGINE_ROUNDS"] ?? 4_000);
/** The construct at an offset lies within so many bytes: names and tables of labels here are shorter. */
const constructBytes = 64;
const profiles: readonly Profile[] = ["agent", "conformance"];

function errorOf(bytes: Uint8Array, profile: Profile): EngineError | undefined {
  try {
    validate(bytes, { profile });
    return undefined;
  } catch (error) {
    assert.ok(EngineError.is(error), String(error));
    return error;
  }
}

function offsetOf({ code, details }: EngineError): number {
  const { offset } = details;
  assert.equal(typeof offset, "number", `${code} has an offset`);
  return Number(offset);
}

/** One wrong byte in a valid module: where it is, and the bytes. */
function withWrongByte(random: Random, source: Uint8Array): readonly [number, Uint8Array] {
  const bytes = Uint8Array.from(source);
  const position = 8 + random.below(bytes.length - 8);
  bytes[position] = random.below(256);
  return [position, bytes];
}

/** Calls `check` for each round with a module that has one wrong byte and the error of it, and gives their number. */
function forErrors(
  check: (error: EngineError, position: number, bytes: Uint8Array, profile: Profile, random: Random) => void,
): number {
  const sources = FUZZ_MODULES.filter((source) => source.length > constructBytes);
  assert.ok(sources.length > 0);
  let checked = 0;
  for (let round = 0; round < rounds; round++) {
    const random = seededRandom(derivedSeed(seed, round));
    const profile = profiles[round % 2] ?? "agent";
    const source = sources[random.below(sources.length)] ?? new Uint8Array();
    if (errorOf(source, profile) !== undefined) continue;
    const [position, bytes] = withWrongByte(random, source);
    const error = errorOf(bytes, profile);
    if (error === undefined) continue;
    try {
      check(error, position, bytes, profile, random);
    } catch (failure) {
      const repeat = `WASM_ENGINE_SEED=${seed} WASM_ENGINE_ROUNDS=${round + 1}`;
      assert.fail(`${String(failure)}\n${error.message}\nrepeat with: ${repeat} and this file`);
    }
    checked += 1;
  }
  return checked;
}

test("[G10] nothing is reported before the first wrong byte", () => {
  const checked = forErrors((error, position) => {
    assert.ok(offsetOf(error) >= position - constructBytes, `byte ${position} is wrong`);
  });
  assert.ok(checked > 1_000, `${checked} errors`);
});

test("[G10] whatever stands behind an error, the error stays the same", () => {
  let scrambled = 0;
  forErrors((error, _, bytes, profile, random) => {
    const other = Uint8Array.from(bytes);
    const from = offsetOf(error) + constructBytes;
    for (let index = from; index < other.length; index++) other[index] = random.below(256);
    assert.equal(errorOf(other, profile)?.message, error.message);
    if (from < other.length) scrambled += 1;
  });
  assert.ok(scrambled > 200, `${scrambled} modules had something behind their error`);
});
