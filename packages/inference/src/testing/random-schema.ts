/** Seeded schemas out of everything that answers can be kept to, for tests: small, sometimes nested, rarely empty. */

import type { SeededNumbers } from "../batch/seeded-numbers.js";

type Schema = Readonly<Record<string, unknown>>;

const names = ["name", "a", "ab", 'q"uote', "naïve", "🫖", "a b", "10"];
const fixed: readonly unknown[] = [
  "tea",
  "te",
  "",
  'ä\n"',
  0,
  1,
  12,
  -3.5,
  1e21,
  true,
  false,
  null,
  [1, "x"],
  { b: 1 },
];

export function randomSchema(random: SeededNumbers, depth = 3): Schema {
  const under = (limit: number): number => random.next() % limit;
  const some = (): boolean => under(2) === 0;
  const kinds = depth > 0 ? 9 : 6;
  switch (under(kinds)) {
    case 0:
      return { type: some() ? "boolean" : ["null", "integer"] };
    case 1:
      return { type: "string", ...counts(under, ["minLength", "maxLength"], 12) };
    case 2:
      return { type: "integer", ...bounds(under, 1) };
    case 3:
      return { type: "number", ...bounds(under, 8) };
    case 4:
      return { enum: Array.from({ length: 1 + under(4) }, () => fixed[under(fixed.length)]) };
    case 5:
      return some() ? { const: fixed[under(fixed.length)] } : depth === 0 ? { type: "null" } : {};
    case 6:
      return {
        type: "array",
        items: randomSchema(random, depth - 1),
        ...counts(under, ["minItems", "maxItems"], 4),
      };
    case 7: {
      const chosen = names.filter(some).slice(0, 4);
      const properties = Object.fromEntries(chosen.map((name) => [name, randomSchema(random, depth - 1)]));
      if (under(6) === 0) return { type: "object", additionalProperties: randomSchema(random, depth - 1) };
      return { type: "object", properties, required: chosen.filter(some), additionalProperties: false };
    }
    default:
      return { anyOf: Array.from({ length: 1 + under(3) }, () => randomSchema(random, depth - 1)) };
  }
}

function counts(
  under: (limit: number) => number,
  [least, most]: readonly [string, string],
  limit: number,
): Schema {
  const low = under(limit);
  const schema: Record<string, number> = {};
  if (under(2) === 0) schema[least] = low;
  if (under(2) === 0) schema[most] = low + under(limit);
  return schema;
}

function bounds(under: (limit: number) => number, parts: number): Schema {
  const low = (under(4000) - 2000) / parts;
  const schema: Record<string, number> = {};
  if (under(2) === 0) schema[under(2) === 0 ? "minimum" : "exclusiveMinimum"] = low;
  if (under(2) === 0) schema[under(2) === 0 ? "maximum" : "exclusiveMaximum"] = low + (2 + under(60)) / parts;
  return schema;
}
