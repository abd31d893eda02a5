/**
 * What a value has against a schema, for the part of JSON Schema in which this project writes its own. Every command
 * reads a configuration, and a schema that is walked is ready at once, where a compiler takes half a second to make
 * code that is used once. A test holds it to the compiler's findings; schemas that others write go to that compiler.
 */

import type { Schema } from "./schema-parts.js";
import type { Path } from "./yaml-document.js";

/** One keyword that a value does not satisfy. */
export interface Finding {
  readonly keyword: Keyword;
  readonly path: Path;
  /** The schema that holds the keyword. */
  readonly schema: Schema;
  readonly value: unknown;
  /** The member that is unknown, missing or badly named. */
  readonly member?: string;
}

/** What the keywords hold that this project uses. */
interface Keywords {
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Schema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
}

export type Keyword = keyof Keywords;

type Note = (keyword: Keyword, member?: string) => void;

/** Everything that `schema` has against `value`, in the order of its parts. */
export function findingsOf(schema: Schema, value: unknown): readonly Finding[] {
  const found: Finding[] = [];
  walk(schema, value, { path: [], found });
  return found;
}

/** Where a part of the value stands, and what was found so far. */
interface Walk {
  readonly path: Path;
  readonly found: Finding[];
}

function walk(schema: Schema, value: unknown, { path, found }: Walk): void {
  const note: Note = (keyword, member) =>
    void found.push({ keyword, path, schema, value, ...(member === undefined ? {} : { member }) });
  const keywords = schema as Keywords; // a schema of ours; a test looks at all that they hold
  if (keywords.type !== undefined && !typesOf(keywords.type).some((type) => isOf(type, value))) note("type");
  if (typeof value === "number") checkNumber(keywords, value, note);
  if (typeof value === "string") checkText(keywords, value, note);
  checkChoice(keywords, value, note);
  if (Array.isArray(value)) {
    checkLength(keywords, value, note);
    const { items } = keywords;
    if (items === undefined) return;
    for (const [index, item] of value.entries()) walk(items, item, { path: [...path, index], found });
  } else if (isMap(value)) {
    checkMembers(keywords, value, note);
    for (const [name, member] of Object.entries(value)) {
      const inner = schemaOfMember(keywords, name);
      if (inner !== undefined) walk(inner, member, { path: [...path, name], found });
    }
  }
}

function schemaOfMember(
  { properties = {}, additionalProperties }: Keywords,
  name: string,
): Schema | undefined {
  if (Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** The types that the keyword `type` names. */
export function typesOf(type: unknown): readonly string[] {
  return (Array.isArray(type) ? type : [type]).map(String);
}

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "number":
      return Number.isFinite(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isMap(value);
    default:
      return typeof value === type;
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkNumber(keywords: Keywords, value: number, note: Note): void {
  const { minimum, maximum, exclusiveMinimum, multipleOf } = keywords;
  if (maximum !== undefined && !(value <= maximum)) note("maximum");
  if (minimum !== undefined && !(value >= minimum)) note("minimum");
  if (exclusiveMinimum !== undefined && !(value > exclusiveMinimum)) note("exclusiveMinimum");
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) note("multipleOf");
}

function checkText({ minLength, maxLength, pattern }: Keywords, value: string, note: Note): void {
  // Characters, not UTF-16 units.
  const isLong = maxLength !== undefined && value.length > maxLength;
  if (isLong && [...value].length > maxLength) note("maxLength");
  if (minLength !== undefined && [...value].length < minLength) note("minLength");
  if (pattern !== undefined && !patternOf(pattern).test(value)) note("pattern");
}

const patterns = new Map<string, RegExp>();

function patternOf(text: string): RegExp {
  const known = patterns.get(text) ?? new RegExp(text, "u");
  patterns.set(text, known);
  return known;
}

function checkChoice(keywords: Keywords, value: unknown, note: Note): void {
  if ("const" in keywords && value !== keywords.const) note("const");
  if (keywords.enum !== undefined && !keywords.enum.includes(value)) note("enum");
  const { oneOf } = keywords;
  if (oneOf !== undefined && oneOf.filter((choice) => findingsOf(choice, value).length === 0).length !== 1)
    note("oneOf");
}

function checkLength(keywords: Keywords, value: readonly unknown[], note: Note): void {
  const { minItems, maxItems, uniqueItems } = keywords;
  if (maxItems !== undefined && value.length > maxItems) note("maxItems");
  if (minItems !== undefined && value.length < minItems) note("minItems");
  // Lists of this kind hold texts: equal ones are written alike.
  if (uniqueItems === true && new Set(value.map((item) => JSON.stringify(item))).size < value.length)
    note("uniqueItems");
}

function checkMembers(keywords: Keywords, value: Readonly<Record<string, unknown>>, note: Note): void {
  const { minProperties, maxProperties, required, propertyNames, properties, additionalProperties } =
    keywords;
  const names = Object.keys(value);
  if (maxProperties !== undefined && names.length > maxProperties) note("maxProperties");
  if (minProperties !== undefined && names.length < minProperties) note("minProperties");
  for (const name of required ?? []) if (!Object.hasOwn(value, name)) note("required", name);
  for (const name of names) {
    if (propertyNames !== undefined && findingsOf(propertyNames, name).length > 0)
      note("propertyNames", name);
  }
  if (additionalProperties !== false) return;
  for (const name of names) if (!Object.hasOwn(properties ?? {}, name)) note("additionalProperties", name);
}
