/** A language model by rules, for tests: the rules of `scripted` in engine.yaml, or texts one after the other. */

import { scriptedAnswer } from "../adapters/models/rules.js";
import { rulesOf } from "../adapters/models/rules-file.js";
import type { RuleEntry } from "../adapters/models/rules-file.js";
import { SettledAnswer } from "./answers.js";
import type { ModelFunction } from "./answers.js";

/** A rule as files of rules have it (docs/models.md); patterns may be regular expressions. */
export type ScriptedRule = RuleEntry;

/**
 * Answers by rules: the first that fits answers. Texts among them are the answers to the first requests of each agent,
 * one after the other; rules answer what is asked beyond them.
 * @throws {WE_RULES_INVALID}
 *
 * @example models: { writer: scripted([{ when: { last: /plan (\w+)/ }, answer: "about {1}" }, { answer: "ok" }]) }
 */
export function scripted(script: readonly (ScriptedRule | string)[]): ModelFunction {
  const texts = script.filter((part) => typeof part === "string");
  const rules = rulesOf(script.filter((part) => typeof part !== "string"));
  return (request) => {
    const text = texts[request.nth];
    return text ?? new SettledAnswer(scriptedAnswer(rules, request.raw).answer);
  };
}
