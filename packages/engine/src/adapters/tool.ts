/**
 * What tools are written with, published as `wasm-engine/tool`. Imports nothing: a tool runs beside the world, and
 * loads as fast as Node.js loads it.
 */

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A JSON Schema, draft 7 or 2020-12. */
export type ToolSchema = boolean | { readonly [keyword: string]: unknown };

/** What a call is made with besides its input. */
export interface ToolContext {
  /** Aborted where the world does not wait any more: cancelled, timed out, ended; or after `timeoutMs` of the tool. */
  readonly signal: AbortSignal;
  /** Value of a secret that the configuration grants. Wherever it turns up in an answer it is replaced by its name. */
  readonly secret: (name: string) => string;
  /** The same wherever this very call is repeated: an idempotency key for what the tool calls. */
  readonly requestId: string;
  /** Who calls. */
  readonly agentId: string;
}

/** A tool. Input has been checked by `input` before `run` sees it. */
export interface ToolDefinition<Input = unknown> {
  /** For people, and for models that choose tools. */
  readonly description?: string;
  /** What `run` takes; absent: any JSON. A call with anything else is answered `BAD_INPUT`. */
  readonly input?: ToolSchema;
  /** What `run` gives; a result of another shape is answered `FAILED`. */
  readonly output?: ToolSchema;
  /** A call may be repeated after a crash without harm. Default false: its outcome is then OUTCOME_UNKNOWN. */
  readonly idempotent?: boolean;
  /** Names of the secrets that it asks for: a world that does not grant them does not open. */
  readonly secrets?: readonly string[];
  /** Gives JSON; undefined becomes null. What it throws is answered FAILED, a {@link ToolError} with its own code. */
  run(input: Input, context: ToolContext): unknown;
}

/**
 * Declares a tool. Checks nothing but types; the engine checks when the world opens.
 *
 * @example
 * export default defineTool({
 *   description: "Current temperature of a city",
 *   input: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
 *   async run({ city }: { city: string }, { signal }) {
 *     const response = await fetch(`http://127.0.0.1:8080/weather/${city}`, { signal });
 *     return await response.json();
 *   },
 * });
 */
export function defineTool<Input = unknown>(definition: ToolDefinition<Input>): ToolDefinition<Input> {
  return definition;
}

/** A failure that agents can tell from others: `error.code` of the rejected call. */
export class ToolError extends Error {
  override readonly name = "ToolError";
  /** Capital letters, digits, underscores: `NOT_FOUND`. */
  readonly code: string;
  /** Asking again may succeed. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { readonly retryable?: boolean } = {}) {
    super(message);
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
