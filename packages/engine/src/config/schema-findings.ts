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

interface Part {
  readonly value: unknown;
  readonly place: Place | undefined;
  readonly found: Finding[];
  readonly schema: Schema;
}

/** Looks at a part for one keyword. */
type Check = (part: Part) => void;

/** Looks at a value for all keywords of a schema. */
type Walk = (value: unknown, place: Place | undefined, found: Finding[]) => void;

function note(part: Part, keyword: Keyword, more: Pick<Finding, "member" | "within"> = {}): void {
  const { place, schema, value, found } = part;
  found.push({ keyword, path: pathOf(place), schema, value, ...more });
}

function pathOf(place: Place | undefined): Path {
  const path: (string | number)[] = [];
  for (let at = place; at !== undefined; at = at.above) path.push(at.step);
  return path.reverse();
}

function aboutNumbers(keyword: Keyword, fits: (value: number, rule: number) => boolean) {
  return (rule: unknown): Check => {
    const bound = Number(rule);
    return (part) => {
      if (typeof part.value === "number" && !fits(part.value, bound)) note(part, keyword);
    };
  };
}

function aboutTexts(keyword: Keyword, fits: (value: string, rule: number) => boolean) {
  return (rule: unknown): Check => {
    const bound = Number(rule);
    return (part) => {
      if (typeof part.value === "string" && !fits(part.value, bound)) note(part, keyword);
    };
  };
}

function aboutLists(keyword: Keyword, fits: (value: readonly unknown[], rule: unknown) => boolean) {
  return (rule: unknown): Check =>
    (part) => {
      if (Array.isArray(part.value) && !fits(part.value, rule)) note(part, keyword);
    };
}

function aboutMaps(keyword: Keyword, fits: (count: number, rule: number) => boolean) {
  return (rule: unknown): Check =>
    (part) => {
      if (isMap(part.value) && !fits(Object.keys(part.value).length, Number(rule))) note(part, keyword);
    };
}

/** JSON Schema counts characters, not UTF-16 units. */
function characters(value: string): number {
  let count = 0;
  for (const character of value) count += character === "" ? 0 : 1;
  return count;
}

type KeywordOf = (rule: unknown, schema: Schema) => Check;

/** Keywords in the order in which findings are named. */
const keywords: Readonly<Record<Keyword, KeywordOf>> = {
  type: (rule) => {
    const types = typesOf(rule);
    return (part) => {
      if (!types.some((type) => isOf(type, part.value))) note(part, "type");
    };
  },
  maximum: aboutNumbers("maximum", (value, rule) => value <= rule),
  minimum: aboutNumbers("minimum", (value, rule) => value >= rule),
  exclusiveMinimum: aboutNumbers("exclusiveMinimum", (value, rule) => value > rule),
  multipleOf: aboutNumbers("multipleOf", (value, rule) => Number.isInteger(value / rule)),
  maxLength: aboutTexts("maxLength", (value, rule) => value.length <= rule || characters(value) <= rule),
  minLength: aboutTexts("minLength", (value, rule) => value.length >= 2 * rule || characters(value) >= rule),
  pattern: (rule) => {
    const pattern = patternOf(String(rule));
    return (part) => {
      if (typeof part.value === "string" && !pattern.test(part.value)) note(part, "pattern");
    };
  },
  const: (rule) => (part) => {
    if (part.value !== rule) note(part, "const");
  },
  enum: (rule) => {
    const choices = rule as readonly unknown[]; // the keyword holds a list
    return (part) => {
      if (!choices.includes(part.value)) note(part, "enum");
    };
  },
  oneOf: (rule) => {
    const walks = (rule as readonly Schema[]).map(walkOf); // as above
    return (part) => {
      const found = walks.map((walk) => {
        const own: Finding[] = [];
        walk(part.value, part.place, own);
        return own;
      });
      if (found.filter((own) => own.length === 0).length !== 1) note(part, "oneOf", { within: found.flat() });
    };
  },
  maxItems: aboutLists("maxItems", (value, rule) => value.length <= Number(rule)),
  minItems: aboutLists("minItems", (value, rule) => value.length >= Number(rule)),
  // Lists of this kind hold texts: equal ones are written alike.
  uniqueItems: aboutLists("uniqueItems", (value, rule) => {
    return rule !== true || new Set(value.map((item) => JSON.stringify(item))).size === value.length;
  }),
  items: (rule) => {
    const walk = walkOf(rule);
    return ({ value, place, found }) => {
      if (!Array.isArray(value)) return;
      for (const [step, item] of value.entries()) walk(item, { above: place, step }, found);
    };
  },
  maxProperties: aboutMaps("maxProperties", (count, rule) => count <= rule),
  minProperties: aboutMaps("minProperties", (count, rule) => count >= rule),
  required: (rule) => {
    const names = rule as readonly string[]; // the keyword holds names
    return (part) => {
      if (!isMap(part.value)) return;
      for (const member of names) if (!Object.hasOwn(part.value, member)) note(part, "required", { member });
    };
  },
  propertyNames: (rule) => {
    const walk = walkOf(rule);
    return (part) => {
      if (!isMap(part.value)) return;
      for (const member of Object.keys(part.value)) {
        const own: Finding[] = [];
        walk(member, undefined, own);
        if (own.length > 0) note(part, "propertyNames", { member });
      }
    };
  },
  additionalProperties: (rule, { properties = {} }) => {
    const known = properties as object; // schemas by name
    const walk = rule === false ? undefined : walkOf(rule);
    return (part) => {
      const { value, place, found } = part;
      if (!isMap(value)) return;
      for (const member of Object.keys(value)) {
        if (Object.hasOwn(known, member)) continue;
        if (walk === undefined) note(part, "additionalProperties", { member });
        else walk(value[member], { above: place, step: member }, found);
      }
    };
  },
  properties: (rule) => {
    const members = Object.entries(rule as object).map(([step, schema]) => [step, walkOf(schema)] as const);
    return ({ value, place, found }) => {
      if (!isMap(value)) return;
      for (const [step, walk] of members) {
        if (Object.hasOwn(value, step)) walk(value[step], { above: place, step }, found);
      }
    };
  },
};

const makers: readonly (readonly [string, KeywordOf])[] = Object.entries(keywords);
/** Keywords that say nothing about values. */
const silent: ReadonlySet<string> = new Set(["$schema", "$id", "title", "description", "default"]);

/** `true` takes every value. */
function walkOf(schema: unknown): Walk {
  if (schema === true) return () => undefined;
  assert(isMap(schema), "a schema of ours is a map, or true");
  const unknown = Object.keys(schema).find((name) => !silent.has(name) && !Object.hasOwn(keywords, name));
  assert(unknown === undefined, `the keyword "${unknown ?? ""}" is checked by nobody`);
  const checks = makers.flatMap(([name, make]) => {
    return Object.hasOwn(schema, name) ? make(schema[name], schema) : [];
  });
  return (value, place, found) => {
    const part = { value, place, found, schema };
    for (const check of checks) check(part);
  };
}

/** Makes a schema ready once for many values. `true`: takes every value. */
export function findingsBy(schema: Schema | true): (value: unknown) => readonly Finding[] {
  const walk = walkOf(schema);
  return (value) => {
    const found: Finding[] = [];
    walk(value, undefined, found);
    return found;
  };
}

/** Everything that `schema` has against `value`, in the order of its parts. */
export function findingsOf(schema: Schema, value: unknown): readonly Finding[] {
  return findingsBy(schema)(value);
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
      assert(type === "string" || type === "boolean", `the type "${type}" is checked by nobody`);
      return typeof value === type;
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
