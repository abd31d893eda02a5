/** One case of a fuzz run: what a kind and a seed make, and what is wrong with it. */

import { EngineError } from "@wasm-engine/abi";
import type { Profile } from "../../module-draft.js";
import type { instrument } from "../../instrument.js";
import { validate } from "../../validator.js";
import { FUZZ_MODULES } from "../fuzz-module.js";
import { generateProgram } from "../generator/program-generator.js";
import { encodeProgram } from "../generator/program-encoder.js";
import type { Program } from "../generator/program.js";
import { randomModule } from "../random-body.js";
import { derivedSeed, oneIn, pick, seededRandom } from "../random.js";
import type { Random } from "../random.js";
import { mutateBytes } from "./byte-mutation.js";
import { checkModule } from "./fuzz-check.js";
import type { Difference } from "./fuzz-check.js";
import type { FuzzCounts } from "./fuzz-counts.js";
import { mutateStructure } from "./structure-mutation.js";
import { checkSigned } from "./signed-module.js";
import { suiteModules } from "./suite-modules.js";
import { verdictOn } from "./verdict.js";

/**
 * `generated`: valid by construction. `mutated`: valid, with one element changed. `bytes`: anything. `signatures`:
 * changed signed modules. `suite`: the mutations, of the official suite's modules where they are present.
 */
export const FUZZ_KINDS = ["generated", "mutated", "bytes", "signatures", "suite"] as const;
export type FuzzKind = (typeof FUZZ_KINDS)[number];

export interface FuzzFailure {
  readonly kind: FuzzKind;
  readonly seed: number;
  readonly difference: Difference;
  readonly bytes: Uint8Array;
  /** The tree, where the module was generated and not changed. */
  readonly program: Program | undefined;
  readonly profile: Profile | undefined;
}

export interface CaseOptions {
  readonly counts: FuzzCounts;
  /** Replaces the instrumenter, in tests of the fuzzer. */
  readonly instrument?: typeof instrument | undefined;
}

interface Case {
  readonly bytes: Uint8Array;
  readonly program?: Program;
  readonly profile?: Profile;
}

/** A third of the programs use what only the conformance profile lets through. */
export function profileOf(seed: number): Profile {
  return seed % 3 === 0 ? "conformance" : "agent";
}

function generated(seed: number): Required<Case> {
  const profile = profileOf(seed);
  const program = generateProgram(seed, { profile });
  return { bytes: encodeProgram(program), program, profile };
}

const handWritten = FUZZ_MODULES.filter((bytes) => generatedRefusal(bytes, "conformance") === undefined);

function source(random: Random): Uint8Array {
  return oneIn(random, 8) ? pick(random, handWritten) : generated(1 + random.below(0xffff_fffe)).bytes;
}

function mutated(bytes: Uint8Array, random: Random): Case {
  const { module } = validate(bytes, { profile: "conformance" });
  return { bytes: mutateStructure(module, random) };
}

function suiteModule(random: Random): Case {
  const bytes = pick(random, suiteModules());
  return oneIn(random, 2) ? mutated(bytes, random) : { bytes: mutateBytes(bytes, random) };
}

function caseOf(kind: FuzzKind, seed: number, random: Random): Case {
  switch (kind) {
    case "generated":
      return generated(seed);
    case "mutated":
      return mutated(source(random), random);
    case "suite":
      return suiteModule(random);
    default:
      if (oneIn(random, 4)) return { bytes: randomModule(random) };
      return { bytes: mutateBytes(source(random), random) };
  }
}

/** What is wrong with a module, accepted or not. */
export function differenceOf(bytes: Uint8Array, seed: number, options: CaseOptions): Difference | undefined {
  try {
    const { counts } = options;
    const verdict = verdictOn(bytes, counts, options.instrument);
    if ("text" in verdict) return verdict;
    if (verdict.kind === "refused") return undefined;
    return checkModule(bytes, { seed, counts, profile: verdict.profile, instrumented: verdict.instrumented });
  } catch (error) {
    const code = EngineError.is(error) ? error.code : "exception";
    return { kind: code, text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Runs a case. Equal kinds and seeds do equal things. */
export function runCase(kind: FuzzKind, seed: number, options: CaseOptions): FuzzFailure | undefined {
  try {
    return failureOf(kind, seed, options);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const none = { bytes: new Uint8Array(), program: undefined, profile: undefined };
    return { kind, seed, difference: { kind: "fuzzer", text }, ...none };
  }
}

function failureOf(kind: FuzzKind, seed: number, options: CaseOptions): FuzzFailure | undefined {
  options.counts.modules += 1;
  const random = seededRandom(derivedSeed(seed, 1));
  if (kind === "signatures") {
    const { bytes, difference } = checkSigned(random, options.counts);
    return difference === undefined
      ? undefined
      : { kind, seed, difference, bytes, program: undefined, profile: undefined };
  }
  const { bytes, program, profile } = caseOf(kind, seed, random);
  const refused = program === undefined ? undefined : generatedRefusal(bytes, profile);
  const difference = refused ?? differenceOf(bytes, seed, options);
  return difference === undefined ? undefined : { kind, seed, difference, bytes, program, profile };
}

/** Generated modules are valid: a refusal is a defect of the generator or of the validator. */
function generatedRefusal(bytes: Uint8Array, profile: Profile | undefined): Difference | undefined {
  try {
    validate(bytes, { profile: profile ?? "agent" });
    return undefined;
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    return { kind: "generator", text: `a generated module is refused: ${error.message}` };
  }
}
