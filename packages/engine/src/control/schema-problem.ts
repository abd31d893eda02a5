/** What does not fit a JSON Schema, in words, with the place. */

/** One problem, as ajv reports it. */
export interface SchemaProblem {
  /** JSON pointer; empty for the whole. */
  readonly instancePath: string;
  readonly message?: string;
  readonly params: object;
}

/** Everything that does not fit, in one line; undefined where all does. */
export type CheckValue = (value: unknown) => string | undefined;

/** Problems that are named; a body that fits nowhere has one for every member. */
const problemsShownMax = 5;

export function problemText(errors: readonly SchemaProblem[]): string {
  const texts = [...new Set(errors.map(problemOf))];
  const rest = texts.length - problemsShownMax;
  return `${texts.slice(0, problemsShownMax).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`;
}

function problemOf({ instancePath, message = "does not fit", params }: SchemaProblem): string {
  const place = instancePath === "" ? "the whole" : instancePath;
  const { additionalProperty, allowedValues } = params as {
    readonly additionalProperty?: string;
    readonly allowedValues?: readonly unknown[];
  }; // members that ajv gives to some keywords
  if (additionalProperty !== undefined)
    return `${place} has a member "${additionalProperty}" that is not known`;
  const allowed =
    allowedValues === undefined ? "" : `: ${allowedValues.map((value) => JSON.stringify(value)).join(", ")}`;
  return `${place} ${message}${allowed}`;
}
