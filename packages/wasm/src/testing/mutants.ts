/**
 * The deliberate mistakes. Each is one edit of one compiled file. A mutant that no longer applies is stale and fails
 * the test: change its text together with the code.
 */

import { BITS_MUTANTS } from "./bits-mutants.js";
import { BORDER_MUTANTS } from "./border-mutants.js";
import { CONTROL_MUTANTS } from "./control-mutants.js";
import type { Mutant } from "./mutant-build.js";

export const MUTANTS: readonly Mutant[] = [...CONTROL_MUTANTS, ...BORDER_MUTANTS, ...BITS_MUTANTS];
