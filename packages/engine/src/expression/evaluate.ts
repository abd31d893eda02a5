/**
 * Evaluates expressions. Every one has a value or none (null), never an error: an agent that describes nothing yet, a
 * member that is missing, a division by zero, a comparison of a text with a number have no value, and what is made of
 * no value has none. Lists skip entries without a value.
 */

import { unreachable } from "@wasm-engine/abi";
import { equalJson } from "@wasm-engine/core";
import type { Json } from "@wasm-engine/core";
import { expressionError } from "./errors.js";
import { agentNames } from "./expression.js";
import type { AgentName, Expression, ExpressionPart, Operator } from "./expression.js";
import { expressionStepsMax } from "./limits.js";

/** One agent as expressions see it. Values are asked for when they are used: describing an agent costs a call of it. */
export type SubjectAgent = { readonly [Name in AgentName]: () => unknown } & {
  /** Whether a function that its module exports says so; null where there is none. Absent: code cannot be called. */
  readonly holds?: (name: string) => boolean | null;
};

/** What an expression is evaluated on. */
export interface Subject {
  readonly tick: number;
  /** In the order of their ids. */
  readonly agents: readonly SubjectAgent[];
  /** The agent that the expression speaks of, where it speaks of one. */
  readonly agent?: SubjectAgent;
  /** Figures of a finished run, below the name `run`. */
  readonly run?: Readonly<Record<string, unknown>>;
}

/** Told the values of paths and functions outside of lists, and which entry of `all` was the first to fail. */
export interface ExpressionWitness {
  value(text: string, value: unknown): void;
  failed(agent: string): void;
}

/** A number, text, truth value, list or map; null for no value. */
export function evaluate(expression: Expression, subject: Subject, witness?: ExpressionWitness): unknown {
  return new Evaluation(expression, subject, witness).value();
}

/** A text matches itself, or what it begins with where it ends in a star. */
export function matchesPattern(pattern: string, text: string): boolean {
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : pattern === text;
}

/** Members of an entry of a list, while it is looked at. */
type Scope = readonly unknown[];

class Evaluation {
  readonly #expression: Expression;
  readonly #subject: Subject;
  readonly #witness: ExpressionWitness | undefined;
  readonly #agents: ReadonlySet<unknown>;
  #steps = 0;

  constructor(expression: Expression, subject: Subject, witness: ExpressionWitness | undefined) {
    this.#expression = expression;
    this.#subject = subject;
    this.#witness = witness;
    this.#agents = new Set<unknown>(subject.agents);
  }

  value(): unknown {
    return this.#value(this.#expression.root, []);
  }

  #value(part: ExpressionPart, scope: Scope): unknown {
    this.#steps += 1;
    if (this.#steps > expressionStepsMax) {
      const size = { what: "the parts that it visits are", came: "more", most: expressionStepsMax };
      throw expressionError("WE_EXPRESSION_SIZE", { expression: this.#expression.text, ...size });
    }
    switch (part.kind) {
      case "value":
        return part.value;
      case "name":
      case "member":
      case "item":
      case "call":
        return this.#told(part, scope, this.#reached(part, scope));
      case "not": {
        const of = this.#value(part.of, scope);
        return typeof of === "boolean" ? !of : null;
      }
      case "negative": {
        const of = this.#value(part.of, scope);
        return typeof of === "number" ? -of : null;
      }
      case "operator":
        return this.#operated(part.operator, part, scope);
      default:
        return unreachable(part);
    }
  }

  #told(part: ExpressionPart, scope: Scope, value: unknown): unknown {
    if (this.#witness === undefined || scope.length > 0) return value;
    const text = this.#expression.text.slice(part.from, part.to);
    const isPlain = value === null || typeof value !== "object";
    if (isPlain) this.#witness.value(text, value);
    return value;
  }

  #reached(part: ExpressionPart, scope: Scope): unknown {
    if (part.kind === "name") return this.#named(part.name, scope);
    if (part.kind === "member") return this.#member(this.#silently(part.of, scope), part.name);
    if (part.kind === "call") return this.#called(part, scope);
    if (part.kind !== "item") return null;
    const index = this.#silently(part.index, scope);
    const of = this.#silently(part.of, scope);
    if (typeof index === "string") return this.#member(of, index);
    return Array.isArray(of) && typeof index === "number" ? ((of[index] as unknown) ?? null) : null; // described
  }

  /** The start of a path is no value of its own for those who are told. */
  #silently(part: ExpressionPart, scope: Scope): unknown {
    const isPath = part.kind === "name" || part.kind === "member" || part.kind === "item";
    return isPath ? this.#reached(part, scope) : this.#value(part, scope);
  }

  /** The innermost entry that has the name, then the agent, then the world. */
  #named(name: string, scope: Scope): unknown {
    for (const entry of scope.toReversed()) {
      if (name === "it") return entry;
      if (this.#has(entry, name)) return this.#member(entry, name);
    }
    const { agent, agents, tick, run } = this.#subject;
    if (agent !== undefined && isAgentName(name)) return agent[name]();
    if (name === "tick") return tick;
    if (name === "agents") return agents;
    return name === "run" ? (run ?? null) : null;
  }

  #has(entry: unknown, name: string): boolean {
    if (this.#agents.has(entry)) return isAgentName(name);
    return typeof entry === "object" && entry !== null && Object.hasOwn(entry, name);
  }

  #member(of: unknown, name: string): unknown {
    if (this.#agents.has(of)) return isAgentName(name) ? ((of as SubjectAgent)[name]() ?? null) : null; // one of them
    if (typeof of !== "object" || of === null || !Object.hasOwn(of, name)) return null;
    return (of as Readonly<Record<string, unknown>>)[name] ?? null; // looked at where it is used
  }

  #operated(operator: Operator, part: ExpressionPart & { kind: "operator" }, scope: Scope): unknown {
    const left = this.#value(part.left, scope);
    if (operator === "and" && left === false) return false;
    if (operator === "or" && left === true) return true;
    const right = this.#value(part.right, scope);
    if (operator === "and" || operator === "or") return combined(operator, left, right);
    if (operator === "==" || operator === "!=") return isSame(left, right) === (operator === "==");
    const areNumbers = typeof left === "number" && typeof right === "number";
    if (areNumbers) return calculated(operator, left, right);
    return typeof left === "string" && typeof right === "string" ? calculated(operator, left, right) : null;
  }

  #called({ name, parameters }: ExpressionPart & { kind: "call" }, scope: Scope): unknown {
    const [first, body] = parameters;
    if (name === "agents" && first === undefined) return this.#subject.agents;
    if (first === undefined) return null;
    const value = this.#silently(first, scope);
    if (name === "holds") return this.#held(value, scope);
    if (name === "abs") return typeof value === "number" ? Math.abs(value) : null;
    if (name === "agent" || name === "agents") {
      if (typeof value !== "string") return null;
      const found = this.#subject.agents.filter((agent) => matchesPattern(value, String(agent.id())));
      return name === "agents" ? found : (found[0] ?? null);
    }
    if (!Array.isArray(value)) return null;
    const entries: readonly unknown[] = value;
    if (name === "count" && body === undefined) return entries.length;
    const values = entries.map((entry) =>
      body === undefined ? entry : this.#value(body, [...scope, entry]),
    );
    if (name === "all") this.#tellFailed(entries, values);
    return folded(name, values);
  }

  /** Asks the innermost agent. */
  #held(name: unknown, scope: Scope): boolean | null {
    const entry = scope.findLast((one) => this.#agents.has(one)) as SubjectAgent | undefined; // one of them
    const agent = entry ?? this.#subject.agent;
    return typeof name === "string" ? (agent?.holds?.(name) ?? null) : null;
  }

  #tellFailed(entries: readonly unknown[], values: readonly unknown[]): void {
    const entry = entries[values.indexOf(false)];
    if (this.#agents.has(entry)) this.#witness?.failed(String(this.#member(entry, "id")));
  }
}

function isAgentName(name: string): name is AgentName {
  return agentNames.some((one) => one === name);
}

/** As people reason with what is not known: false and unknown is false, true or unknown is true. */
function combined(operator: "and" | "or", left: unknown, right: unknown): boolean | null {
  const decisive = operator === "or";
  if (left === decisive || right === decisive) return decisive;
  return typeof left === "boolean" && typeof right === "boolean" ? !decisive : null;
}

/** Maps and lists are the same where they say the same. */
function isSame(left: unknown, right: unknown): boolean {
  return equalJson(left as Json, right as Json); // values of expressions are JSON or absent
}

/** Texts are compared, not calculated with. */
function calculated(operator: Operator, left: number | string, right: number | string): unknown {
  if (operator === "<") return left < right;
  if (operator === "<=") return left <= right;
  if (operator === ">") return left > right;
  if (operator === ">=") return left >= right;
  if (typeof left === "string" || typeof right === "string") return null;
  const result = arithmetic(operator, left, right);
  return Number.isFinite(result) ? result : null;
}

function arithmetic(operator: Operator, left: number, right: number): number {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  return operator === "/" ? left / right : left % right;
}

function folded(name: string, values: readonly unknown[]): unknown {
  if (name === "count") return values.filter((value) => value === true).length;
  if (name === "all")
    return values.includes(false) ? false : values.every((value) => value === true) ? true : null;
  if (name === "any")
    return values.includes(true) ? true : values.every((value) => value === false) ? false : null;
  const numbers = values.filter((value) => typeof value === "number");
  if (name === "sum") return numbers.reduce((sum, value) => sum + value, 0);
  if (numbers.length === 0) return null;
  const choose = name === "min" ? Math.min : Math.max;
  return numbers.reduce((best, value) => choose(best, value));
}
