/** Which names an expression may use: a name that nobody has would never have a value, and never be noticed. */

import { unreachable } from "@wasm-engine/abi";
import { adviceFor } from "../config/suggestion.js";
import { expressionError } from "./errors.js";
import { agentNames } from "./expression.js";
import type { ExpressionPart } from "./expression.js";

/** Names besides those of agents that can stand at the start of a path. */
export interface KnownNames {
  readonly world: readonly string[];
  /** An expression about one agent may use names of agents outside of lists. */
  readonly ofAgent: boolean;
}

/** Whether a name of agents is used outside of a list. @throws {WE_EXPRESSION_NAME} */
export function checkNames(text: string, root: ExpressionPart, known: KnownNames): boolean {
  let isOfAgent = false;
  const agent: readonly string[] = agentNames;
  /** `any`: entries of a list that an agent describes have whatever names it gave them. */
  type Scope = "top" | "agents" | "any";
  const visit = (part: ExpressionPart, scope: Scope): void => {
    switch (part.kind) {
      case "value":
        return;
      case "name": {
        if (scope === "any" || known.world.includes(part.name)) return;
        if (part.name === "it" && scope === "agents") return;
        const isAgentName = agent.includes(part.name);
        if (isAgentName && (scope === "agents" || known.ofAgent)) {
          if (scope === "top") isOfAgent = true;
          return;
        }
        throw unknownName(text, part.name, isAgentName, known);
      }
      case "member":
      case "not":
      case "negative":
        return visit(part.of, scope);
      case "item":
        visit(part.of, scope);
        return visit(part.index, scope);
      case "operator":
        visit(part.left, scope);
        return visit(part.right, scope);
      case "call": {
        const [list, body] = part.parameters;
        if (part.name === "holds" && scope === "top") {
          if (!known.ofAgent) throw unknownName(text, part.name, true, known);
          isOfAgent = true;
        }
        if (list !== undefined) visit(list, scope);
        if (list !== undefined && body !== undefined) visit(body, isAgents(list) ? "agents" : "any");
        return;
      }
      default:
        return unreachable(part);
    }
  };
  visit(root, "top");
  return isOfAgent;
}

function isAgents(list: ExpressionPart): boolean {
  return (list.kind === "name" && list.name === "agents") || (list.kind === "call" && list.name === "agents");
}

function unknownName(
  expression: string,
  name: string,
  isAgentName: boolean,
  { world, ofAgent }: KnownNames,
): Error {
  const known = ofAgent ? [...agentNames, ...world] : world;
  const advice = isAgentName
    ? `say of which agents: count(agents, …), agent("ID").${name}`
    : adviceFor(name, known, "names");
  return expressionError("WE_EXPRESSION_NAME", { expression, name, kind: "name", advice });
}
