/**
 * Expressions about a world as plain data: what they are made of, and which names they may use. They are read by
 * parse-expression.ts and evaluated by evaluate.ts. They cannot assign, loop or call code.
 */

/** A part of an expression; `from` and `to` are its characters in the text. */
export type ExpressionPart = { readonly from: number; readonly to: number } & (
  | { readonly kind: "value"; readonly value: number | string | boolean | null }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "member"; readonly of: ExpressionPart; readonly name: string }
  | { readonly kind: "item"; readonly of: ExpressionPart; readonly index: ExpressionPart }
  | { readonly kind: "not" | "negative"; readonly of: ExpressionPart }
  | {
      readonly kind: "operator";
      readonly operator: Operator;
      readonly left: ExpressionPart;
      readonly right: ExpressionPart;
    }
  | {
      readonly kind: "call";
      readonly name: FunctionName;
      readonly parameters: readonly ExpressionPart[];
    }
);

export const operators = ["or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"] as const;
export type Operator = (typeof operators)[number];

/**
 * sum, min, max (list, value), all, any (list, condition), count(list, condition?), abs(number), agents(PATTERN?),
 * agent(ID), holds(NAME): what a function says that the module of an agent exports. Within the second
 * parameter the members of an entry are names; `it` is the entry itself.
 */
export const functionNames = [
  "sum",
  "count",
  "min",
  "max",
  "all",
  "any",
  "abs",
  "agents",
  "agent",
  "holds",
] as const;
export type FunctionName = (typeof functionNames)[number];

/** What every agent has. */
export const agentNames = [
  "id",
  "status",
  "module",
  "tenant",
  "fuel",
  "faults",
  "mailbox",
  "pending",
  "messages",
  "requests",
  "spawns",
  "state",
] as const;
export type AgentName = (typeof agentNames)[number];

/** What the world has. `run`: figures of a finished run, where there is one. */
export const worldNames = ["tick", "agents"] as const;

/** A readable expression. */
export interface Expression {
  readonly text: string;
  readonly root: ExpressionPart;
  /** It speaks of one agent: it uses a name of agents outside of a list. */
  readonly isOfAgent: boolean;
}
