/** A language model by rules, for tests: the first rule that fits answers. Pure functions of the request. */

import { fail } from "./answers.js";
import type { AskedRequest, ModelFunction } from "./answers.js";

/** When a rule fits; every member that is given must. Texts are looked for as parts, regardless of case. */
export interface ScriptedWhen {
  /** The last message of the prompt. */
  readonly last?: string | RegExp;
  /** The system message. */
  readonly system?: string | RegExp;
  /** Any message. */
  readonly contains?: string | RegExp;
  /** Id of the agent that asks. */
  readonly agent?: string;
  /** Answers that are in the prompt already: messages of role `assistant`, from 0. */
  readonly nth?: number;
}

export interface ScriptedRule {
  /** Absent: always. */
  readonly when?: ScriptedWhen;
  /** Text of the answer; `{1}` … are the groups of the first pattern that fitted, `{last}` is the last message. */
  readonly answer?: string;
  /** The whole answer instead. */
  readonly json?: unknown;
  readonly error?: { readonly code: string; readonly message?: string };
}

/**
 * Answers by rules. A list of texts answers them one after the other, by the number of requests of each agent.
 *
 * @example models: { writer: scripted([{ when: { last: /plan/ }, answer: "a plan" }, { answer: "ok" }]) }
 */
export function scripted(rules: readonly (ScriptedRule | string)[]): ModelFunction {
  return (request) => {
    let texts = 0;
    for (const rule of rules) {
      if (typeof rule === "string") {
        if (texts++ === request.nth) return { text: rule };
        continue;
      }
      const groups = groupsOf(rule.when ?? {}, request);
      if (groups !== undefined) return ruleAnswer(rule, groups, request);
    }
    return fail("FAILED", "no rule of the script fits the request");
  };
}

function ruleAnswer(rule: ScriptedRule, groups: readonly string[], request: AskedRequest): unknown {
  if (rule.error !== undefined) return fail(rule.error.code, rule.error.message);
  if (rule.json !== undefined) return rule.json;
  const text = (rule.answer ?? "").replaceAll(/\{(\d|last)\}/g, (whole, name: string) =>
    name === "last" ? lastOf(request) : (groups[Number(name)] ?? whole),
  );
  return { text };
}

function lastOf({ messages }: AskedRequest): string {
  return messages.at(-1)?.content ?? "";
}

/** Groups of the first pattern; empty where everything fits without one; undefined where something does not fit. */
function groupsOf(when: ScriptedWhen, request: AskedRequest): readonly string[] | undefined {
  const { messages, agent } = request;
  if (when.agent !== undefined && when.agent !== agent) return undefined;
  const answered = messages.filter(({ role }) => role === "assistant").length;
  if (when.nth !== undefined && when.nth !== answered) return undefined;
  const texts = messages.map(({ content }) => content);
  const places: readonly (readonly [string | RegExp | undefined, readonly string[]])[] = [
    [when.last, [lastOf(request)]],
    [when.system, messages.filter(({ role }) => role === "system").map(({ content }) => content)],
    [when.contains, texts],
  ];
  let groups: readonly string[] = [];
  for (const [pattern, candidates] of places) {
    if (pattern === undefined) continue;
    const found = firstMatch(pattern, candidates);
    if (found === undefined) return undefined;
    if (groups.length === 0) groups = found;
  }
  return groups;
}

function firstMatch(pattern: string | RegExp, texts: readonly string[]): readonly string[] | undefined {
  for (const text of texts) {
    if (typeof pattern === "string") {
      if (text.toLowerCase().includes(pattern.toLowerCase())) return [pattern];
      continue;
    }
    // A pattern with flag g keeps a position: matching must not depend on former requests.
    const match = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).exec(text);
    if (match !== null) return [...match].map((group: string | undefined) => group ?? "");
  }
  return undefined;
}
