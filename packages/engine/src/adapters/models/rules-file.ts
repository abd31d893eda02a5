/**
 * Files of rules: YAML or JSON, checked whole, every problem with its line. What the schema cannot say about one rule
 * (one outcome, patterns that compile, placeholders that exist) is checked here too, for rules of programs as well.
 */

import { readFileSync, statSync } from "node:fs";
import { EngineError } from "@wasm-engine/abi";
import type { Json } from "@wasm-engine/core";
import { ConfigContext } from "../../config/config-context.js";
import { shown } from "../../config/problem.js";
import { schemaProblems } from "../../config/schema-check.js";
import { problemsError } from "../../config/problem.js";
import { parseYaml } from "../../config/yaml-document.js";
import type { Path } from "../../config/yaml-document.js";
import { rulesBytesMax } from "../limits.js";
import { modelAdapterError } from "./errors.js";
import { commonFills, placeholdersOf } from "./rule-template.js";
import { RULES_SCHEMA } from "./rules-schema.js";
import { patternOf } from "./rules.js";
import type { Rule, RuleOutcome, RuleTest, Rules, TextTest } from "./rules.js";

/** A rule as it is written. In programs patterns may be regular expressions; in files they are texts like /…/. */
export interface RuleEntry {
  readonly when?: RuleTest;
  readonly answer?: string;
  readonly json?: Json;
  readonly toolCalls?: readonly { readonly name: string; readonly arguments?: Json }[];
  readonly error?: { readonly code?: string; readonly message?: string; readonly retryable?: boolean };
}

/** Hears of something wrong with a rule: `path` begins with the index of the rule. */
type NoteProblem = (path: Path, parameters: { expected: string; came: string; advice: string }) => void;

const outcomes = ["answer", "json", "toolCalls", "error"] as const;

/**
 * The rules of a file.
 * @throws {WE_RULES_READ} {WE_RULES_SIZE} {WE_CONFIG_SYNTAX} {WE_CONFIG_TYPE} {WE_CONFIG_VALUE} and the other codes of
 * configuration, with file and line
 */
export function readRules(path: string): Rules {
  const document = parseYaml(path, readBytes(path));
  const problems = schemaProblems(document, RULES_SCHEMA);
  if (problems.length > 0) throw problemsError(path, problems);
  const context = new ConfigContext(document, path);
  const entries = document.value as unknown as readonly RuleEntry[]; // the schema has just accepted it
  const rules = compiled(entries, (at, parameters) => context.add("WE_CONFIG_VALUE", at, parameters));
  context.settle();
  return rules;
}

/** Rules that a program has written. @throws {WE_RULES_INVALID} */
export function rulesOf(entries: readonly RuleEntry[]): Rules {
  return compiled(entries, ([index, ...rest], { expected, came, advice }) => {
    throw modelAdapterError("WE_RULES_INVALID", {
      rule: index,
      member: rest.join("."),
      expected,
      came,
      advice,
    });
  });
}

function readBytes(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > rulesBytesMax) {
      throw modelAdapterError("WE_RULES_SIZE", { path, bytes: size, bytesMax: rulesBytesMax });
    }
    return readFileSync(path);
  } catch (error) {
    if (EngineError.is(error)) throw error;
    const { code = "unknown" } = error as NodeJS.ErrnoException; // errors of node:fs have a code
    throw modelAdapterError("WE_RULES_READ", { path, cause: code });
  }
}

function compiled(entries: readonly RuleEntry[], note: NoteProblem): Rules {
  return entries.flatMap((entry, index): Rule[] => {
    const outcome = outcomeOf(entry, [index], note);
    const when = testOf(entry.when ?? {}, [index, "when"], note);
    if (outcome === undefined || when === undefined) return [];
    checkPlaceholders(entry, { when, path: [index], note });
    return [{ when, outcome }];
  });
}

function outcomeOf(entry: RuleEntry, path: Path, note: NoteProblem): RuleOutcome | undefined {
  const named = outcomes.filter((name) => entry[name] !== undefined);
  const [first] = named;
  if (first === undefined || named.length > 1) {
    const expected = "a rule with one of answer, json, toolCalls, error";
    const came = first === undefined ? "none of them" : named.join(" and ");
    note(path, { expected, came, advice: "a rule says in one way what it answers" });
    return undefined;
  }
  const { answer, json, toolCalls, error } = entry;
  if (answer !== undefined) return { kind: "text", text: answer };
  if (json !== undefined) return { kind: "json", value: json };
  if (toolCalls !== undefined) {
    const calls = toolCalls.map(({ name, arguments: given = {} }) => ({ name, arguments: given }));
    return { kind: "toolCalls", calls };
  }
  const { code = "FAILED", message = "the rule answers with an error", retryable = false } = error ?? {};
  return { kind: "error", code, message, retryable };
}

function testOf(when: RuleTest, path: Path, note: NoteProblem): RuleTest | undefined {
  const { last, contains, system, input, ...rest } = when;
  const tests = { last, contains, system };
  const given: { last?: TextTest; contains?: TextTest; system?: TextTest } = {};
  for (const name of ["last", "contains", "system"] as const) {
    const test = textTestOf(tests[name], [...path, name], note);
    if (test !== undefined) given[name] = test;
  }
  checkPatterns(input ?? {}, [...path, "input"], note);
  return { ...rest, ...given, ...(input === undefined ? {} : { input }) };
}

function textTestOf(test: TextTest | undefined, path: Path, note: NoteProblem): TextTest | undefined {
  if (typeof test !== "string") return test;
  try {
    return patternOf(test) ?? test;
  } catch {
    const expected = "a text, or a pattern like /capital of (.+)/i";
    note(path, { expected, came: shown(test), advice: "the pattern is no regular expression of JavaScript" });
    return undefined;
  }
}

function checkPatterns(value: Json, path: Path, note: NoteProblem): void {
  if (typeof value === "string") textTestOf(value, path, note);
  else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [name, member] of Object.entries(value)) checkPatterns(member, [...path, name], note);
  }
}

/** A placeholder that nothing fills is a misspelling: it would be answered as it is written. */
function checkPlaceholders(
  entry: RuleEntry,
  { when, path, note }: { readonly when: RuleTest; readonly path: Path; readonly note: NoteProblem },
): void {
  const known = new Set([...commonFills, ...groupsOf(when)]);
  for (const name of outcomes) {
    const value = entry[name];
    if (value === undefined) continue;
    const stranger = placeholdersOf(value).find((used) => !known.has(used));
    if (stranger === undefined) continue;
    const advice = `known are ${[...known].join(", ")}; write {{${stranger}}} for the text itself`;
    note([...path, name], { expected: "with placeholders that are known", came: `{${stranger}}`, advice });
  }
}

/** Names of what the patterns of a test catch. */
function groupsOf({ last, contains, system, input }: RuleTest): readonly string[] {
  const patterns = [last, contains, system, ...patternsIn(input ?? {})].filter(
    (test) => test instanceof RegExp,
  );
  const names = patterns.flatMap((pattern) => {
    const empty = new RegExp(`${pattern.source}|`, pattern.flags).exec("");
    return [Object.keys(empty?.groups ?? {}), Array.from(empty ?? [], (_group, index) => String(index))];
  });
  // Numbers belong to the first pattern that is there.
  return names.filter((_list, index) => index < 2 || index % 2 === 0).flat();
}

function patternsIn(value: Json): readonly RegExp[] {
  if (typeof value === "string") return [patternIfAny(value)].filter((pattern) => pattern !== undefined);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.values(value).flatMap(patternsIn);
}

function patternIfAny(text: string): RegExp | undefined {
  try {
    return patternOf(text);
  } catch {
    // Reported by checkPatterns.
    return undefined;
  }
}
