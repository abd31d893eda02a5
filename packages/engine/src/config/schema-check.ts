/** Checks a document against the schema and turns each finding into a problem with its place and way out. */

import { Ajv } from "ajv";
import type { ErrorObject, ValidateFunction } from "ajv";
import type { Json } from "@wasm-engine/core";
import type { ConfigFile } from "./config-file.js";
import { pathText, shown } from "./problem.js";
import type { Problem } from "./problem.js";
import { ENGINE_SCHEMA } from "./schema.js";
import { plainPattern } from "./schema-parts.js";
import type { Schema } from "./schema-parts.js";
import { adviceFor, nearest } from "./suggestion.js";
import type { Path, YamlDocument } from "./yaml-document.js";

const compiled = new Map<Schema, ValidateFunction>();

function validator(schema: Schema): ValidateFunction {
  const options = { allErrors: true, verbose: true, allowUnionTypes: true, strict: true } as const;
  const validate = compiled.get(schema) ?? new Ajv(options).compile(schema);
  compiled.set(schema, validate);
  return validate;
}

/** The document as a configuration, or everything that the schema has against it. */
export function checkSchema(document: YamlDocument): ConfigFile | readonly Problem[] {
  const problems = schemaProblems(document, ENGINE_SCHEMA);
  return problems.length > 0 ? problems : (document.value as unknown as ConfigFile); // the schema has just accepted it
}

/** Everything that a schema has against a document. */
export function schemaProblems(document: YamlDocument, schema: Schema): readonly Problem[] {
  const validate = validator(schema);
  if (validate(document.value)) return [];
  const problems = (validate.errors ?? []).flatMap((error) => problemOf(document, error) ?? []);
  return withoutMisspelt(distinct(problems));
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

function problemOf(document: YamlDocument, error: ErrorObject): Problem | undefined {
  const path = pathOf(document.value, error.instancePath);
  const schema = (error.parentSchema ?? {}) as Record<string, unknown>; // verbose: always an object here
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(document, path, String(error.params.additionalProperty), schema);
    case "required":
      return missingKey(document, path, String(error.params.missingProperty), schema);
    case "propertyNames":
      return badName(document, path, String(error.params.propertyName), schema);
    case "const":
      return {
        code: "WE_CONFIG_VERSION",
        place: document.place(path),
        parameters: { path: pathText(path), came: shown(error.data) },
      };
    default:
      // The pattern behind propertyNames is reported by propertyNames itself.
      return error.propertyName === undefined ? badValue(document, path, error, schema) : undefined;
  }
}

function unknownKey(
  document: YamlDocument,
  path: Path,
  key: string,
  schema: Record<string, unknown>,
): Problem {
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

function missingKey(
  document: YamlDocument,
  path: Path,
  key: string,
  schema: Record<string, unknown>,
): Problem {
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

function badName(document: YamlDocument, path: Path, name: string, schema: Record<string, unknown>): Problem {
  const { description = "" } = (schema.propertyNames ?? {}) as { description?: string }; // a schema of ours
  const expected = `named with ${description}`;
  return {
    code: "WE_CONFIG_VALUE",
    place: document.keyPlace([...path, name]),
    parameters: { path: pathText([...path, name]), expected, came: shown(name), advice: "rename it" },
  };
}

function badValue(
  document: YamlDocument,
  path: Path,
  error: ErrorObject,
  schema: Record<string, unknown>,
): Problem {
  const isType = error.keyword === "type";
  const description = typeof schema.description === "string" ? schema.description : "see the schema";
  return {
    code: isType ? "WE_CONFIG_TYPE" : "WE_CONFIG_VALUE",
    place: document.place(path),
    parameters: {
      path: pathText(path),
      expected: isType ? typeText(schema) : expectedText(error, schema),
      came: shown(error.data),
      advice: error.data === null ? `fill it in or remove the key; ${description}` : description,
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

function typeText(schema: Record<string, unknown>): string {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.map((type) => typeNames[String(type)] ?? String(type)).join(" or ");
}

function expectedText(error: ErrorObject, schema: Record<string, unknown>): string {
  switch (error.keyword) {
    case "enum":
      return `one of ${(schema.enum as readonly unknown[]).map((choice) => String(choice)).join(", ")}`; // keyword enum
    case "minimum":
    case "maximum":
    case "exclusiveMinimum": {
      const low =
        "exclusiveMinimum" in schema
          ? `above ${String(schema.exclusiveMinimum)}`
          : `from ${String(schema.minimum)}`;
      const high = schema.maximum === Number.MAX_SAFE_INTEGER ? "2^53 - 1" : String(schema.maximum);
      return `${typeText(schema)} ${low} to ${high}`;
    }
    case "multipleOf":
      return `a multiple of ${String(schema.multipleOf)}`;
    case "minLength":
      return "not empty";
    case "maxLength":
      return `at most ${String(schema.maxLength)} characters`;
    case "minItems":
    case "minProperties":
      return "not empty";
    case "uniqueItems":
      return "a list without repeated entries";
    case "maxItems":
      return `a list of at most ${String(schema.maxItems)}`;
    case "pattern":
      return schema.pattern === plainPattern
        ? "without control characters"
        : `of the form ${String(schema.pattern)}`;
    default:
      return error.message ?? "as the schema says";
  }
}

/** Steps of a JSON pointer; indexes of lists become numbers. */
function pathOf(value: Json, pointer: string): Path {
  const path: (string | number)[] = [];
  let current: unknown = value;
  for (const raw of pointer.split("/").slice(1)) {
    const step = raw.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(current) ? Number(step) : step);
    current = (current as Record<string, unknown>)[step]; // the pointer comes from validating this value
  }
  return path;
}
