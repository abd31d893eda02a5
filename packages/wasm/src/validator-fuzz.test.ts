/**
 * The validator against the engine on thousands of changed and random modules: a coded error or acceptance, and the
 * same verdict. `npm run fuzz:wasm -- --kinds bytes,suite` goes on for as long as one likes, and executes what is
 * accepted.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CONFORMANCE_ABSENT } from "./testing/conformance.js";
import { mutateBytes } from "./testing/fuzz/byte-mutation.js";
import { FuzzCounts } from "./testing/fuzz/fuzz-counts.js";
import { suiteIsPresent, suiteModules } from "./testing/fuzz/suite-modules.js";
import { verdictOn } from "./testing/fuzz/verdict.js";
import { FUZZ_MODULES } from "./testing/fuzz-module.js";
import { randomModule } from "./testing/random-body.js";
import { pick, seededRandom } from "./testing/random.js";
import type { Random } from "./testing/random.js";

const seed = Number(process.env["WASM_ENGINE_SEED"] ?? 20_261_121);
/** Modules per source; more for soaks. */
const rounds = Number(process.env["WASM_ENGINE_ROUNDS"] ?? 2_500);
const repeat =
  `WASM_ENGINE_SEED=${seed} WASM_ENGINE_ROUNDS=${rounds} ` +
  "node --test packages/wasm/dist/validator-fuzz.test.js";

/** Compares the validator with the engine on what `next` makes. */
function fuzz(next: (random: Random) => Uint8Array): string {
  const random = seededRandom(seed);
  const counts = new FuzzCounts();
  for (let round = 0; round < rounds; round++) {
    const bytes = next(random);
    const hex = (): string => `${Buffer.from(bytes).toString("hex")}\nrepeat with: ${repeat}`;
    try {
      const verdict = verdictOn(bytes, counts);
      if ("text" in verdict) assert.fail(`${verdict.text}: ${hex()}`);
    } catch (error) {
      throw new Error(hex(), { cause: error });
    }
  }
  assert.ok(counts.accepted > 50, "some stay valid");
  assert.ok(counts.refused > rounds / 10, "many do not");
  return `seed ${seed}: ${counts.accepted} accepted, ${counts.refused} refused`;
}

test("mutations of hand-written modules agree with the engine", (context) => {
  context.diagnostic(fuzz((random) => mutateBytes(pick(random, FUZZ_MODULES), random)));
});

test("random instructions are typed as the engine types them", (context) => {
  context.diagnostic(fuzz(randomModule));
});

test("mutations of the official suite agree with the engine", (context) => {
  if (!suiteIsPresent()) return context.skip(CONFORMANCE_ABSENT);
  const sources = suiteModules();
  context.diagnostic(fuzz((random) => mutateBytes(pick(random, sources), random)));
});
