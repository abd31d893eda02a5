/**
 * What every build of the instrumenter must pass, and no mutant may: short checks against oracles, golden bytes and
 * exact prices. They repeat what the tests of each part prove, so that mutants can be tried quickly.
 */

import { BIT_CHECKS } from "./bit-checks.js";
import { BORDER_CHECKS } from "./border-checks.js";
import { DEPTH_CHECKS } from "./depth-checks.js";
import { FUEL_CHECKS } from "./fuel-checks.js";
import { GENERATED_CHECKS } from "./generated-checks.js";
import type { Instrument } from "./mutant-build.js";
import { SUITE_CHECKS } from "./suite-checks.js";

/** One check. Throws where the build under test is wrong. */
export interface MutationCheck {
  readonly name: string;
  run(instrument: Instrument): void;
}

/** All checks, the quick ones first. */
export const MUTATION_CHECKS: readonly MutationCheck[] = [
  ...DEPTH_CHECKS,
  ...BORDER_CHECKS,
  ...FUEL_CHECKS,
  ...BIT_CHECKS,
  ...SUITE_CHECKS,
  ...GENERATED_CHECKS,
];
