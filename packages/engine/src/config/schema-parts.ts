/** The words in which the schema of engine.yaml is written: what every part of it says in the same way. */

import { PROVIDER_NAMES } from "@wasm-engine/core";

/** The part of JSON Schema that this project writes. */
export interface Schema {
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

const safeMax = Number.MAX_SAFE_INTEGER;
export const idPattern: string = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$";
/** Names and paths have no control characters. */
export const plainPattern: string = "^[^\\u0000-\\u001f\\u007f]*$";

export function integer(description: string, minimum: number, maximum: number = safeMax): Schema {
  return { description, type: "integer", minimum, maximum };
}

export function text(description: string, maxLength = 1024): Schema {
  return { description, type: "string", minLength: 1, maxLength, pattern: plainPattern };
}

export function list(description: string, items: Schema, maxItems = 10_000): Schema {
  return { description, type: "array", items, maxItems };
}

export function map(
  description: string,
  properties: Record<string, Schema>,
  required: readonly string[] = [],
): Schema {
  return { description, type: "object", additionalProperties: false, properties, required };
}

/** A map, or the text of its member `key` alone. */
export function textOrMap<Key extends string>(
  description: string,
  key: Key,
  properties: Record<Key, Schema> & Record<string, Schema>,
): Schema {
  const { minLength, maxLength, pattern } = properties[key];
  const type = ["string", "object"];
  const ofText = { minLength, maxLength, pattern };
  return { description, type, ...ofText, additionalProperties: false, properties, required: [key] };
}

export const anyName: Schema = {
  pattern: idPattern,
  description: "1 to 63 letters, digits, dots, underscores, hyphens, the first a letter or digit",
};

export function named(description: string, value: Schema, propertyNames: Schema = anyName): Schema {
  return { description, type: "object", propertyNames, additionalProperties: value };
}

/** A list of execution providers. */
export const providers = (description: string): Schema => ({
  description,
  type: "array",
  items: { description: "A provider.", enum: [...PROVIDER_NAMES] },
  minItems: 1,
  maxItems: PROVIDER_NAMES.length,
  uniqueItems: true,
});

export const delivery = (description: string): Schema => ({ description, enum: ["lockstep", "recorded"] });
