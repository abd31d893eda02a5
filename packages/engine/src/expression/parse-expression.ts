/** Reads expressions: tokens, precedence, names. Everything that is wrong with a text is found here. */

import { adviceFor } from "../config/suggestion.js";
import { expressionError } from "./errors.js";
import { functionNames } from "./expression.js";
import type { Expression, ExpressionPart, FunctionName, Operator } from "./expression.js";
import { checkNames } from "./expression-names.js";
import type { KnownNames } from "./expression-names.js";
import { expressionCharactersMax, expressionNestingMax } from "./limits.js";

interface Token {
  readonly kind: "number" | "text" | "word" | "sign" | "end";
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const tokenPattern = new RegExp(
  [
    String.raw`\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)`,
    String.raw`("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`,
    String.raw`([A-Za-z_][A-Za-z0-9_]*)`,
    String.raw`(==|!=|<=|>=|&&|\|\||[-+*/%<>!().,[\]]))`,
  ].join("|"),
  "y",
);

/** From loose to tight. */
const levels: readonly (readonly Operator[])[] = [
  ["or"],
  ["and"],
  ["==", "!=", "<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "/", "%"],
];
const synonyms: ReadonlyMap<string, string> = new Map([
  ["&&", "and"],
  ["||", "or"],
  ["!", "not"],
]);
const constants = new Map<string, boolean | null>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** @throws {WE_EXPRESSION_SYNTAX} {WE_EXPRESSION_NAME} {WE_EXPRESSION_SIZE} */
export function parseExpression(text: string, known: KnownNames): Expression {
  if (text.length > expressionCharactersMax) {
    const expression = `${text.slice(0, 40)}…`;
    const size = { what: "its characters are", came: text.length, most: expressionCharactersMax };
    throw expressionError("WE_EXPRESSION_SIZE", { expression, ...size });
  }
  const root = new Parser(text, tokensOf(text)).whole();
  const isOfAgent = checkNames(text, root, known);
  return { text, root, isOfAgent };
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const end = text.trimEnd().length;
  while (at < end) {
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(text);
    if (match === null)
      throw syntax(text, at, "a value, a name or an operator", text.slice(at).trim().slice(0, 1));
    const [whole, number, quoted, word, sign = ""] = match;
    const to = at + whole.length;
    const token = number ?? quoted ?? word ?? sign;
    const kind =
      number !== undefined ? "number" : quoted !== undefined ? "text" : word !== undefined ? "word" : "sign";
    tokens.push({ kind, text: synonyms.get(token) ?? token, from: to - token.length, to });
    at = to;
  }
  return [...tokens, { kind: "end", text: "", from: end, to: end }];
}

function syntax(expression: string, at: number, expected: string, came: string): Error {
  const shown = came === "" ? "the end" : JSON.stringify(came);
  return expressionError("WE_EXPRESSION_SYNTAX", { expression, at: at + 1, expected, came: shown });
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #nesting = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  whole(): ExpressionPart {
    const root = this.#level(0);
    if (this.#token.kind !== "end") throw this.#refusal("an operator or the end");
    return root;
  }

  get #token(): Token {
    return (
      this.#tokens[this.#next] ?? { kind: "end", text: "", from: this.#text.length, to: this.#text.length }
    );
  }

  /** Takes the next token where it is one of these. */
  #takes(...texts: readonly string[]): Token | undefined {
    const token = this.#token;
    if (token.kind === "text" || !texts.includes(token.text) || token.kind === "end") return undefined;
    this.#next += 1;
    return token;
  }

  #expect(text: string): Token {
    const token = this.#takes(text);
    if (token === undefined) throw this.#refusal(JSON.stringify(text));
    return token;
  }

  #refusal(expected: string): Error {
    return syntax(this.#text, this.#token.from, expected, this.#token.text);
  }

  #nested<Result>(read: () => Result): Result {
    this.#nesting += 1;
    if (this.#nesting > expressionNestingMax) {
      const size = { what: "its parts are nested deeper than", came: "allowed", most: expressionNestingMax };
      throw expressionError("WE_EXPRESSION_SIZE", { expression: `${this.#text.slice(0, 40)}…`, ...size });
    }
    const result = read();
    this.#nesting -= 1;
    return result;
  }

  #level(index: number): ExpressionPart {
    const signs = levels[index];
    if (signs === undefined) return this.#prefixed();
    let left = this.#level(index + 1);
    for (let operator = this.#operatorOf(signs); operator !== undefined; operator = this.#operatorOf(signs)) {
      const right = this.#level(index + 1);
      left = { kind: "operator", operator, left, right, from: left.from, to: right.to };
      // 0 < a < 9 reads like mathematics and would mean something else.
      if (index === 2 && signs.some((sign) => this.#token.text === sign))
        throw this.#refusal("and or or between two comparisons");
    }
    return left;
  }

  #operatorOf(signs: readonly Operator[]): Operator | undefined {
    const token = this.#token;
    const operator = token.kind === "text" ? undefined : signs.find((sign) => sign === token.text);
    if (operator !== undefined) this.#next += 1;
    return operator;
  }

  #prefixed(): ExpressionPart {
    const { from } = this.#token;
    const sign = this.#takes("not", "-");
    if (sign === undefined) return this.#path();
    return this.#nested(() => {
      // `not a == b` is not (a == b), as it is said.
      const of = sign.text === "not" ? this.#level(2) : this.#prefixed();
      return { kind: sign.text === "not" ? "not" : "negative", of, from, to: of.to };
    });
  }

  #path(): ExpressionPart {
    let part = this.#primary();
    for (;;) {
      const { from } = part;
      if (this.#takes(".") !== undefined) {
        const { kind, text, to } = this.#token;
        if (kind !== "word") throw this.#refusal("the name of a member");
        this.#next += 1;
        part = { kind: "member", of: part, name: text, from, to };
      } else if (this.#takes("[") !== undefined) {
        const index = this.#nested(() => this.#level(0));
        part = { kind: "item", of: part, index, from, to: this.#expect("]").to };
      } else {
        return part;
      }
    }
  }

  #primary(): ExpressionPart {
    const token = this.#token;
    const { kind, text, from, to } = token;
    if (this.#takes("(") !== undefined) {
      const inner = this.#nested(() => this.#level(0));
      return { ...inner, from, to: this.#expect(")").to };
    }
    const isReserved = ["and", "or", "not"].includes(text);
    if (kind === "end" || kind === "sign" || isReserved) throw this.#refusal("a value or a name");
    this.#next += 1;
    if (kind === "number") return { kind: "value", value: Number(text), from, to };
    if (kind === "text") return { kind: "value", value: unquoted(text), from, to };
    const constant = constants.get(text);
    if (constant !== undefined) return { kind: "value", value: constant, from, to };
    return this.#takes("(") === undefined ? { kind: "name", name: text, from, to } : this.#call(token);
  }

  #call({ text, from }: Token): ExpressionPart {
    const name = functionNames.find((one) => one === text);
    if (name === undefined) {
      const advice = adviceFor(text, functionNames, "functions");
      throw expressionError("WE_EXPRESSION_NAME", {
        expression: this.#text,
        name: text,
        kind: "function",
        advice,
      });
    }
    const parameters: ExpressionPart[] = [];
    if (this.#token.text !== ")" || this.#token.kind === "text") {
      do parameters.push(this.#nested(() => this.#level(0)));
      while (this.#takes(",") !== undefined);
    }
    const counts = parameterCounts[name];
    if (!counts.includes(parameters.length)) {
      const expected = `${counts.join(" or ")} parameters of ${name}`;
      throw syntax(this.#text, from, expected, String(parameters.length));
    }
    return { kind: "call", name, parameters, from, to: this.#expect(")").to };
  }
}

const parameterCounts: Readonly<Record<FunctionName, readonly number[]>> = {
  sum: [1, 2],
  count: [1, 2],
  min: [1, 2],
  max: [1, 2],
  all: [2],
  any: [2],
  abs: [1],
  agents: [0, 1],
  agent: [1],
  holds: [1],
};

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}
