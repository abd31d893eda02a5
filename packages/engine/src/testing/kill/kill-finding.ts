/** What a kill may never do, by name: a run that fails says which of them happened. */

import { AssertionError } from "node:assert/strict";

/** `unopened`: a run that started does not open. `chain`, `outputs`: not those of the undisturbed twin. */
export const killFindings = ["lost", "doubled", "unopened", "chain", "outputs"] as const;
export type KillFinding = (typeof killFindings)[number];

/** @throws AssertionError that {@link findingOf} knows again */
export function claim(finding: KillFinding, holds: boolean, what: string): asserts holds {
  if (!holds) throw new AssertionError({ message: `${finding}: ${what}` });
}

/** Undefined for a failure of another kind. */
export function findingOf(error: unknown): KillFinding | undefined {
  const text = error instanceof AssertionError ? error.message : "";
  return killFindings.find((finding) => text.startsWith(`${finding}: `));
}
