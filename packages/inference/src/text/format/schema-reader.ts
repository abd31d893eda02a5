/**
 * JSON Schema to parts of a grammar. Every keyword that decides whether a value is valid is kept to exactly or refused:
 * an answer that is finished validates. Members come in the order of `properties`; texts have one spelling each.
 */

import { encodeUtf8 } from "@wasm-engine/abi";
import { inferenceError } from "../../errors.js";
import { formatDepthMax, formatPartsMax } from "../../limits.js";
import { countTokens } from "./grammar.js";
import type { Member, Part, Shape } from "./grammar.js";
import { literalTree } from "./literal-tree.js";
import { NumberRange } from "./number-range.js";
import type { Bound } from "./number-range.js";
import type { TokenOrder } from "./token-order.js";

type Json = Readonly<Record<string, unknown>>;

/** They decide nothing: `format`, too, is not checked by the standard's own rules, nor in schemas of tools. */
const annotations = [
  ...["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"],
  ...["format", "contentEncoding", "contentMediaType"],
];
const naming = ["$schema", "$id", "$comment", "$defs", "definitions"];
/** Keywords that say something about values of one type alone. */
const byType: Readonly<Record<string, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties"],
  array: ["items", "minItems", "maxItems"],
  string: ["minLength", "maxLength"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  boolean: [],
  null: [],
};
const known = new Set([
  ...annotations,
  ...naming,
  ...Object.values(byType).flat(),
  "type",
  "enum",
  "const",
  "anyOf",
]);

/** The part of a whole schema. @throws {WE_TEXT_FORMAT} */
export function readSchema(schema: unknown, order: TokenOrder): Part {
  return new SchemaReader(schema, order).read();
}

class SchemaReader {
  readonly #schema: unknown;
  readonly #order: TokenOrder;
  readonly #parts: Part[] = [];
  /** Parts of places that are referred to. */
  readonly #named = new Map<string, Part>();
  #any: Part | undefined;
  #depth = 0;

  constructor(schema: unknown, order: TokenOrder) {
    this.#schema = schema;
    this.#order = order;
  }

  read(): Part {
    const needed = Array.from({ length: 0x7f - 0x20 }, (_, index) => 0x20 + index);
    if (!this.#order.has(...needed))
      throw refusal("$", "the vocabulary lacks tokens for single characters of ASCII");
    const root = this.#refer("#", this.#schema, "$");
    countTokens(this.#parts);
    if (root.tokens === Infinity) throw refusal("$", "no value of finite length can fit it");
    return root;
  }

  /** A part that is being read stands for itself where it refers to itself. */
  #refer(pointer: string, schema: unknown, path: string): Part {
    const named = this.#named.get(pointer);
    if (named !== undefined) return named;
    const part = this.#part({ kind: "choice", options: [] });
    this.#named.set(pointer, part);
    part.shape = { kind: "choice", options: [this.#read(schema, path)] };
    return part;
  }

  #part(shape: Shape): Part {
    if (this.#parts.length >= formatPartsMax) throw refusal("$", `it has more than ${formatPartsMax} parts`);
    const part: Part = { id: this.#parts.length, shape, tokens: Infinity };
    this.#parts.push(part);
    return part;
  }

  #read(schema: unknown, path: string): Part {
    if (this.#depth >= formatDepthMax)
      throw refusal("$", `it is nested deeper than ${formatDepthMax} levels`);
    this.#depth += 1;
    const part = this.#readOne(schema, path);
    this.#depth -= 1;
    return part;
  }

  #readOne(schema: unknown, path: string): Part {
    if (schema === true) return this.#anything();
    if (schema === false) return this.#part({ kind: "choice", options: [] });
    if (!isRecord(schema)) throw refusal(path, "a schema is an object");
    if (schema["$ref"] !== undefined) return this.#readReference(schema, path);
    for (const keyword of Object.keys(schema))
      if (!known.has(keyword)) throw refusal(path, `"${keyword}" is not supported`);
    const kinds = typesOf(schema, path);
    checkKeywords(schema, kinds, path);
    if (schema["const"] !== undefined || schema["enum"] !== undefined)
      return this.#readValues(schema, kinds, path);
    if (schema["anyOf"] !== undefined) return this.#readOptions(schema, path);
    if (kinds === undefined) return this.#anything();
    return this.#choice(kinds.map((kind) => this.#readType(kind, schema, path)));
  }

  #choice(options: readonly Part[]): Part {
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : this.#part({ kind: "choice", options });
  }

  #readReference(schema: Json, path: string): Part {
    const { $ref: pointer, ...rest } = schema;
    const other = Object.keys(rest).find((keyword) => ![...annotations, ...naming].includes(keyword));
    if (other !== undefined) throw refusal(path, `"${other}" beside "$ref" is not supported`);
    if (typeof pointer !== "string" || !/^#(\/|$)/.test(pointer))
      throw refusal(path, `"$ref" must be within the schema, such as "#/$defs/name"`);
    let target: unknown = this.#schema;
    for (const step of pointer.split("/").slice(1)) {
      const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
      target =
        (isRecord(target) || Array.isArray(target)) && Object.hasOwn(target, name)
          ? (target as Json)[name] // a list is read by its places
          : undefined;
    }
    if (target === undefined) throw refusal(path, `"$ref" ${pointer} leads to nothing`);
    return this.#refer(pointer, target, pointer);
  }

  #readOptions(schema: Json, path: string): Part {
    const other = Object.keys(schema).find(
      (keyword) => keyword !== "anyOf" && ![...annotations, ...naming].includes(keyword),
    );
    if (other !== undefined) throw refusal(path, `"${other}" beside "anyOf" is not supported`);
    const options = listOf(schema, "anyOf", path);
    return this.#choice(options.map((option, index) => this.#read(option, `${path}.anyOf[${index}]`)));
  }

  /** `enum` and `const`: those of the values that have one of the types. */
  #readValues(schema: Json, kinds: readonly string[] | undefined, path: string): Part {
    if (schema["anyOf"] !== undefined) throw refusal(path, `"anyOf" beside fixed values is not supported`);
    const fixed = schema["const"];
    const listed = schema["enum"] === undefined ? [fixed] : listOf(schema, "enum", path);
    const wanted = fixed === undefined ? undefined : spelling(fixed);
    const values = listed.filter(
      (value) =>
        (wanted === undefined || spelling(value) === wanted) &&
        (kinds === undefined || kinds.some((kind) => hasType(value, kind))),
    );
    const texts = values.map((value, literal) => ({ literal, bytes: encodeUtf8(spelling(value)) }));
    const tree = literalTree(texts, this.#order);
    return this.#part(
      tree.longer.length === 0 ? { kind: "choice", options: [] } : { kind: "literals", tree },
    );
  }

  #readType(kind: string, schema: Json, path: string): Part {
    switch (kind) {
      case "object":
        return this.#readObject(schema, path);
      case "array":
        return this.#part({
          kind: "list",
          items:
            schema["items"] === undefined ? this.#anything() : this.#read(schema["items"], `${path}.items`),
          least: countOf(schema, "minItems", 0, path),
          most: countOf(schema, "maxItems", Infinity, path),
        });
      case "string":
        return this.#part({
          kind: "text",
          least: countOf(schema, "minLength", 0, path),
          most: countOf(schema, "maxLength", Infinity, path),
        });
      case "number":
      case "integer": {
        const least = boundOf(schema, ["minimum", "exclusiveMinimum"], (left, right) => left > right, path);
        const most = boundOf(schema, ["maximum", "exclusiveMaximum"], (left, right) => left < right, path);
        return this.#part({ kind: "number", range: new NumberRange(kind === "integer", least, most) });
      }
      default:
        return this.#literals(kind === "boolean" ? ["true", "false"] : ["null"]);
    }
  }

  #literals(texts: readonly string[]): Part {
    const literals = texts.map((text, literal) => ({ literal, bytes: encodeUtf8(text) }));
    return this.#part({ kind: "literals", tree: literalTree(literals, this.#order) });
  }

  /** Without `properties` an object has members of any name, with them no others. */
  #readObject(schema: Json, path: string): Part {
    const { properties, required = [], additionalProperties: others = true } = schema;
    if (properties !== undefined && !isRecord(properties)) throw refusal(path, `"properties" is no object`);
    if (!Array.isArray(required) || !required.every((name) => typeof name === "string"))
      throw refusal(path, `"required" is no list of names`);
    if (properties === undefined && required.length === 0 && others !== false)
      return this.#part({ kind: "map", values: this.#read(others, `${path}.additionalProperties`) });
    const names = [...new Set([...Object.keys(properties ?? {}), ...(required as readonly string[])])];
    const members = names.map((name): Member => {
      const declared = properties !== undefined && Object.hasOwn(properties, name);
      const value = declared
        ? this.#read(properties[name], `${path}.properties.${name}`)
        : this.#read(others, `${path}.additionalProperties`);
      const bytes = encodeUtf8(`${JSON.stringify(name)}:`);
      const tokens = this.#order.fewest(bytes)[0] ?? Infinity;
      return { spelling: bytes, tokens, value, required: required.includes(name) };
    });
    return this.#part({ kind: "record", members });
  }

  #anything(): Part {
    if (this.#any !== undefined) return this.#any;
    const part = this.#part({ kind: "choice", options: [] });
    this.#any = part;
    const options: Part[] = [
      this.#part({ kind: "map", values: part }),
      this.#part({ kind: "list", items: part, least: 0, most: Infinity }),
      this.#part({ kind: "text", least: 0, most: Infinity }),
      this.#part({ kind: "number", range: new NumberRange(false, undefined, undefined) }),
      this.#literals(["true", "false", "null"]),
    ];
    part.shape = { kind: "choice", options };
    return part;
  }
}

function typesOf(schema: Json, path: string): readonly string[] | undefined {
  const { type } = schema;
  if (type === undefined) return undefined;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.map((name) => {
    if (typeof name !== "string" || !Object.hasOwn(byType, name))
      throw refusal(path, `"type" is ${JSON.stringify(name)}`);
    return name;
  });
}

/** Keywords of a type that is not stated would be forgotten, and those beside fixed values as well. */
function checkKeywords(schema: Json, types: readonly string[] | undefined, path: string): void {
  const fixed = schema["const"] !== undefined || schema["enum"] !== undefined;
  for (const keyword of new Set(Object.values(byType).flat())) {
    if (schema[keyword] === undefined) continue;
    if (fixed) throw refusal(path, `"${keyword}" beside fixed values is not supported`);
    if (types === undefined) throw refusal(path, `"${keyword}" needs a "type" beside it`);
  }
}

function hasType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  return type === "object" ? isRecord(value) : typeof value === type;
}

const spelling = (value: unknown): string => JSON.stringify(value);

function listOf(schema: Json, keyword: string, path: string): readonly unknown[] {
  const list = schema[keyword];
  if (!Array.isArray(list) || list.length === 0) throw refusal(path, `"${keyword}" is no list of something`);
  return list;
}

function countOf(schema: Json, keyword: string, usual: number, path: string): number {
  const count = schema[keyword] ?? usual;
  if (count !== Infinity && (!Number.isSafeInteger(count) || Number(count) < 0))
    throw refusal(path, `"${keyword}" is no whole number from 0`);
  return Number(count);
}

/** The closer of two bounds; of equal ones that which leaves the number itself out. */
function boundOf(
  schema: Json,
  keywords: readonly [closed: string, open: string],
  closer: (left: number, right: number) => boolean,
  path: string,
): Bound | undefined {
  const [closed, open] = keywords.map((keyword) => {
    const value = schema[keyword];
    if (value !== undefined && !Number.isFinite(value)) throw refusal(path, `"${keyword}" is no number`);
    return typeof value === "number" ? value : undefined;
  });
  if (open !== undefined && (closed === undefined || !closer(closed, open)))
    return { value: open, open: true };
  return closed === undefined ? undefined : { value: closed, open: false };
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const refusal = (path: string, reason: string): Error =>
  inferenceError("WE_TEXT_FORMAT", { reason: `${reason} (at ${path})` });
