/** Mutated modules: never accept what the engine rejects, never throw anything but a coded error. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import type { Profile } from "./module-draft.js";
import { CONFORMANCE_ABSENT, readConformance } from "./testing/conformance.js";
import { FUZZ_MODULES } from "./testing/fuzz-module.js";
import { randomModule } from "./testing/random-body.js";
import { seededRandom } from "./testing/random.js";
import type { Random } from "./testing/random.js";
import { engineAccepts } from "./testing/web-assembly.js";
import { validate } from "./validator.js";

const seed = Number(process.env["WASM_ENGINE_SEED"] ?? 20_261_121);
/** Mutations per source set; more for soaks. */
const rounds = Number(process.env["WASM_ENGINE_ROUNDS"] ?? 6_000);
const repeat =
  `WASM_ENGINE_SEED=${seed} WASM_ENGINE_ROUNDS=${rounds} ` +
  "node --test packages/wasm/dist/validator-fuzz.test.js";

/** Bytes that mean something in many places: types, opcodes, ends, LEB edges. */
const interesting = [
  0x00, 0x01, 0x02, 0x05, 0x0b, 0x0e, 0x1b, 0x20, 0x40, 0x60, 0x6f, 0x70, 0x7b, 0x7f, 0x80, 0xd2, 0xfc, 0xff,
];

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const changes = 1 + random.below(3);
  for (let change = 0; change < changes; change++) {
    const position = 8 + random.below(Math.max(1, copy.length - 8));
    const kind = random.below(4);
    if (kind === 0) copy[position] = random.below(256);
    else if (kind === 1) copy[position] = interesting[random.below(interesting.length)] ?? 0;
    else if (kind === 2) copy[position] = (copy[position] ?? 0) ^ (1 << random.below(8));
    else copy.copyWithin(position, 8 + random.below(copy.length - 8), position + random.below(8));
  }
  return copy;
}

type Verdict = "accepted" | { readonly code: string };

function verdictOf(bytes: Uint8Array, profile: Profile): Verdict {
  try {
    validate(bytes, { profile });
    return "accepted";
  } catch (error) {
    assert.ok(EngineError.is(error), `${String(error)}\nrepeat with: ${repeat}`);
    assert.notEqual(error.code, "WE_INTERNAL_ASSERTION", `${error.message}\nrepeat with: ${repeat}`);
    return { code: error.code };
  }
}

/** Refusals that the engine need not share: features that it has and we refuse, and limits that it lacks. */
const stricter = ["WE_MODULE_FEATURE_REFUSED", "WE_MODULE_LIMIT"];

interface Totals {
  readonly accepted: number;
  readonly refused: number;
}

/** Compares the validator with the engine on what `next` makes. */
function fuzz(next: (random: Random) => Uint8Array): Totals {
  const random = seededRandom(seed);
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = next(random);
    const verdict = verdictOf(bytes, "conformance");
    const agent = verdictOf(bytes, "agent");
    const hex = (): string => `${Buffer.from(bytes).toString("hex")}\nrepeat with: ${repeat}`;
    if (verdict === "accepted") {
      accepted += 1;
      assert.ok(engineAccepts(bytes), `accepted, but the engine rejects: ${hex()}`);
      continue;
    }
    assert.notEqual(agent, "accepted", `the agent profile is not stricter: ${hex()}`);
    if (stricter.includes(verdict.code)) continue;
    assert.ok(!engineAccepts(bytes), `refused with ${verdict.code}, but the engine accepts: ${hex()}`);
  }
  return { accepted, refused: rounds - accepted };
}

function mutated(sources: readonly Uint8Array[]): (random: Random) => Uint8Array {
  const usable = sources.filter((source) => source.length > 8);
  return (random) => mutate(usable[random.below(usable.length)] ?? new Uint8Array(9), random);
}

test("mutations of hand-written modules agree with the engine", (context) => {
  const { accepted, refused } = fuzz(mutated(FUZZ_MODULES));
  context.diagnostic(`seed ${seed}: ${accepted} accepted, ${refused} refused`);
  assert.ok(accepted > 100, "some mutations stay valid");
  assert.ok(refused > 1_000, "most mutations do not");
});

test("random instructions are typed as the engine types them", (context) => {
  const { accepted, refused } = fuzz(randomModule);
  context.diagnostic(`seed ${seed}: ${accepted} accepted, ${refused} refused`);
  assert.ok(accepted > 100, "some bodies are valid");
  assert.ok(refused > 1_000, "most bodies are not");
});

test("mutations of the official suite agree with the engine", (context) => {
  const files = readConformance("webassembly-spec-2.0-half");
  if (files === undefined) return context.skip(CONFORMANCE_ABSENT);
  const sources = files.flatMap((file) =>
    file.commands.flatMap(({ type, filename }) =>
      type === "module" && filename !== undefined ? [file.module(filename)] : [],
    ),
  );
  const { accepted, refused } = fuzz(mutated(sources));
  context.diagnostic(`seed ${seed}: ${accepted} accepted, ${refused} refused`);
  assert.ok(accepted > 100, "some mutations stay valid");
  assert.ok(refused > 1_000, "most mutations do not");
});
