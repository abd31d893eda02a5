/**
 * Checks params of the control socket against the schemas of methods.ts, in the words of ajv, which checks the schemas
 * of other people (message-schema.ts). What has the wrong type is looked at no further.
 */

import type { Json } from "@wasm-engine/core";
import { findingsBy } from "../config/schema-findings.js";
import type { Finding } from "../config/schema-findings.js";
import type { SchemaProblem } from "./schema-problem.js";

/** Everything about a value that does not fit `schema`, in the order and words of ajv. */
export function paramsProblems(schema: Json): (value: unknown) => readonly SchemaProblem[] {
  const find = findingsBy(schema as { readonly [keyword: string]: Json }); // a schema of methods.ts
  return (value) => problemsOf(find(value));
}

function problemsOf(findings: readonly Finding[]): readonly SchemaProblem[] {
  if (findings.length === 0) return [];
  const mistyped = new Set(
    findings.flatMap(({ keyword, path }) => (keyword === "type" ? placeOf(path) : [])),
  );
  return findings.flatMap((finding): readonly SchemaProblem[] => {
    const { keyword, path, member, schema, within = [] } = finding;
    const instancePath = placeOf(path);
    if (keyword !== "type" && mistyped.has(instancePath)) return [];
    if (keyword === "additionalProperties")
      return [{ instancePath, params: { additionalProperty: member ?? "" } }];
    const params = keyword === "enum" ? { allowedValues: schema["enum"] } : {};
    // Alternatives that do not fit say why; then the whole does.
    return [...problemsOf(within), { instancePath, message: messageOf(finding), params }];
  });
}

function placeOf(path: Finding["path"]): string {
  return path.map((step) => `/${step}`).join("");
}

function messageOf({ keyword, schema, member = "" }: Finding): string {
  const rule = String(schema[keyword]);
  switch (keyword) {
    case "type":
      return `must be ${rule}`;
    case "maximum":
      return `must be <= ${rule}`;
    case "minimum":
      return `must be >= ${rule}`;
    case "multipleOf":
      return `must be multiple of ${rule}`;
    case "maxLength":
      return `must NOT have more than ${rule} characters`;
    case "minLength":
      return `must NOT have fewer than ${rule} characters`;
    case "pattern":
      return `must match pattern "${rule}"`;
    case "enum":
      return "must be equal to one of the allowed values";
    case "oneOf":
      return "must match exactly one schema in oneOf";
    case "maxItems":
      return `must NOT have more than ${rule} items`;
    case "required":
      return `must have required property '${member}'`;
    default:
      return `must fit the keyword ${keyword}`;
  }
}
