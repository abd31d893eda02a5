/** Whether a value fits a JSON Schema, keyword by keyword as the standard has them: an oracle that shares no code. */

type Schema = Readonly<Record<string, unknown>>;

const typeOf = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : typeof value;

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** Texts say which keywords the value breaks. Schemas are those of the test, so unknown keywords are mistakes of it. */
export function schemaFaults(schema: unknown, value: unknown, place = "$"): string[] {
  if (schema === true) return [];
  if (schema === false) return [`${place} must not be`];
  const faults: string[] = [];
  for (const [keyword, wanted] of Object.entries(schema as Schema)) {
    const check = checks[keyword];
    if (check === undefined) throw new Error(`the oracle does not know "${keyword}"`);
    // The schema is an object, as its members have shown; each check says what its keyword holds.
    faults.push(...check(wanted as never, value, place, schema as Schema));
  }
  return faults;
}

type Check = (wanted: never, value: unknown, place: string, schema: Schema) => string[];

const fault = (broken: boolean, place: string, keyword: string): string[] =>
  broken ? [`${place} breaks ${keyword}`] : [];

const number = (value: unknown, broken: (value: number) => boolean): boolean =>
  typeof value === "number" && broken(value);
const list = (value: unknown, broken: (value: readonly unknown[]) => boolean): boolean =>
  Array.isArray(value) && broken(value);
const characters = (value: unknown, broken: (count: number) => boolean): boolean =>
  typeof value === "string" && broken([...value].length);
const members = (value: unknown): [string, unknown][] =>
  typeOf(value) === "object" ? Object.entries(value as Schema) : [];

const has = (value: unknown, name: string): boolean => Object.hasOwn(value as object, name); // as types say

const checks: Readonly<Record<string, Check>> = {
  type: (wanted: string | readonly string[], value, place) => {
    const fits = (type: string): boolean =>
      type === "integer" ? Number.isInteger(value) : type === typeOf(value);
    return fault(![wanted].flat().some(fits), place, "type");
  },
  const: (wanted: unknown, value, place) => fault(!same(wanted, value), place, "const"),
  enum: (wanted: readonly unknown[], value, place) =>
    fault(!wanted.some((each) => same(each, value)), place, "enum"),
  anyOf: (wanted: readonly unknown[], value, place) =>
    fault(!wanted.some((each) => schemaFaults(each, value).length === 0), place, "anyOf"),
  minimum: (wanted: number, value, place) =>
    fault(
      number(value, (each) => each < wanted),
      place,
      "minimum",
    ),
  maximum: (wanted: number, value, place) =>
    fault(
      number(value, (each) => each > wanted),
      place,
      "maximum",
    ),
  exclusiveMinimum: (wanted: number, value, place) =>
    fault(
      number(value, (each) => each <= wanted),
      place,
      "exclusiveMinimum",
    ),
  exclusiveMaximum: (wanted: number, value, place) =>
    fault(
      number(value, (each) => each >= wanted),
      place,
      "exclusiveMaximum",
    ),
  minLength: (wanted: number, value, place) =>
    fault(
      characters(value, (count) => count < wanted),
      place,
      "minLength",
    ),
  maxLength: (wanted: number, value, place) =>
    fault(
      characters(value, (count) => count > wanted),
      place,
      "maxLength",
    ),
  minItems: (wanted: number, value, place) =>
    fault(
      list(value, (each) => each.length < wanted),
      place,
      "minItems",
    ),
  maxItems: (wanted: number, value, place) =>
    fault(
      list(value, (each) => each.length > wanted),
      place,
      "maxItems",
    ),
  items: (wanted: unknown, value, place) =>
    Array.isArray(value)
      ? value.flatMap((each, index) => schemaFaults(wanted, each, `${place}[${index}]`))
      : [],
  required: (wanted: readonly string[], value, place) =>
    typeOf(value) === "object"
      ? wanted.flatMap((name) => fault(!has(value, name), `${place}.${name}`, "required"))
      : [],
  properties: (wanted: Schema, value, place) =>
    members(value).flatMap(([name, each]) =>
      Object.hasOwn(wanted, name) ? schemaFaults(wanted[name], each, `${place}.${name}`) : [],
    ),
  additionalProperties: (wanted: unknown, value, place, { properties }) =>
    members(value).flatMap(([name, each]) =>
      has(properties ?? {}, name) ? [] : schemaFaults(wanted, each, `${place}.${name}`),
    ),
};
