/**
 * A YAML file as plain JSON values with the place of every node. Owns syntax, duplicate keys, alias expansion,
 * nesting and number exactness; knows nothing about what engine.yaml means.
 */

import { LineCounter, isAlias, isMap, isNode, isPair, isScalar, isSeq, parseDocument, visit } from "yaml";
import type { Alias, Document, Node, ParsedNode, YAMLError } from "yaml";
import { decodeUtf8 } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { aliasNodesMax, nestingMax } from "./limits.js";
import { problemsError, shown } from "./problem.js";
import type { Place, Problem } from "./problem.js";

export type Path = readonly (string | number)[];

/** A parsed file: its value, and where each part of the value stands. */
export interface YamlDocument {
  readonly file: string;
  readonly value: Json;
  /** Place of the value at `path`, or of the nearest part around it that exists. */
  place(path: Path): Place;
  /** Place of the key that `path` ends in. */
  keyPlace(path: Path): Place;
}

/** Known tags such as !!binary make values that are no JSON: unresolved, they are reported like any other tag. */
const parseOptions = { prettyErrors: false, resolveKnownTags: false, logLevel: "error" } as const;

type Parsed = Document.Parsed<ParsedNode>;

/**
 * Parses `bytes`; `file` is used in messages only.
 * @throws {WE_CONFIG_SYNTAX} {WE_CONFIG_KEY_DUPLICATE} {WE_CONFIG_ALIAS} {WE_CONFIG_VALUE}
 */
export function parseYaml(file: string, bytes: Uint8Array): YamlDocument {
  const text = decodeUtf8(bytes);
  if (text === undefined)
    throw problemsError(file, [syntax(placeOfBadByte(bytes), "the file is not valid UTF-8")]);
  const lines = new LineCounter();
  const document = parse(file, text, lines);
  const problems = [...documentProblems(document, text, lines), ...nodeProblems(document, lines)];
  if (problems.length > 0) throw problemsError(file, problems);
  const value = plainValue(file, document, lines);
  return {
    file,
    value,
    place: (path) => placeAt(lines, nodeAt(document, path, false)),
    keyPlace: (path) => placeAt(lines, nodeAt(document, path, true)),
  };
}

function parse(file: string, text: string, lines: LineCounter): Parsed {
  try {
    return parseDocument(text, { lineCounter: lines, version: "1.2", schema: "core", ...parseOptions });
  } catch (error) {
    // The parser is recursive: a file made of brackets overflows its stack.
    if (!(error instanceof RangeError)) throw error;
    throw problemsError(file, [
      syntax({ line: 1, column: 1 }, `the file is nested more than ${nestingMax} deep`),
    ]);
  }
}

function documentProblems(document: Parsed, text: string, lines: LineCounter): Problem[] {
  return [...document.errors, ...document.warnings].map((error) => {
    const place = placeOfOffset(lines, error.pos[0]);
    if (error.code !== "DUPLICATE_KEY") return syntax(place, sentence(error));
    const key = /^[^\s:]*/.exec(text.slice(error.pos[0]))?.[0] ?? "";
    return { code: "WE_CONFIG_KEY_DUPLICATE", place, parameters: { key: JSON.stringify(key) } };
  });
}

function sentence(error: YAMLError): string {
  if (error.code === "MULTIPLE_DOCS") return "the file holds more than one document";
  return error.message.replace(/\s+/g, " ").replace(/[.:]$/, "");
}

/** What YAML allows and plain JSON values do not: see each message. */
function nodeProblems(document: Parsed, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(document, (_key, node, ancestors) => {
    const collections = ancestors.filter((ancestor) => isMap(ancestor) || isSeq(ancestor)).length;
    if (collections > nestingMax) {
      problems.push(syntax(placeAt(lines, node), `the file is nested more than ${nestingMax} deep`));
      return visit.BREAK;
    }
    if (isAlias(node)) problems.push(...aliasProblems(node, document, ancestors, lines));
    if (isPair(node) && (!isScalar(node.key) || typeof node.key.value !== "string")) {
      problems.push(syntax(placeAt(lines, node.key), "keys must be text; put quotes around it"));
    }
    if (isScalar(node) && typeof node.value === "number") problems.push(...numberProblems(node, lines));
    return undefined;
  });
  return problems;
}

function aliasProblems(
  node: Alias,
  document: Parsed,
  ancestors: readonly unknown[],
  lines: LineCounter,
): Problem[] {
  const target = node.resolve(document);
  if (target === undefined)
    return [syntax(placeAt(lines, node), `no anchor &${node.source} stands before this alias`)];
  if (!ancestors.includes(target)) return [];
  return [syntax(placeAt(lines, node), `the alias *${node.source} stands inside its own anchor`)];
}

function numberProblems(
  node: Node & { value: unknown; source?: string | undefined },
  lines: LineCounter,
): Problem[] {
  const value = Number(node.value);
  const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (exact) return [];
  const parameters = {
    path: "a number",
    expected: "finite, and exact if it is an integer (at most 2^53 - 1)",
    came: node.source ?? shown(value),
    advice: "put quotes around it to keep it as text",
  };
  return [{ code: "WE_CONFIG_VALUE", place: placeAt(lines, node), parameters }];
}

function plainValue(file: string, document: Parsed, lines: LineCounter): Json {
  try {
    return document.toJS({ maxAliasCount: aliasNodesMax }) as Json; // nodeProblems left only JSON values
  } catch (error) {
    const isExpansion = error instanceof ReferenceError || error instanceof RangeError;
    if (!isExpansion) throw error;
    let place: Place = { line: 1, column: 1 };
    visit(document, {
      Alias: (_key, node) => {
        place = placeAt(lines, node);
        return visit.BREAK;
      },
    });
    throw problemsError(file, [
      { code: "WE_CONFIG_ALIAS", place, parameters: { aliasesMax: aliasNodesMax } },
    ]);
  }
}

/** The node at `path`, or the last one on the way that exists; with `wantKey` the key of its last step. */
function nodeAt(document: Parsed, path: Path, wantKey: boolean): unknown {
  let node: unknown = document.contents;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
      if (pair === undefined) return node;
      if (wantKey && index === path.length - 1) return pair.key;
      if (!isNode(pair.value)) return pair.key;
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number" && isNode(node.items[step])) {
      node = node.items[step];
    } else {
      return node;
    }
  }
  return node;
}

function placeAt(lines: LineCounter, node: unknown): Place {
  const range = isNode(node) ? node.range : undefined;
  return placeOfOffset(lines, range?.[0] ?? 0);
}

function placeOfOffset(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function placeOfBadByte(bytes: Uint8Array): Place {
  const lenient = new TextDecoder("utf-8").decode(bytes);
  const before = lenient.slice(0, Math.max(0, lenient.indexOf("\ufffd")));
  const lastBreak = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: before.length - lastBreak };
}

function syntax(place: Place, cause: string): Problem {
  return { code: "WE_CONFIG_SYNTAX", place, parameters: { cause } };
}
