/**
 * What a value has against a schema, for the part of JSON Schema in which this project writes its own: configurations,
 * params of the control socket, what run folders hold. A schema that is walked is ready at once, where a compiler takes
 * half a second to make code. Tests hold it to the compiler's findings; schemas that others write go to that compiler.
 */

import { assert } from "@wasm-engine/abi";
import type { Schema } from "./schema-parts.js";
import type { Path } from "./yaml-document.js";

export type Keyword =
  | "type"
  | "maximum"
  | "minimum"
  | "exclusiveMinimum"
  | "multipleOf"
  | "maxLength"
  | "minLength"
  | "pattern"
  | "const"
  | "enum"
  | "oneOf"
  | "maxItems"
  | "minItems"
  | "uniqueItems"
  | "items"
  | "maxProperties"
  | "minProperties"
  | "required"
  | "propertyNames"
  | "additionalProperties"
  | "properties";

/** One keyword that a value does not satisfy. */
export interface Finding {
  readonly keyword: Keyword;
  readonly path: Path;
  /** The schema that holds the keyword. */
  readonly schema: Schema;
  readonly value: unknown;
  /** The member that is unknown, missing or badly named. */
  readonly member?: string;
  /** Of `oneOf`: what each alternative has against the value. */
  readonly within?: readonly Finding[];
}

/** Where a part of a value stands: paths are spelt out only where something is found. */
interface Place {
  readonly above: Place | undefined;
  readonly step: string | number;
}

/** Looks at a value for one keyword, or for all of a schema. */
type Check = (value: unknown, place: Place | undefined, found: Finding[]) => void;

/** Makes the check of a keyword. */
type KeywordOf = (rule: unknown, schema: Schema) => Check;

/** What a check notes where something does not fit. */
type More = Pick<Finding, "member" | "within">;

function noting(keyword: Keyword, schema: Schema) {
  return (value: unknown, place: Place | undefined, found: Finding[], more: More = {}): void => {
    found.push({ keyword, path: pathOf(place), schema, value, ...more });
  };
}

function pathOf(place: Place | undefined): Path {
  const path: (string | number)[] = [];
  for (let at = place; at !== undefined; at = at.above) path.push(at.step);
  return path.reverse();
}

/** A keyword that bounds values of one kind by a number. */
function bounding<Value>(
  keyword: Keyword,
  isKind: (value: unknown) => value is Value,
  fits: (value: Value, bound: number) => boolean,
): KeywordOf {
  return (rule, schema) => {
    const bound = Number(rule);
    const note = noting(keyword, schema);
    return (value, place, found) => {
      if (isKind(value) && !fits(value, bound)) note(value, place, found);
    };
  };
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isText = (value: unknown): value is string => typeof value === "string";
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** JSON Schema counts characters, not UTF-16 units. */
function characters(value: string): number {
  let count = 0;
  for (const character of value) count += character === "" ? 0 : 1;
  return count;
}

/** Keywords in the order in which findings are named. */
const keywords: Readonly<Record<Keyword, KeywordOf>> = {
  type: (rule, schema) => {
    const kinds = typesOf(rule).map(kindOf);
    const note = noting("type", schema);
    return (value, place, found) => {
      for (const isKind of kinds) if (isKind(value)) return;
      note(value, place, found);
    };
  },
  maximum: bounding("maximum", isNumber, (value, bound) => value <= bound),
  minimum: bounding("minimum", isNumber, (value, bound) => value >= bound),
  exclusiveMinimum: bounding("exclusiveMinimum", isNumber, (value, bound) => value > bound),
  multipleOf: bounding("multipleOf", isNumber, (value, bound) => Number.isInteger(value / bound)),
  maxLength: bounding("maxLength", isText, (value, bound) => {
    return value.length <= bound || characters(value) <= bound;
  }),
  minLength: bounding("minLength", isText, (value, bound) => {
    return value.length >= 2 * bound || characters(value) >= bound;
  }),
  pattern: (rule, schema) => {
    const pattern = patternOf(String(rule));
    const note = noting("pattern", schema);
    return (value, place, found) => {
      if (typeof value === "string" && !pattern.test(value)) note(value, place, found);
    };
  },
  const: (rule, schema) => {
    const note = noting("const", schema);
    return (value, place, found) => {
      if (value !== rule) note(value, place, found);
    };
  },
  enum: (rule, schema) => {
    const choices = rule as readonly unknown[]; // the keyword holds a list
    const note = noting("enum", schema);
    return (value, place, found) => {
      if (!choices.includes(value)) note(value, place, found);
    };
  },
  oneOf: (rule, schema) => {
    const choices = (rule as readonly Schema[]).map(checkOf); // as above
    const note = noting("oneOf", schema);
    return (value, place, found) => {
      const against = choices.map((check) => foundBy(check, value, place));
      if (against.filter(({ length }) => length === 0).length !== 1)
        note(value, place, found, { within: against.flat() });
    };
  },
  maxItems: bounding("maxItems", isList, ({ length }, bound) => length <= bound),
  minItems: bounding("minItems", isList, ({ length }, bound) => length >= bound),
  uniqueItems: (rule, schema) => {
    const note = noting("uniqueItems", schema);
    return (value, place, found) => {
      // Lists of this kind hold texts: equal ones are written alike.
      const isRepeating = (list: readonly unknown[]): boolean =>
        new Set(list.map((item) => JSON.stringify(item))).size < list.length;
      if (rule === true && isList(value) && isRepeating(value)) note(value, place, found);
    };
  },
  items: (rule) => {
    const check = checkOf(rule);
    return (value, place, found) => {
      if (!isList(value)) return;
      for (const [step, item] of value.entries()) check(item, { above: place, step }, found);
    };
  },
  maxProperties: bounding("maxProperties", isMap, (map, bound) => Object.keys(map).length <= bound),
  minProperties: bounding("minProperties", isMap, (map, bound) => Object.keys(map).length >= bound),
  required: (rule, schema) => {
    const names = rule as readonly string[]; // the keyword holds names
    const note = noting("required", schema);
    return (value, place, found) => {
      if (!isMap(value)) return;
      for (const member of names) if (!Object.hasOwn(value, member)) note(value, place, found, { member });
    };
  },
  propertyNames: (rule, schema) => {
    const check = checkOf(rule);
    const note = noting("propertyNames", schema);
    return (value, place, found) => {
      if (!isMap(value)) return;
      for (const member of Object.keys(value))
        if (foundBy(check, member, place).length > 0) note(value, place, found, { member });
    };
  },
  additionalProperties: (rule, schema) => {
    const known = schema.properties ?? {}; // schemas by name
    const check = rule === false ? undefined : checkOf(rule);
    const note = noting("additionalProperties", schema);
    return (value, place, found) => {
      if (!isMap(value)) return;
      for (const member of Object.keys(value)) {
        if (Object.hasOwn(known, member)) continue;
        if (check === undefined) note(value, place, found, { member });
        else check(value[member], { above: place, step: member }, found);
      }
    };
  },
  properties: (rule) => {
    const members = Object.entries(rule as object).map(([step, schema]) => ({
      step,
      check: checkOf(schema),
    }));
    return (value, place, found) => {
      if (!isMap(value)) return;
      for (const { step, check } of members)
        if (Object.hasOwn(value, step)) check(value[step], { above: place, step }, found);
    };
  },
};

const makers: readonly (readonly [string, KeywordOf])[] = Object.entries(keywords);
/** Keywords that say nothing about values. */
const silent: ReadonlySet<string> = new Set(["$schema", "$id", "title", "description", "default"]);

/** `true` takes every value. */
function checkOf(schema: unknown): Check {
  if (schema === true) return () => undefined;
  assert(isMap(schema), "a schema of ours is a map, or true");
  const unknown = Object.keys(schema).find((name) => !silent.has(name) && !Object.hasOwn(keywords, name));
  assert(unknown === undefined, `the keyword "${unknown ?? ""}" is checked by nobody`);
  const checks = makers.flatMap(([name, make]) => {
    return Object.hasOwn(schema, name) ? make(schema[name], schema) : [];
  });
  return (value, place, found) => {
    for (const check of checks) check(value, place, found);
  };
}

function foundBy(check: Check, value: unknown, place: Place | undefined): readonly Finding[] {
  const found: Finding[] = [];
  check(value, place, found);
  return found;
}

/** Makes a schema ready once for many values. */
export function findingsBy(schema: Schema): (value: unknown) => readonly Finding[] {
  const check = checkOf(schema);
  return (value) => foundBy(check, value, undefined);
}

/** Everything that `schema` has against `value`, in the order of its parts. */
export function findingsOf(schema: Schema, value: unknown): readonly Finding[] {
  return findingsBy(schema)(value);
}

/** The types that the keyword `type` names. */
export function typesOf(type: unknown): readonly string[] {
  return (Array.isArray(type) ? type : [type]).map(String);
}

function kindOf(type: string): (value: unknown) => boolean {
  switch (type) {
    case "integer":
      return Number.isInteger;
    case "number":
      return Number.isFinite;
    case "array":
      return Array.isArray;
    case "object":
      return isMap;
    case "string":
      return isText;
    default:
      assert(type === "boolean", `the type "${type}" is checked by nobody`);
      return (value) => typeof value === "boolean";
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const patterns = new Map<string, RegExp>();

function patternOf(text: string): RegExp {
  const known = patterns.get(text) ?? new RegExp(text, "u");
  patterns.set(text, known);
  return known;
}
