/**
 * The member `response_format` of requests, as servers with the interface of OpenAI take it, and the automata of a
 * model's formats. `"json"` is short for `{ type: "json_object" }`.
 */

import { inferenceError } from "../../errors.js";
import { formatsKeptMax, formatTextMax } from "../../limits.js";
import type { Tokenizer } from "../tokenizer.js";
import { AnswerAutomaton } from "./answer-automaton.js";
import { OutputConstraint } from "./output-constraint.js";
import { TokenOrder } from "./token-order.js";

export type ResponseFormat =
  | "text"
  | "json"
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly json_schema: {
        /** JSON Schema, of which what is not kept to is refused; docs/models.md lists the keywords. */
        readonly schema: unknown;
        readonly name?: string;
        readonly strict?: boolean | null;
        readonly description?: string;
      };
    };

/** The schema that answers must fit; undefined where they are free. @throws {WE_TEXT_FORMAT} */
export function formatSchema(format: unknown): { readonly schema: unknown } | undefined {
  if (format === undefined || format === null || format === "text") return undefined;
  if (format === "json") return anyObject;
  const { type, json_schema: named } = isRecord(format) ? format : {};
  if (type === "text") return undefined;
  if (type === "json_object") return anyObject;
  if (type !== "json_schema")
    throw inferenceError("WE_TEXT_FORMAT", { reason: `its type is ${JSON.stringify(type) ?? "not given"}` });
  if (!isRecord(named) || named["schema"] === undefined)
    throw inferenceError("WE_TEXT_FORMAT", { reason: "it has no json_schema.schema" });
  return { schema: named["schema"] };
}

const anyObject = { schema: { type: "object" } };

/** Automata of one model, the formats asked last at hand. */
export class AnswerFormats {
  readonly #tokenizer: Tokenizer;
  readonly #automata = new Map<string, AnswerAutomaton>();
  #order: TokenOrder | undefined;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** @throws {WE_TEXT_FORMAT} or {WE_TEXT_FORMAT_LIMIT} where `maxTokens` are too few for any answer. */
  constraint(
    schema: unknown,
    limits: { readonly maxTokens: number; readonly endTokens: ReadonlySet<number> },
  ): OutputConstraint {
    const automaton = this.#automaton(schema);
    const { maxTokens, endTokens } = limits;
    const { tokens } = automaton.start;
    if (tokens > maxTokens) throw inferenceError("WE_TEXT_FORMAT_LIMIT", { tokens, maxTokens });
    return new OutputConstraint(automaton, { bytesOf: (id) => this.#tokenizer.bytesOf(id), endTokens });
  }

  #automaton(schema: unknown): AnswerAutomaton {
    const text = JSON.stringify(schema);
    if (text.length > formatTextMax)
      throw inferenceError("WE_TEXT_FORMAT", {
        reason: `its schema has more than ${formatTextMax} characters`,
      });
    const known = this.#automata.get(text);
    this.#automata.delete(text);
    this.#order ??= new TokenOrder(this.#tokenizer);
    const automaton = known === undefined || known.full ? new AnswerAutomaton(schema, this.#order) : known;
    this.#automata.set(text, automaton);
    for (const oldest of this.#automata.keys())
      if (this.#automata.size > formatsKeptMax) this.#automata.delete(oldest);
    return automaton;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
