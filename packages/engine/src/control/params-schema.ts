/**
 * Checks params of the control socket against the schemas of methods.ts, which are ours and use few keywords of JSON
 * Schema: the first call of a world waits for no compiler. Schemas of other people go to ajv (message-schema.ts); both
 * say the same words. What has the wrong type is looked at no further.
 */

import { assert } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { isRecord } from "./record.js";
import type { SchemaProblem } from "./schema-problem.js";

/** Adds the problems of a value at a place. */
type Collect = (value: unknown, instancePath: string, problems: SchemaProblem[]) => void;

/** Makes the check of one keyword. */
type Keyword = (rule: unknown, schema: Readonly<Record<string, unknown>>) => Collect;

/** Keywords that say nothing about values, or are read by others. */
const silent: ReadonlySet<string> = new Set(["type", "description", "default"]);

function numbers(say: (rule: number) => string, fits: (value: number, rule: number) => boolean): Keyword {
  return (given) => {
    const rule = Number(given);
    return (value, instancePath, problems) => {
      if (typeof value !== "number" || fits(value, rule)) return;
      problems.push({ instancePath, message: say(rule), params: {} });
    };
  };
}

function strings(say: (rule: number) => string, fits: (value: string, rule: number) => boolean): Keyword {
  return (given) => {
    const rule = Number(given);
    return (value, instancePath, problems) => {
      if (typeof value !== "string" || fits(value, rule)) return;
      problems.push({ instancePath, message: say(rule), params: {} });
    };
  };
}

/** JSON Schema counts code points. */
function characters(value: string): number {
  let count = 0;
  for (const character of value) count += character === "" ? 0 : 1;
  return count;
}

/** Keywords in the order in which their problems are named. */
const keywords: Readonly<Record<string, Keyword>> = {
  maximum: numbers(
    (rule) => `must be <= ${rule}`,
    (value, rule) => value <= rule,
  ),
  minimum: numbers(
    (rule) => `must be >= ${rule}`,
    (value, rule) => value >= rule,
  ),
  multipleOf: numbers(
    (rule) => `must be multiple of ${rule}`,
    (value, rule) => Number.isInteger(value / rule),
  ),
  maxLength: strings(
    (rule) => `must NOT have more than ${rule} characters`,
    (value, rule) => value.length <= rule || characters(value) <= rule,
  ),
  minLength: strings(
    (rule) => `must NOT have fewer than ${rule} characters`,
    (value, rule) => value.length >= 2 * rule || characters(value) >= rule,
  ),
  pattern: (rule) => {
    const pattern = new RegExp(String(rule), "u");
    const message = `must match pattern "${String(rule)}"`;
    return (value, instancePath, problems) => {
      if (typeof value === "string" && !pattern.test(value))
        problems.push({ instancePath, message, params: {} });
    };
  },
  enum: (rule) => {
    const allowedValues = rule as readonly unknown[]; // names, in the schemas of methods.ts
    const message = "must be equal to one of the allowed values";
    return (value, instancePath, problems) => {
      if (!allowedValues.includes(value)) problems.push({ instancePath, message, params: { allowedValues } });
    };
  },
  oneOf: oneOf,
  maxItems: (rule) => (value, instancePath, problems) => {
    if (!Array.isArray(value) || value.length <= Number(rule)) return;
    problems.push({ instancePath, message: `must NOT have more than ${Number(rule)} items`, params: {} });
  },
  items: (rule) => {
    const check = schemaCheck(rule);
    return (value, instancePath, problems) => {
      if (!Array.isArray(value)) return;
      for (const [index, item] of value.entries()) check(item, `${instancePath}/${index}`, problems);
    };
  },
  required: (rule) => {
    const names = rule as readonly string[]; // of members
    return (value, instancePath, problems) => {
      if (!isRecord(value)) return;
      for (const name of names) {
        if (Object.hasOwn(value, name)) continue;
        problems.push({ instancePath, message: `must have required property '${name}'`, params: {} });
      }
    };
  },
  additionalProperties: (rule, { properties = {} }) => {
    assert(rule === false, "schemas of methods.ts are closed");
    const known = properties as object; // schemas by name
    return (value, instancePath, problems) => {
      if (!isRecord(value)) return;
      for (const additionalProperty of Object.keys(value)) {
        if (Object.hasOwn(known, additionalProperty)) continue;
        problems.push({ instancePath, params: { additionalProperty } });
      }
    };
  },
  properties: (rule) => {
    const members = Object.entries(rule as object).map(
      ([name, schema]) => [name, schemaCheck(schema)] as const,
    );
    return (value, instancePath, problems) => {
      if (!isRecord(value)) return;
      for (const [name, check] of members) {
        if (Object.hasOwn(value, name)) check(value[name], `${instancePath}/${name}`, problems);
      }
    };
  },
};

/** Branches that do not fit say why; then the whole does, unless exactly one fits. */
function oneOf(rule: unknown): Collect {
  const branches = (rule as readonly unknown[]).map(schemaCheck); // schemas
  const message = "must match exactly one schema in oneOf";
  return (value, instancePath, problems) => {
    const found = branches.map((check) => {
      const own: SchemaProblem[] = [];
      check(value, instancePath, own);
      return own;
    });
    if (found.filter((own) => own.length === 0).length === 1) return;
    problems.push(...found.flat(), { instancePath, message, params: {} });
  };
}

function schemaCheck(schema: unknown): Collect {
  if (schema === true) return () => undefined;
  assert(isRecord(schema), "a schema of methods.ts is an object, or true");
  const unknown = Object.keys(schema).find((name) => !silent.has(name) && !Object.hasOwn(keywords, name));
  assert(unknown === undefined, `the keyword "${unknown ?? ""}" is checked by nobody`);
  const checks = Object.entries(keywords).flatMap(([name, make]) => {
    return Object.hasOwn(schema, name) ? make(schema[name], schema) : [];
  });
  const type = schema["type"] ?? [];
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const message = `must be ${types.join(",")}`;
  return (value, instancePath, problems) => {
    if (types.length > 0 && !types.some((known) => isOfType(value, String(known)))) {
      return void problems.push({ instancePath, message, params: {} });
    }
    for (const check of checks) check(value, instancePath, problems);
  };
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "number":
      return Number.isFinite(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    default:
      assert(type === "string" || type === "boolean", `the type "${type}" is checked by nobody`);
      return typeof value === type;
  }
}

/** Everything about a value that does not fit `schema`, in the order and words of ajv. */
export function paramsProblems(schema: Json): (value: unknown) => readonly SchemaProblem[] {
  const check = schemaCheck(schema);
  return (value) => {
    const problems: SchemaProblem[] = [];
    check(value, "", problems);
    return problems;
  };
}
