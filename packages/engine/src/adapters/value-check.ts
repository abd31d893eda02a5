/** Checks values of JSON against the JSON Schemas that tools declare. */

import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ErrorObject } from "ajv";
import { inputProblemsMax } from "./limits.js";
import type { ToolSchema } from "./tool.js";

/** The places of `value` that do not fit and why, as text; undefined where all fits. */
export type CheckValue = (value: unknown) => string | undefined;

/** Draft 7 unless the schema names 2020-12. Formats are for people. @throws where the schema is none */
export function valueCheck(schema: ToolSchema | undefined): CheckValue {
  if (schema === undefined) return () => undefined;
  const isNewer = typeof schema === "object" && String(schema["$schema"]).includes("2020-12");
  const options = { allErrors: true, strict: false, validateFormats: false, allowUnionTypes: true } as const;
  const validate = (isNewer ? new Ajv2020(options) : new Ajv(options)).compile(schema);
  return (value) => {
    if (validate(value)) return undefined;
    const problems = [...new Set((validate.errors ?? []).map(problemText))];
    const more = problems.length - inputProblemsMax;
    return problems.slice(0, inputProblemsMax).join("; ") + (more > 0 ? `; and ${more} more` : "");
  };
}

function problemText({ instancePath, message, params, keyword }: ErrorObject): string {
  const place = instancePath === "" ? "the value" : instancePath;
  const detail =
    keyword === "additionalProperties"
      ? `: ${String(params["additionalProperty"])}`
      : keyword === "enum"
        ? `: ${JSON.stringify(params["allowedValues"])}`
        : "";
  return `${place} ${message ?? "does not fit"}${detail}`;
}
