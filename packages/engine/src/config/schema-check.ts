/** Checks a document against the schema and turns each finding into a problem with its place and way out. */

import type { ConfigFile } from "./config-file.js";
import { pathText, shown } from "./problem.js";
import type { Problem } from "./problem.js";
import { ENGINE_SCHEMA } from "./schema.js";
import { findingsOf, typesOf } from "./schema-findings.js";
import type { Finding, Keyword } from "./schema-findings.js";
import { plainPattern } from "./schema-parts.js";
import type { Schema } from "./schema-parts.js";
import { adviceFor, nearest } from "./suggestion.js";
import type { Path, YamlDocument } from "./yaml-document.js";

/** The document as a configuration, or everything that the schema has against it. */
export function checkSchema(document: YamlDocument): ConfigFile | readonly Problem[] {
  const problems = schemaProblems(document, ENGINE_SCHEMA);
  return problems.length > 0 ? problems : (document.value as unknown as ConfigFile); // the schema has just accepted it
}

/** Everything that a schema has against a document. */
export function schemaProblems(document: YamlDocument, schema: Schema): readonly Problem[] {
  const findings = findingsOf(schema, document.value);
  return withoutMisspelt(distinct(findings.map((finding) => problemOf(document, finding))));
}

/** A key that is missing because it is misspelt is one problem: the misspelling. */
function withoutMisspelt(problems: readonly Problem[]): Problem[] {
  const meant = problems
    .filter(({ code }) => code === "WE_CONFIG_KEY_UNKNOWN")
    .map(({ parameters }) => `${String(parameters.path)} did you mean ${String(parameters.meant)}`);
  return problems.filter(({ code, parameters }) => {
    const wish = `${String(parameters.path)} did you mean ${String(parameters.expected)}`;
    return code !== "WE_CONFIG_KEY_MISSING" || !meant.includes(wish);
  });
}

/** A value that breaks several rules of one place is one problem: the first. */
function distinct(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ place, code, parameters }) => {
    const key = `${place.line}:${place.column}:${code}:${String(parameters.path)}:${String(parameters.expected)}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

function problemOf(document: YamlDocument, finding: Finding): Problem {
  const { keyword, path, schema, value, member = "" } = finding;
  switch (keyword) {
    case "additionalProperties":
      return unknownKey(document, path, member, schema);
    case "required":
      return missingKey(document, path, member, schema);
    case "propertyNames":
      return badName(document, path, member, schema);
    case "const":
      return {
        code: "WE_CONFIG_VERSION",
        place: document.place(path),
        parameters: { path: pathText(path), came: shown(value) },
      };
    default:
      return badValue(document, finding);
  }
}

function unknownKey(document: YamlDocument, path: Path, key: string, schema: Schema): Problem {
  const known = Object.keys(schema.properties ?? {}); // JSON Schema: a map of schemas
  return {
    code: "WE_CONFIG_KEY_UNKNOWN",
    place: document.keyPlace([...path, key]),
    parameters: {
      path: pathText(path),
      came: shown(key),
      meant: shown(nearest(key, known)),
      advice: adviceFor(key, known, "keys"),
    },
  };
}

function missingKey(document: YamlDocument, path: Path, key: string, schema: Schema): Problem {
  const properties = (schema.properties ?? {}) as Record<string, { description?: string }>; // as above
  const meaning = properties[key]?.description ?? "it is required";
  const parameters = {
    path: pathText(path),
    expected: shown(key),
    came: "nothing",
    advice: `${key}: ${meaning}`,
  };
  return { code: "WE_CONFIG_KEY_MISSING", place: document.place(path), parameters };
}

function badName(document: YamlDocument, path: Path, name: string, schema: Schema): Problem {
  const { description = "" } = (schema.propertyNames ?? {}) as { description?: string }; // a schema of ours
  const expected = `named with ${description}`;
  return {
    code: "WE_CONFIG_VALUE",
    place: document.keyPlace([...path, name]),
    parameters: { path: pathText([...path, name]), expected, came: shown(name), advice: "rename it" },
  };
}

function badValue(document: YamlDocument, { keyword, path, schema, value }: Finding): Problem {
  const isType = keyword === "type";
  const description = schema.description ?? "see the schema";
  return {
    code: isType ? "WE_CONFIG_TYPE" : "WE_CONFIG_VALUE",
    place: document.place(path),
    parameters: {
      path: pathText(path),
      expected: isType ? typeText(schema) : expectedText(keyword, schema),
      came: shown(value),
      advice: value === null ? `fill it in or remove the key; ${description}` : description,
    },
  };
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  object: "a map",
  array: "a list",
  integer: "an integer",
  number: "a number",
  boolean: "true or false",
};

function typeText(schema: Schema): string {
  return typesOf(schema.type)
    .map((type) => typeNames[type] ?? type)
    .join(" or ");
}

function expectedText(keyword: Keyword, schema: Schema): string {
  switch (keyword) {
    case "enum":
      return `one of ${(schema.enum as readonly unknown[]).map((choice) => String(choice)).join(", ")}`; // keyword enum
    case "minimum":
    case "maximum":
    case "exclusiveMinimum":
      return rangeText(schema);
    case "multipleOf":
      return `a multiple of ${String(schema.multipleOf)}`;
    case "minLength":
      return "not empty";
    case "maxLength":
      return `at most ${String(schema.maxLength)} characters`;
    case "minItems":
    case "minProperties":
      return "not empty";
    case "maxProperties":
      return `a map of at most ${String(schema.maxProperties)}`;
    case "oneOf":
      return (schema.oneOf as readonly Schema[]).map(choiceText).join(" or "); // keyword oneOf
    case "uniqueItems":
      return "a list without repeated entries";
    case "maxItems":
      return `a list of at most ${String(schema.maxItems)}`;
    case "pattern":
      return schema.pattern === plainPattern
        ? "without control characters"
        : `of the form ${String(schema.pattern)}`;
    default:
      return "as the schema says";
  }
}

function rangeText(schema: Schema): string {
  const low =
    "exclusiveMinimum" in schema
      ? `above ${String(schema.exclusiveMinimum)}`
      : `from ${String(schema.minimum)}`;
  const high = schema.maximum === Number.MAX_SAFE_INTEGER ? "2^53 - 1" : String(schema.maximum);
  return `${typeText(schema)} ${low}${schema.maximum === undefined ? "" : ` to ${high}`}`;
}

function choiceText(schema: Schema): string {
  return "const" in schema ? String(schema.const) : rangeText(schema);
}
