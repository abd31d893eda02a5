/** Mutation checks by generated modules: the same hundred every time, each against the metering oracle. */

import assert from "node:assert/strict";
import { readModule } from "../module-reader.js";
import { ExternalKind } from "../module.js";
import { checkModule } from "./fuzz/fuzz-check.js";
import { FuzzCounts } from "./fuzz/fuzz-counts.js";
import { encodeProgram } from "./generator/program-encoder.js";
import { generateProgram } from "./generator/program-generator.js";
import type { MutationCheck } from "./mutation-check.js";
import { derivedSeed } from "./random.js";

const modulesCount = 100;
const profile = "agent";

const modules = Array.from({ length: modulesCount }, (_, index) => {
  const seed = derivedSeed(5, index);
  return { seed, bytes: encodeProgram(generateProgram(seed, { profile })) };
}).filter(({ bytes }) => comparable(bytes));

/**
 * The oracle passes exported imports on, as foreign modules expect it; agents pay for them. A start function runs in
 * the original too, where its NaN are the engine's.
 */
function comparable(bytes: Uint8Array): boolean {
  const { exports, importedFunctions, start } = readModule(bytes);
  if (start !== undefined) return false;
  return !exports.some(({ kind, index }) => kind === ExternalKind.FUNCTION && index < importedFunctions);
}

const generated: MutationCheck = {
  name: "generated modules",
  run(instrument) {
    for (const { seed, bytes } of modules) {
      const difference = checkModule(bytes, { seed, profile, counts: new FuzzCounts(), instrument });
      assert.equal(difference, undefined, `seed ${seed}: ${difference?.text}`);
    }
  },
};

export const GENERATED_CHECKS: readonly MutationCheck[] = [generated];
